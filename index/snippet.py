"""The passage of a text that a query found, with the words that made it match.

Made when a page is shown, from the text the caller has, by the analyzer that made the index: no text stands in there.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from index.analyzer import chunk_pattern, is_cjk, read_chunk
from index.fuzzy import within_one
from index.query import Fuzzy, Prefix, Query, Sequence, Term
from index.tree import wanted

_TEXT_CHARS = 50_000  # a match beyond this shows the text's beginning
_HITS_MANY = 64
_REMEMBERED = 20_000
_QUERIES = 16
_WORD_BREAK_CHARS = 20
_FIELDS = ("all", "stem", "subject", "subject_stem", "order", "vocabulary")
_SPACE = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")

Piece = tuple[str, bool]
_Span = tuple[int, int]


def snippets(query: Query, text: str, *, width: int = 200) -> list[Piece]:
    """Return about ``width`` characters of a text as pieces, each with whether the query found it there.

    The passage is the one with the most different words found. White space and control characters become single
    spaces. Where nothing in the text itself matches (an address did, or a tag) it is the text's beginning.
    """
    text = text[:_TEXT_CHARS]
    hits = _merged(_finder(query).hits(text))
    start, stop = _window(hits, text, max(width, 1))
    pieces: list[Piece] = [("…", False)] if start else []
    at = start
    for first, last in hits:
        if at <= first and last <= stop:
            pieces += [(text[at:first], False), (text[first:last], True)]
            at = last
    pieces.append((text[at:stop], False))
    if stop < len(text):
        pieces.append(("…", False))
    return _tidy(pieces)


class _Row(NamedTuple):
    """A word that may be part of a phrase: which of its chunk's words it is, and where."""

    step: int
    word: str
    span: _Span


class _Seen(NamedTuple):
    """What one chunk means to a query; spans are relative to the chunk."""

    words: int
    hits: tuple[_Span, ...]
    rows: tuple[_Row, ...]


_PLAIN = _Seen(1, (), ())  # one word, and not looked for


class _Finder:
    """What a query looks for in a text. Remembers chunks, as most of them come again in the next text."""

    def __init__(self, query: Query) -> None:
        leaves = [leaf for leaf in wanted(query) if getattr(leaf, "field", "") in _FIELDS]
        terms = [leaf for leaf in leaves if isinstance(leaf, Term)]
        self._stems = {leaf.term for leaf in terms if leaf.field.endswith("stem")}
        self._words = {leaf.term for leaf in terms if not leaf.field.endswith("stem")}
        self._prefixes = tuple(leaf.prefix for leaf in leaves if isinstance(leaf, Prefix))
        self._fuzzy = [leaf.term for leaf in leaves if isinstance(leaf, Fuzzy)]
        self._phrases = [leaf.terms for leaf in leaves if isinstance(leaf, Sequence)]
        self._in_phrases = {term for terms in self._phrases for term in terms}
        wholes = [*self._stems, *self._words, *self._prefixes, *self._in_phrases]
        self._letters = {term[0] for term in wholes}  # a stem keeps the first letter of its words
        self._known: dict[str, _Seen] = {}

    def hits(self, text: str) -> Iterator[_Span]:
        """Yield where in a text stands what is looked for."""
        at = 0
        known = self._known
        if len(known) > _REMEMBERED:
            known.clear()
        rows: dict[int, tuple[str, _Span]] = {}
        for match in chunk_pattern(text).finditer(text):
            chunk = match[0]
            seen = known.get(chunk)
            if seen is None:
                seen = known[chunk] = self._look(chunk)
            if seen.hits or seen.rows:
                start = match.start()
                for first, last in seen.hits:
                    yield start + first, start + last
                for row in seen.rows:
                    rows[at + row.step] = (row.word, (start + row.span[0], start + row.span[1]))
            at += seen.words
        for terms in self._phrases:
            for place, (word, _) in rows.items():
                if word == terms[0]:
                    found = [rows.get(place + step, ("", (0, 0))) for step in range(len(terms))]
                    if tuple(one[0] for one in found) == terms:
                        yield from (one[1] for one in found)

    def _look(self, chunk: str) -> _Seen:
        if chunk.isascii() and chunk.isalnum():
            word = chunk.lower()
            if word[0] not in self._letters and not any(within_one(one, word) for one in self._fuzzy):
                return _PLAIN
        read = read_chunk(chunk)
        words, stems, wholes = read.words.split(), read.stems.split(), read.wholes.split()
        looked_for = any(map(self._wants, (*words, *wholes)))
        if not looked_for and self._stems.isdisjoint(stems) and self._in_phrases.isdisjoint(words):
            return _Seen(len(words), (), ())
        spans = _spans(chunk, words)
        hits = [
            span
            for index, (word, span) in enumerate(zip(words, spans, strict=True))
            if self._wants(word) or (index < len(stems) and stems[index] in self._stems)
        ]
        if any(map(self._wants, wholes)):
            hits.append((0, len(chunk)))
        rows = tuple(
            _Row(index, word, spans[index]) for index, word in enumerate(words) if word in self._in_phrases
        )
        return _Seen(len(words), tuple(hits), rows)

    def _wants(self, word: str) -> bool:
        return (
            word in self._words
            or (self._prefixes != () and word.startswith(self._prefixes))
            or any(within_one(one, word) for one in self._fuzzy)
        )


@lru_cache(maxsize=_QUERIES)
def _finder(query: Query) -> _Finder:
    return _Finder(query)


def _spans(chunk: str, words: list[str]) -> list[_Span]:
    """Return where the words of a chunk stand in it; the whole chunk for each where folding moved letters."""
    whole = [(0, len(chunk))] * len(words)
    if is_cjk(chunk):
        pairs = [(at, at + len(word)) for at, word in enumerate(words)]
        return pairs if len(words) == len(chunk) else whole
    parts = [match.span() for match in chunk_pattern(chunk).finditer(re.sub(r"[^\w]|_", " ", chunk))]
    return parts if len(parts) == len(words) else whole


def _merged(hits: Iterator[_Span]) -> list[_Span]:
    """Return spans in order, overlapping ones joined."""
    merged: list[_Span] = []
    for first, last in sorted(set(hits)):
        if merged and first < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return merged


def _window(hits: list[_Span], text: str, width: int) -> _Span:
    """Return the passage to show: the one with the most different hits, from a word's beginning to a word's end."""
    best, most = 0, 0
    few = hits[:_HITS_MANY]
    for index, (first, _) in enumerate(few):
        inside = {text[a:b].casefold() for a, b in few[index:] if b <= first + width}
        if len(inside) > most:
            best, most = first, len(inside)
    start = max(0, min(best - width // 4, len(text) - width))
    stop = min(len(text), start + width)
    if start:
        space = text.find(" ", start, min(start + _WORD_BREAK_CHARS, best))
        start = space + 1 if space >= 0 else start
    if stop < len(text):
        space = text.rfind(" ", stop - _WORD_BREAK_CHARS, stop)
        inside_hit = any(first <= space < last for first, last in few)
        stop = space if space > start and not inside_hit else stop
    return start, stop


def _tidy(pieces: list[Piece]) -> list[Piece]:
    tidy: list[Piece] = []
    for text, is_hit in pieces:
        clean = _SPACE.sub(" ", text)
        if clean and tidy and tidy[-1][1] == is_hit:
            tidy[-1] = (tidy[-1][0] + clean, is_hit)
        elif clean:
            tidy.append((clean, is_hit))
    return tidy

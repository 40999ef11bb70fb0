"""The passage of a text that a query found, with the words that made it match."""

from collections.abc import Iterator
from typing import NamedTuple

from index.analyzer import chunk_pattern, is_cjk, read_chunk
from index.fuzzy import within_one
from index.query import Fuzzy, Prefix, Query, Sequence, Term
from index.tree import wanted

_TEXT_CHARS = 50_000  # a match beyond this shows the text's beginning
_CHUNKS_MANY = 8_000
_HITS_MANY = 64
_SHOWN_FIELDS = ("all", "stem", "subject", "subject_stem")

Piece = tuple[str, bool]


class _Wanted(NamedTuple):
    """What to look for in each chunk."""

    words: frozenset[str]
    stems: frozenset[str]
    prefixes: tuple[str, ...]
    fuzzy: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class _Word(NamedTuple):
    word: str
    start: int
    stop: int


def snippets(query: Query, text: str, *, width: int = 200) -> list[Piece]:
    """Return about ``width`` characters of a text as pieces, each with whether the query found it there.

    The passage is the one with the most different words found. Its white space is made single; where nothing in the
    text itself matches (the subject did, or a tag) it is the text's beginning.
    """
    text = text[:_TEXT_CHARS]
    hits = sorted(set(_hits(_wanted(query), text)))[:_HITS_MANY]
    start, stop = _window(hits, text, width)
    pieces: list[Piece] = [("…", False)] if start else []
    at = start
    for first, last in hits:
        if at <= first and last <= stop:
            pieces += [(text[at:first], False), (text[first:last], True)]
            at = last
        elif first < at < last <= stop:  # pairs of letters overlap
            pieces.append((text[at:last], True))
            at = last
    pieces.append((text[at:stop], False))
    if stop < len(text):
        pieces.append(("…", False))
    return _tidy(pieces)


def _wanted(query: Query) -> _Wanted:
    words, stems, prefixes, fuzzy, rows = set[str](), set[str](), list[str](), list[str](), list[tuple[str, ...]]()
    for leaf in wanted(query):
        match leaf:
            case Term(field="stem" | "subject_stem", term=term):
                stems.add(term)
            case Term(field="all" | "subject", term=term):
                words.add(term)
            case Prefix(field="all" | "subject", prefix=prefix):
                prefixes.append(prefix)
            case Fuzzy(field="all" | "subject", term=term):
                fuzzy.append(term)
            case Sequence(field="all" | "subject", terms=terms):
                rows.append(terms)
            case Term(field="order", term=term):
                words.add(term)
            case _:
                pass
    return _Wanted(frozenset(words), frozenset(stems), tuple(prefixes), tuple(fuzzy), tuple(rows))


def _hits(wanted: _Wanted, text: str) -> Iterator[tuple[int, int]]:
    """Yield where in a text what is wanted stands."""
    first_words = {row[0] for row in wanted.rows}
    in_order: list[_Word] = []
    for count, match in enumerate(chunk_pattern(text).finditer(text)):
        if count >= _CHUNKS_MANY:
            break
        chunk = read_chunk(match[0])
        start, stop = match.span()
        words = chunk.words.split(" ")
        if chunk.wholes and any(_is_wanted(whole, wanted) for whole in chunk.wholes.split(" ")):
            yield start, stop
        elif len(words) == 1 and not wanted.rows:
            if chunk.stems in wanted.stems or _is_wanted(chunk.words, wanted):
                yield start, stop
            continue
        placed = _placed(words, match[0], start)
        stems = chunk.stems.split(" ") if chunk.stems else []
        for at, word in enumerate(placed):
            if _is_wanted(word.word, wanted) or (at < len(stems) and stems[at] in wanted.stems):
                yield word.start, word.stop
        if wanted.rows:
            in_order += placed
    if first_words:
        yield from _rows(wanted.rows, first_words, in_order)


def _is_wanted(word: str, wanted: _Wanted) -> bool:
    return (
        word in wanted.words
        or (wanted.prefixes != () and word.startswith(wanted.prefixes))
        or (wanted.fuzzy != () and any(within_one(one, word) for one in wanted.fuzzy))
    )


def _placed(words: list[str], chunk: str, start: int) -> list[_Word]:
    """Return the words of a chunk with their places; the whole chunk's where folding moved them."""
    stop = start + len(chunk)
    if is_cjk(chunk):
        if len(words) != len(chunk):
            return [_Word(word, start, stop) for word in words]
        return [_Word(word, start + at, start + at + len(word)) for at, word in enumerate(words)]
    if len(words) == 1:
        return [_Word(words[0], start, stop)]
    spans = [match.span() for match in _parts(chunk)]
    if len(spans) != len(words):
        return [_Word(word, start, stop) for word in words]
    return [_Word(word, start + a, start + b) for word, (a, b) in zip(words, spans, strict=True)]

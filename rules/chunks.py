"""What stands in a text as one number: a chunk of letters and digits, or several that single spaces keep apart.

Dashes are never taken out: an order ID without its dashes passes the check of some carrier. Whoever means dashes has
them in the pattern.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

_CHUNK = re.compile(r"[0-9][0-9A-Za-z-]*")
_WORD = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-")
_BETWEEN = re.compile(r" {1,3}(?:[A-Z]{1,4} {1,3}){0,3}")
_LEAD = re.compile(r"(?:(?<![0-9A-Za-z-])[A-Z]{1,4} {1,3}){1,3}$")
_TAIL = re.compile(r" {1,3}[A-Z]{1,2}(?![0-9A-Za-z-])(?: {1,3}[A-Z](?![0-9A-Za-z-]))?")
_SUFFIX = re.compile(r" {0,3}- {0,3}1(?![0-9A-Za-z])")
_PIECE = re.compile(r"[0-9A-Za-z-]+")
_CHUNKS_MAX = 5000  # chunks of one part that are looked at
_PIECES_MAX = 48  # pieces of one spaced number
_WINDOWS_MAX = 4000  # spaced numbers that are tried in one part
SHORTEST, LONGEST = 8, 45


@dataclass(frozen=True, slots=True)
class Chunk:
    """One number as written: its place in the text, and its value in capitals without spaces."""

    value: str
    start: int
    end: int


def chunks_of(text: str, *, underscores: bool) -> Iterator[Chunk]:
    """Yield everything in a text that could be one number, the longer before the shorter where they overlap.

    ``underscores`` says that an underscore parts words, as in file names.
    """
    spans: list[tuple[int, int]] = []
    last = 0
    for match in islice(_CHUNK.finditer(text), _CHUNKS_MAX):
        start, end = match.span()
        while start > last and text[start - 1] in _WORD:
            start -= 1
        last = end
        if text[start - 1 : start] == "%":  # an escape in a link: two letters that belong to no word
            start += 2
        spans.append((start, end))
    yield from _spaced(text, spans)
    for start, end in spans:
        if end - start >= SHORTEST:
            yield from _singles(text, start, end, underscores=underscores)


def _singles(text: str, start: int, end: int, *, underscores: bool) -> Iterator[Chunk]:
    if _glued(text, start, end, underscores=underscores):
        return
    whole = text[start:end].strip("-")
    if len(whole) < SHORTEST:
        return
    start += text[start:end].index(whole)
    end = start + len(whole)
    if end - start <= LONGEST:
        yield Chunk(whole.upper(), start, end)
    if suffix := _SUFFIX.match(text, end):
        yield Chunk(whole.upper() + "-1", start, suffix.end())
    if "-" not in whole or end - start > 4 * LONGEST:
        return
    pieces = whole.split("-")
    at = start
    for number, piece in enumerate(pieces):
        neighbours = pieces[max(0, number - 1) : number] + pieces[number + 1 : number + 2]
        if SHORTEST <= len(piece) <= LONGEST and (
            not piece.isdigit() or all(one.isalpha() for one in neighbours)
        ):
            yield Chunk(piece.upper(), at, at + len(piece))
        at += len(piece) + 1


def _spaced(text: str, spans: list[tuple[int, int]]) -> Iterator[Chunk]:
    """Yield numbers written with spaces: neighbours that only spaces, or single groups of capitals, keep apart."""
    left = _WINDOWS_MAX
    place = 0
    while place < len(spans) and left > 0:
        first = place
        while (
            place + 1 < len(spans)
            and place - first < _PIECES_MAX
            and spans[place + 1][0] - spans[place][1] <= 24
            and _BETWEEN.fullmatch(text, spans[place][1], spans[place + 1][0])
        ):
            place += 1
        start, end = spans[first][0], spans[place][1]
        place += 1
        lead = _LEAD.search(text, max(0, start - 24), start) if _after_capital(text, start) else None
        tail = _TAIL.match(text, end) if text[end : end + 1] == " " else None
        if lead is None and tail is None and place - first < 2:
            continue
        start = start if lead is None else lead.start()
        end = end if tail is None else tail.end()
        if _glued(text, start, end, underscores=False):
            continue
        for chunk in islice(_windows(text, start, end), left):
            left -= 1
            yield chunk


def _after_capital(text: str, start: int) -> bool:
    """Tell whether a capital and spaces stand before a place: all that a lead ends with."""
    before = text[max(0, start - 4) : start]
    return before[-1:] == " " and "A" <= before.rstrip(" ")[-1:] <= "Z"


def _windows(text: str, start: int, end: int) -> Iterator[Chunk]:
    """Yield the spaced numbers in a run of pieces: one of digits alone must fill it, from one word to the next."""
    pieces = [match.span() for match in islice(_PIECE.finditer(text, start, end), _PIECES_MAX)]
    words = [text[begin:stop] for begin, stop in pieces]
    for count in range(len(pieces), 1, -1):
        for at in range(len(pieces) - count + 1):
            chosen = words[at : at + count]
            length = sum(map(len, chosen))
            if length < SHORTEST or length > LONGEST:
                continue
            if at and not (words[at][0].isalpha() or words[at - 1].isalpha()):
                continue
            value = "".join(chosen)
            stop = at + count
            if value.isdigit() and stop < len(words) and not words[stop].isalpha():
                continue
            begin, finish = pieces[at][0], pieces[stop - 1][1]
            if suffix := _SUFFIX.match(text, finish):
                yield Chunk(value.upper() + "-1", begin, suffix.end())
            yield Chunk(value.upper(), begin, finish)


def _glued(text: str, start: int, end: int, *, underscores: bool) -> bool:
    """Tell whether a chunk is only a piece of something: of a word, an amount, a time, an address, a phone number."""
    before, after = text[start - 1 : start] if start else "", text[end : end + 1]
    if (
        before
        and text[start - 3 : start - 2] != "%"
        and (before == "+" or _joins(before, underscores=underscores))
    ):
        return True
    if after and (after == "@" or _joins(after, underscores=underscores)):
        return True
    if before in {".", ",", ":"} and start > 1 and text[start - 2].isdigit():
        return True
    return after in {".", ",", ":"} and text[end + 1 : end + 2].isdigit()


def _joins(letter: str, *, underscores: bool) -> bool:
    if letter == "_":
        return not underscores
    # Chinese and Japanese put no space between a word and a number.
    return letter.isalnum() and (ord(letter) < 0x2E80 or letter.isdigit())

"""Text as a pattern can read it, with the way back: every place in it knows where it stands in the original.

Mail writes one order ID in many ways: with typographic dashes, with no-break spaces, in full-width or Arabic digits, with
invisible characters inside, broken over two lines. Here they become one way.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable
from itertools import accumulate

from rules.patterns import searchable

_DASHES = "\u02d7\u05be\u1806\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u207b\u2212\u2796\u30fc\ufe58\ufe63\uff0d\uff70"
_SPACES = "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
_ZEROS = "\u0660\u06f0\u0966\u09e6\u0e50"  # Arabic-Indic, Persian, Devanagari, Bengali, Thai
_FOLD: dict[str, str] = {
    **{chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)},  # full-width forms
    **{chr(ord(zero) + digit): str(digit) for zero in _ZEROS for digit in range(10)},
    **dict.fromkeys(_DASHES, "-"),
    **dict.fromkeys(_SPACES, " "),
}
_ODD = re.compile("[" + re.escape("".join(_FOLD)) + "]")
_UNSEEN = "\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufe00-\ufe0f\ufeff"
INVISIBLE = f"[{_UNSEEN}]+"
_INVISIBLE = re.compile(INVISIBLE)
_GAP = f"[ \t{_UNSEEN}]{{0,8}}"
_SEAM = re.compile(rf"[0-9]({_GAP}(-?){_GAP}=?\r?\n[> \t]{{0,16}})(?=-?[0-9])")
_SEAMS_MAX = 2000


class Readable:
    """Text to search, with the way back: ``before`` are pieces of the original, and ``after`` what became of each."""

    __slots__ = ("_after", "_before", "_here", "_there", "seams", "text")

    def __init__(
        self,
        text: str,
        before: list[str] | None = None,
        after: list[str] | None = None,
        seams: tuple[int, ...] = (),
    ) -> None:
        self.text = text
        self.seams = seams  # places here where two lines were joined
        self._before = before
        self._after = after
        self._here: list[int] = []  # where each piece begins, here and there: worked out when someone asks
        self._there: list[int] = []

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return where ``text[start:end]`` stands in the original."""
        if self._before is None or self._after is None:
            return start, end
        if not self._here:
            self._here = list(accumulate(map(len, self._after), initial=0))
            self._there = list(accumulate(map(len, self._before), initial=0))
        return self._original(start)[0], self._original(end - 1)[1]

    def _original(self, at: int) -> tuple[int, int]:
        place = (
            bisect_right(self._here, at) - 1
        )  # of pieces that vanished none begins behind the one that has the place
        here, there = self._here[place], self._there[place]
        length = self._there[place + 1] - there
        if self._here[place + 1] - here == length:
            return there + at - here, there + at - here + 1
        return there, there + length  # a replacement stands for the whole of what it replaced


def fold(text: str) -> str:
    """Return text of the same length with one kind of dash, space and digit.

    >>> fold("２４９‑１２")
    '249-12'
    """
    if text.isascii():
        return text
    return _ODD.sub(lambda odd: _FOLD[odd[0]], searchable(text))


def readable(text: str) -> Readable:
    """Return text with one kind of dash, space and digit, and without what cannot be seen."""
    folded = fold(text)
    if folded.isascii():
        return Readable(folded)
    return cut(folded, ((m.start(), m.end(), "") for m in _INVISIBLE.finditer(folded)))


def joined(text: str) -> Readable | None:
    """Return text with the lines joined that break between digits (a soft-wrapped ID), or None where none does."""
    folded = fold(text)
    holes = [
        (m.start(1), m.end(), m.group(2))
        for _, m in zip(range(_SEAMS_MAX), _SEAM.finditer(folded), strict=False)
    ]
    if not holes:
        return None
    if not folded.isascii():
        holes += [(m.start(), m.end(), "") for m in _INVISIBLE.finditer(folded)]
        holes.sort()
    return cut(folded, holes, seams=True)


def replaced(split: list[str], instead: Callable[[str], str]) -> Readable:
    """Return a text whose every second piece (as ``re.split`` with one group gives them) is replaced.

    HTML has hundreds of pieces, and most of it holds no number at all: so nothing here is a loop.
    """
    if len(split) == 1:
        return Readable(split[0])
    kept = split.copy()
    kept[1::2] = map(instead, split[1::2])
    return Readable("".join(kept), split, kept)


def cut(text: str, holes: Iterable[tuple[int, int, str]], *, seams: bool = False) -> Readable:
    """Replace parts of a text, given as (start, end, what to put there), sorted; overlapping ones are left out."""
    before: list[str] = []
    after: list[str] = []
    marks: list[int] = []
    here = there = 0
    for start, end, instead in holes:
        if start < there:
            continue
        before += (text[there:start], text[start:end])
        after += (text[there:start], instead)
        here += start - there
        if seams:
            marks.append(here)
        here += len(instead)
        there = end
    if not before:
        return Readable(text)
    before.append(text[there:])
    after.append(text[there:])
    return Readable("".join(after), before, after, tuple(marks))

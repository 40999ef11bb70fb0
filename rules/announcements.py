"""The words of one part that say what kind of number follows: an order, a parcel, a return, a phone ..."""

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from rules.compiled import Words
from rules.fleet import Fleet, Mention
from rules.parts import Part

_WORD = 40  # characters of the longest label
_NAME_CLOSE = 24  # characters between a carrier's name and a number right after it
_SENTENCE = re.compile(r"[.!?;]\s+[A-Z]|\n\s*\n")
_REACH = 60  # characters between a label and its number
_NAME_REACH = 200  # characters around a number in which its carrier's name must stand
_NUMBER = re.compile(r"[0-9][0-9A-Za-z-]{4,}")
_LINK_REACH = 2000
_LINK_ENDS = " \t\r\n<>\"'()"
_HOST = re.compile(r"(?:https?://)?(?:[^/@\s]{0,200}@)?([A-Za-z0-9.-]{1,253})", re.IGNORECASE)
_KEY = re.compile(r"([A-Za-z0-9_.-]{1,40})(?:=|%3D)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Label:
    """A word that announces a number: ``kind`` is ``tracking``, ``order``, ``phone``, ... or ``carrier``, for a name."""

    start: int
    end: int
    kind: str
    word: str
    carriers: frozenset[str] = frozenset()


class Announcements:
    """Answers what stands before and around a number in one part. The part is looked through once, if anyone asks."""

    def __init__(self, part: Part, words: Words, fleet: Fleet) -> None:
        # In a file's name an underscore is a space.
        self._text = part.readable.text.replace("_", " ") if part.kind == "attachment" else part.readable.text
        self._is_link = part.kind == "link"
        self._words = words
        self._fleet = fleet

    @cached_property
    def mentions(self) -> list[Mention]:
        return self._fleet.mentions(self._text)

    def before(self, start: int) -> Label | None:
        """Return the nearest label before a place, unless another number has it already; a list shares a parcel's."""
        label = self._nearest(start)
        if label is None:
            return None
        between = self._text[label.end : start]
        if label.kind not in {"tracking", "carrier"} and _NUMBER.search(between):
            return None
        if label.kind == "carrier" and (len(between) > _NAME_CLOSE or _SENTENCE.search(between)):
            return None
        return label

    def _nearest(self, start: int) -> Label | None:
        begin = max(0, start - _REACH - _WORD)
        found: Label | None = None
        if self._words.announce is not None:
            for match in self._words.announce.finditer(self._text[begin:start]):
                found = Label(
                    begin + match.start(),
                    begin + match.end(),
                    self._words.kind_of(match.group()),
                    match.group(),
                )
        place = bisect_right(self._ends, start) - 1
        if place >= 0 and (found is None or self.mentions[place].start >= found.start):
            name = self.mentions[place]
            found = Label(name.start, name.end, "carrier", self._text[name.start : name.end], name.carriers)
        return None if found is None or start - found.end > _REACH else found

    @cached_property
    def _ends(self) -> list[int]:
        return [mention.end for mention in self.mentions]

    def named(self, start: int, end: int) -> dict[str, int]:
        """Return the carriers named around a place, and how far from it."""
        found: dict[str, int] = {}
        first = bisect_right(self._ends, start - _NAME_REACH - 1)
        for mention in islice(self.mentions, first, None):
            if mention.start > end + _NAME_REACH:
                break
            if start < mention.end and mention.start < end:
                continue
            distance = start - mention.end if mention.end <= start else mention.start - end
            for name in mention.carriers:
                found[name] = min(distance, found.get(name, distance))
        return found

    def link_before(self, start: int) -> str | None:
        """Return what stands before a place in the link that it is part of, or None where it stands in none."""
        before = self._text[max(0, start - _LINK_REACH) : start]
        if self._is_link:
            return before
        if "://" not in before and "www." not in before:
            return None
        token = before[max(before.rfind(mark) for mark in _LINK_ENDS) + 1 :]
        at = max(token.rfind("://"), token.rfind("www."))
        return None if at < 0 else token[max(0, token.rfind("http", 0, at)) :]

    def key_before(self, start: int) -> str:
        """Return the name of the parameter whose value begins at a place: ``piececode`` before ``=``; "" where none."""
        key = _KEY.search(self._text[max(0, start - 48) : start])
        return "" if key is None else key.group(1)


def host_of(link: str) -> str:
    """Return a link's host.

    >>> host_of("https://www.dhl.de/de/privatkunden.html?piececode=")
    'www.dhl.de'
    """
    found = _HOST.match(link)
    return "" if found is None else found.group(1)

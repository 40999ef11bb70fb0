"""Sets of message numbers as IMAP writes them (RFC 9051 section 9, sequence-set). Pure."""

import re
from array import array
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

_SET = re.compile(
    rb"(?:[0-9]{1,10}|\*)(?::(?:[0-9]{1,10}|\*))?(?:,(?:[0-9]{1,10}|\*)(?::(?:[0-9]{1,10}|\*))?)*"
)
_RANGE = re.compile(r"([0-9]{1,18})(?::([0-9]{1,18}))?")
_MOST = 1_000_000  # numbers that one set of a server's may stand for


def is_set(text: bytes) -> bool:
    r"""Tell whether a client's word is a set; ``$`` stands for what its last search found (RFC 5182).

    >>> is_set(b"1:*,7"), is_set(b"$"), is_set(b"\\Seen")
    (True, True, False)
    """
    return text == b"$" or _SET.fullmatch(text) is not None


def listed(text: bytes) -> list[int] | None:
    """Return the numbers of a set that names each of them; None for one with ranges, a star or a dollar.

    >>> listed(b"3,5"), listed(b"3:5")
    ([3, 5], None)
    """
    return (
        [int(one) for one in text.split(b",")]
        if re.fullmatch(rb"[0-9]{1,10}(?:,[0-9]{1,10})*", text)
        else None
    )


def spread(text: bytes) -> list[int]:
    """Return all numbers of a server's set, which has no star; what is too many or no set gives none.

    >>> spread(b"1:3,7")
    [1, 2, 3, 7]
    """
    found: list[int] = []
    for part in text.split(b","):
        first, _, last = part.partition(b":")
        if not first.isdigit() or not (last or first).isdigit():
            return []
        low, high = sorted((int(first), int(last or first)))
        if high - low + len(found) >= _MOST:
            return []
        found.extend(range(low, high + 1))
    return found


def compact(numbers: Iterable[int]) -> str:
    """Return numbers as the shortest set.

    >>> compact([7, 1, 2, 3])
    '1:3,7'
    """
    parts: list[list[int]] = []
    for number in sorted(set(numbers)):
        if parts and number == parts[-1][1] + 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return ",".join(str(low) if low == high else f"{low}:{high}" for low, high in parts)


@dataclass(frozen=True, slots=True)
class Ranges:
    """A set of any size, kept as its ranges in order: sixteen bytes each, however many numbers they stand for."""

    _lows: "array[int]"
    _highs: "array[int]"

    @classmethod
    def read(cls, text: str) -> "Ranges | None":
        """Return the set that a text says, which has no star; None for what is no set. Nothing is the empty set."""
        lows, highs = array("q"), array("q")
        found = [_RANGE.fullmatch(part) for part in text.split(",")] if text else []
        if None in found:
            return None
        pairs = (sorted((int(one[1]), int(one[2] or one[1]))) for one in found if one)
        for low, high in sorted(pairs):
            if highs and low <= highs[-1] + 1:
                highs[-1] = max(highs[-1], high)
            else:
                lows.append(low)
                highs.append(high)
        return cls(lows, highs)

    def meets(self, numbers: Iterable[int]) -> bool:
        """Say whether any of these numbers is in the set.

        >>> Ranges.read("1:3,7").meets([5, 6]), Ranges.read("1:3,7").meets([5, 7])
        (False, True)
        """
        for number in numbers:
            at = bisect_right(self._lows, number) - 1
            if at >= 0 and number <= self._highs[at]:
                return True
        return False

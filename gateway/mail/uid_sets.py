"""Sets of message numbers as IMAP writes them (RFC 9051 section 9, sequence-set). Pure."""

import re
from collections.abc import Iterable

_SET = re.compile(
    rb"(?:[0-9]{1,10}|\*)(?::(?:[0-9]{1,10}|\*))?(?:,(?:[0-9]{1,10}|\*)(?::(?:[0-9]{1,10}|\*))?)*"
)
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

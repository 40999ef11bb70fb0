"""One letter away: what ``word~`` means, the same in every backend."""


def within_one(first: str, second: str) -> bool:
    """Say whether two words differ by at most one letter added, lost or changed, or two neighbours swapped.

    >>> within_one("refund", "refnud"), within_one("refund", "refunds"), within_one("refund", "rfnd")
    (True, True, False)
    """
    if abs(len(first) - len(second)) > 1:
        return False
    at = 0
    while at < min(len(first), len(second)) and first[at] == second[at]:
        at += 1
    rest, other = first[at:], second[at:]
    if rest[1:] == other[1:] or rest == other[1:] or rest[1:] == other:
        return True
    return rest[:2] == other[1::-1] and rest[2:] == other[2:]


def swapped(word: str) -> tuple[str, ...]:
    """Return the words made by swapping two neighbouring letters."""
    return tuple(word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in range(len(word) - 1))

"""Read, answered, flagged: the same on a message and on its copies, whichever of them somebody changes. Pure.

>>> merged(frozenset({b"x"}), [frozenset({b"x"}), frozenset()])
frozenset()
"""

from collections.abc import Iterable


def merged(last: frozenset[bytes], now: Iterable[frozenset[bytes]]) -> frozenset[bytes]:
    """Return what all of them should carry: what one of them says otherwise than ``last``, when they agreed, is what somebody did."""
    changed = [one for one in now if one != last]
    added = frozenset().union(*(one - last for one in changed))
    taken = frozenset().union(*(last - one for one in changed))
    return (last | added) - taken

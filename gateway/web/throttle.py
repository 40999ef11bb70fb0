"""Slow down who guesses passwords: a few wrong tries in a window, then a wait. Memory is bounded."""

from collections import OrderedDict
from datetime import datetime, timedelta

from starlette.requests import Request

from gateway.door.throttle import peer_key

_TRIES = 5
# A whole office may come from one address, and nobody is to be shut out by a stranger who knows their name.
_MORE = {"peer": 20, "name": 50, "ask": 60}
_WINDOW = timedelta(minutes=5)
_KEYS = 10_000


class Throttle:
    """Counts tries by key (a client's address, a name); the oldest keys are forgotten first.

    A try is charged before its password is checked and forgiven when it was right: guesses made in parallel count
    like guesses made in turn. What many share (an address, a name that strangers know) forgets that try alone: who knows
    one password is not to guess others' the more for it.
    """

    def __init__(self) -> None:
        self._charges: OrderedDict[str, list[datetime]] = OrderedDict()

    def charge(self, keys: tuple[str, ...], now: datetime) -> int:
        """Count a try; return 0, or how many seconds to wait, and then nothing is counted."""
        recent = {key: [at for at in self._charges.get(key, []) if now - at < _WINDOW] for key in keys}
        full = [tries[-_limit(key)] for key, tries in recent.items() if len(tries) >= _limit(key)]
        if full:
            return max(1, round((max(full) + _WINDOW - now).total_seconds()))
        for key, tries in recent.items():
            self._charges[key] = [*tries, now]
            self._charges.move_to_end(key)
        while len(self._charges) > _KEYS:
            self._charges.popitem(last=False)
        return 0

    def forgive(self, keys: tuple[str, ...]) -> None:
        """Forget the tries of someone who knew the password."""
        for key in keys:
            tries = self._charges.pop(key, [])
            if tries[:-1] and key.partition(" ")[0] in _MORE:
                self._charges[key] = tries[:-1]


def _limit(key: str) -> int:
    """Return how many tries a key has in a window; its first word says what it is."""
    return _MORE.get(key.partition(" ")[0], _TRIES)


def peer_of(request: Request) -> str:
    """Return what counts as one client of the pages and the API, as at the other doors."""
    return peer_key(request.client.host) if request.client else ""

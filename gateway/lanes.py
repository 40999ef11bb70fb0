"""How many jobs are under way to each server, so that one that is slow never takes all the senders.

A job's lane says where it goes: into a mailbox, out by a mailbox's relay to a domain, or to people in charge. Lanes
that lead to one server count together: those of all domains, where the relay is a smart host.
"""

import threading
from collections import Counter
from collections.abc import Collection


class Lanes:
    """Counts what is under way, ``most`` to a server. ``spread`` are the mailboxes whose relay is each domain's own server."""

    def __init__(self, most: int, spread: Collection[str] = ()) -> None:
        self._most = most
        self._spread = frozenset(spread)
        self._under_way: Counter[str] = Counter()
        self._lock = threading.Lock()

    def take(self, lane: str) -> bool:
        """Take a place on a lane; False where its server has as many as it should."""
        server = self._server(lane)
        with self._lock:
            if self._under_way[server] >= self._most:
                return False
            self._under_way[server] += 1
            return True

    def leave(self, lane: str) -> None:
        """Give a place back."""
        server = self._server(lane)
        with self._lock:
            self._under_way[server] -= 1
            if self._under_way[server] <= 0:
                del self._under_way[server]

    def full(self) -> tuple[str, ...]:
        """Return the beginnings of the lanes that have no place left."""
        with self._lock:
            return tuple(one for one, number in self._under_way.items() if number >= self._most)

    def _server(self, lane: str) -> str:
        way, _, _ = lane.partition("/")
        spreads = way.startswith("out ") and way.removeprefix("out ") in self._spread
        return lane if spreads else f"{way}/"

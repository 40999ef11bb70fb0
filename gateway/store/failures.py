"""Failed logins in this process's memory: a few are a person's slips, many are a guesser."""

import threading
from collections import OrderedDict, deque
from datetime import datetime, timedelta

from gateway.clock import Clock

_MOST = 5
_WINDOW = timedelta(minutes=5)
_KEYS = 10_000  # a stranger chooses names: the oldest are forgotten first


class Failures:
    """Counts by name and peer together, so that a stranger elsewhere cannot shut an agent out."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._times: OrderedDict[tuple[str, str], deque[datetime]] = OrderedDict()

    def too_many(self, name: str, peer: str) -> bool:
        """Say whether this peer has failed too often for this name lately."""
        with self._lock:
            times = self._times.get((name, peer))
            return times is not None and len(times) == _MOST and times[0] > self._clock.now() - _WINDOW

    def count(self, name: str, peer: str) -> None:
        with self._lock:
            times = self._times.setdefault((name, peer), deque(maxlen=_MOST))
            times.append(self._clock.now())
            self._times.move_to_end((name, peer))
            if len(self._times) > _KEYS:
                self._times.popitem(last=False)

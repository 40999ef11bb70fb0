"""How often a program may call: so many calls a minute, saved up for no longer than that. Memory is bounded."""

from collections import OrderedDict
from datetime import datetime

_KEYS = 10_000


class Rates:
    """One bucket a key, filled at an even pace."""

    def __init__(self) -> None:
        self._left: OrderedDict[str, tuple[float, datetime]] = OrderedDict()

    def take(self, key: str, now: datetime, per_minute: int) -> int:
        """Take one call; return 0, or how many seconds to wait.

        >>> from datetime import UTC
        >>> rates, now = Rates(), datetime(2026, 1, 1, tzinfo=UTC)
        >>> [rates.take("a", now, 2) for _ in range(3)]
        [0, 0, 30]
        """
        left, at = self._left.pop(key, (float(per_minute), now))
        left = min(float(per_minute), left + (now - at).total_seconds() * per_minute / 60)
        spent = left >= 1
        self._left[key] = left - 1 if spent else left, now
        while len(self._left) > _KEYS:
            self._left.popitem(last=False)
        return 0 if spent else max(1, round((1 - left) * 60 / per_minute))

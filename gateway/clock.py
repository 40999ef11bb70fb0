"""Time as an argument, so that tests and rebuilds choose it."""

import time
from datetime import UTC, datetime
from typing import Protocol


def when(at: datetime) -> str:
    """Return a time as RFC 3339 in UTC, to the second.

    >>> when(datetime(2026, 11, 23, 18, 0, tzinfo=UTC))
    '2026-11-23T18:00:00Z'
    """
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Clock(Protocol):
    """The present moment, always aware and in UTC."""

    def now(self) -> datetime: ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.fromtimestamp(time.time(), tz=UTC)


class FixedClock:
    """A clock that stands still until it is set."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

"""Time as an argument, so that tests and rebuilds choose it."""

import time
from datetime import UTC, datetime
from typing import Protocol


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

"""A moment by which a client must act, moved with every command at almost no cost."""

import asyncio
from collections.abc import Callable


class Deadline:
    """One timer for one connection. It is set anew only when the deadline comes nearer; else it looks again when due."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, lifetime_s: float, expired: Callable[[], None]
    ) -> None:
        self._loop = loop
        self._expired = expired
        self._ends_at = loop.time() + lifetime_s
        self._at = self._ends_at
        self._handle: asyncio.Handle | None = None
        self._due = (
            0.0  # when it looks; not asked of the handle: uvloop's has no when() where that is now or past
        )

    def allow(self, seconds: float) -> None:
        """Give the client so long from now, but never beyond the connection's lifetime."""
        self._at = min(self._loop.time() + seconds, self._ends_at)
        if self._handle is None or self._due > self._at:
            self._set()

    def allow_beyond(self, seconds: float) -> None:
        """Give so long from now even where the lifetime would end before: it is we who keep the client waiting."""
        self._ends_at = max(self._ends_at, self._loop.time() + seconds)
        self.allow(seconds)

    def cancel(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _set(self) -> None:
        self.cancel()
        self._due = self._at
        self._handle = self._loop.call_at(self._at, self._look)

    def _look(self) -> None:
        self._handle = None
        if self._loop.time() < self._at:
            self._set()
        else:
            self._expired()

"""Whether those who were let in may stay: what opened their sessions is looked at again while they are open, all at once."""

import asyncio
import logging
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

from gateway.errors import Temporary
from gateway.ticket import Ticket

log = logging.getLogger(__name__)

SHUT = "Your login was changed or taken back; log in again"
# Which tickets are good no more. Reads a database, so it runs in a thread.
Void = Callable[[Collection[Ticket]], Collection[Ticket]]


class Standing:
    """One for all listeners of a process. While sessions are watched, their tickets are asked for together every ``every_s``."""

    def __init__(self, void: Void, *, every_s: float = 2.0) -> None:
        self._void, self._every_s = void, every_s
        self._open: dict[object, tuple[Ticket, Callable[[], None]]] = {}
        self._round: asyncio.Task[None] | None = None

    async def stands(self, ticket: Ticket) -> bool:
        """Look at one ticket now; raises Temporary where that cannot be done."""
        try:
            return not await asyncio.to_thread(self._void, (ticket,))
        except Exception as wrong:
            raise Temporary(f"whether a login still stands cannot be looked up: {wrong}") from wrong

    @contextmanager
    def watched(self, ticket: Ticket, end: Callable[[], None]) -> Iterator[None]:
        """Call ``end`` once the ticket is void, for as long as the context is open."""
        key = object()
        self._open[key] = ticket, end
        if self._round is None:
            self._round = asyncio.create_task(self._go_round())
        try:
            yield
        finally:
            del self._open[key]
            if not self._open and self._round is not None:
                self._round.cancel()
                self._round = None

    async def _go_round(self) -> None:
        while True:
            await asyncio.sleep(self._every_s)
            try:
                void = await asyncio.to_thread(self._void, {ticket for ticket, _ in self._open.values()})
            except Exception:  # a fault of ours ends nobody's session: the next round looks again
                log.exception("event=standing_not_checked sessions=%d", len(self._open))
                continue
            for ticket, end in tuple(self._open.values()):
                if ticket in void:
                    end()

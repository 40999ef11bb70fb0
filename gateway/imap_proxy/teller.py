"""What an agent did, on its way into the log: one deed after the other, whatever becomes of the session meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from gateway.imap_proxy.observer import Deed

Record = Callable[[Sequence[Deed]], Awaitable[None]]  # returns once they are on disk


class Teller:
    """Records the deeds of one session in their order. ``failed`` is called once what nobody waited for cannot be recorded."""

    def __init__(self, record: Record, failed: Callable[[], None]) -> None:
        self._record = record
        self._failed = failed
        self._last: asyncio.Task[None] | None = None

    async def tell(self, deeds: Sequence[Deed], *, wait: bool = True) -> None:
        """Have deeds recorded after all before them, and unless told otherwise return when they are; raises as ``record`` does."""
        if deeds:
            self._last = asyncio.create_task(self._after(self._last, deeds))
            self._last.add_done_callback(self._look)
        if wait and self._last is not None:
            await asyncio.shield(self._last)

    async def end(self, deeds: Sequence[Deed]) -> None:
        """Record the last deeds and return when all are; who cancels this waits for it, since nobody could tell them later."""
        telling, cancelled = asyncio.ensure_future(self.tell(deeds)), False
        while not telling.done():
            try:
                await asyncio.shield(telling)
            except asyncio.CancelledError:
                cancelled = True
        telling.result()
        if cancelled:
            raise asyncio.CancelledError

    async def _after(self, before: "asyncio.Task[None] | None", deeds: Sequence[Deed]) -> None:
        if before is not None:
            await before
        await self._record(deeds)

    def _look(self, told: "asyncio.Task[None]") -> None:
        if not told.cancelled() and told.exception() is not None:
            self._failed()

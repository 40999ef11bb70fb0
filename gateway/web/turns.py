"""Turns at slow work: a few at once, the others wait without holding a thread, so that all other pages go on meanwhile."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request

_AT_ONCE = 2
R = TypeVar("R")


class Turns:
    """Who has a turn works in a thread."""

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(_AT_ONCE)

    async def take(self, request: Request, work: Callable[[], R]) -> R:
        """Do the work when its turn comes; raises ClientDisconnect where nobody waits for it any more."""
        async with self._free:
            if await request.is_disconnected():
                raise ClientDisconnect
            return await run_in_threadpool(work)

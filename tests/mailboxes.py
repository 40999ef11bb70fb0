"""Real mailbox servers for synchronous tests."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from concurrent.futures import Future

from gateway.clock import SystemClock
from gateway.demo.mailbox import Mailbox, open_mailbox

USER, PASSWORD = "support@brand.example", "correct horse"


@contextlib.contextmanager
def mailbox_server(*, dovecot: bool) -> Iterator[Mailbox]:
    """Run a mailbox server on a loop of its own until the block ends."""
    started: Future[Mailbox] = Future()
    loop = asyncio.new_event_loop()
    ending = asyncio.Event()

    async def run() -> None:
        try:
            async with open_mailbox({USER: PASSWORD}, clock=SystemClock(), dovecot=dovecot) as box:
                started.set_result(box)
                await ending.wait()
        except BaseException as wrong:
            if not started.done():
                started.set_exception(wrong)
            raise

    thread = threading.Thread(target=lambda: loop.run_until_complete(run()), daemon=True)
    thread.start()
    try:
        yield started.result(30)
    finally:
        loop.call_soon_threadsafe(ending.set)
        thread.join(20)
        loop.close()

"""The demonstration's name server for tests that are not asynchronous: on a loop of its own, in a thread."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator

from gateway.demo.nameserver import NameServer


@contextlib.contextmanager
def dns_server(records) -> Iterator[NameServer]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    server = NameServer(records)
    asyncio.run_coroutine_threadsafe(server.start(), loop).result(10)
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


def txt(zone) -> dict[tuple[str, str], list[str]]:
    """Return ``{name: text}`` as the server's records."""
    return {(name, "TXT"): [text] for name, text in zone.items()}

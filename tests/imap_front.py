"""A port that logs in to a mailbox server by itself and passes on what follows, greeting its clients as logged in."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future

from gateway.demo.mailbox import Mailbox
from gateway.imap_proxy.commands import Command
from gateway.imap_proxy.observer import Deed
from gateway.imap_proxy.passage import Passage
from tests.mailboxes import PASSWORD, USER


@contextlib.contextmanager
def imap_front(box: Mailbox, deeds: list[Deed] | None = None) -> Iterator[tuple[str, int]]:
    """Run the port on a loop of its own until the block ends; what is done through it is put into ``deeds``."""
    started: Future[tuple[str, int]] = Future()
    loop = asyncio.new_event_loop()
    ending = asyncio.Event()

    sessions: set[asyncio.Task[None]] = set()

    async def record(done: Sequence[Deed]) -> None:
        if deeds is not None:
            deeds.extend(done)

    async def never(_command: Command) -> str:
        return ""

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = asyncio.ensure_future(serve(reader, writer))
        sessions.add(session)
        session.add_done_callback(sessions.discard)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server = await asyncio.open_connection(box.host, box.imap_port)
        try:
            await server[0].readline()
            server[1].write(f'front LOGIN "{USER}" "{PASSWORD}"\r\n'.encode())
            while not (await server[0].readline()).startswith(b"front OK"):
                pass
            writer.write(b"* PREAUTH Ready\r\n")
            await Passage((reader, writer), server, record=record, ends=never).run()
        finally:
            for end in (writer, server[1]):
                end.close()
                with contextlib.suppress(OSError):
                    await end.wait_closed()

    async def run() -> None:
        async with await asyncio.start_server(greet, "127.0.0.1", 0) as listener:
            started.set_result(listener.sockets[0].getsockname())
            await ending.wait()
        for session in tuple(sessions):
            session.cancel()
        await asyncio.gather(*sessions, return_exceptions=True)

    thread = threading.Thread(target=lambda: loop.run_until_complete(run()), daemon=True)
    thread.start()
    try:
        yield started.result(30)
    finally:
        loop.call_soon_threadsafe(ending.set)
        thread.join(20)
        loop.close()

"""A mail server of the test: it takes every message, over SMTP or LMTP, and keeps what it took."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP


@dataclass(frozen=True)
class Taken:
    """One message as it came: its envelope, and its bytes after dot-unstuffing."""

    mail_from: str
    recipients: tuple[str, ...]
    raw: bytes
    helo: str


class _Smtp(SMTP):
    line_length_limit = 1 << 20


class _Lmtp(LMTP):
    line_length_limit = 1 << 20


@dataclass
class Sink:
    port: int = 0
    taken: list[Taken] = field(default_factory=list)

    async def handle_DATA(self, server, session, envelope):
        self.taken.append(
            Taken(envelope.mail_from, tuple(envelope.rcpt_tos), envelope.content, session.host_name)
        )
        answers = len(envelope.rcpt_tos) if isinstance(server, LMTP) else 1  # RFC 2033 section 4.2
        return "\r\n".join([f"250 2.0.0 Ok: queued as SINK{len(self.taken)}"] * answers)


@contextlib.contextmanager
def sink(*, lmtp: bool = False) -> Iterator[Sink]:
    """Run the server on a free loopback port until the block ends."""
    loop = asyncio.new_event_loop()
    keeper = Sink()
    make = _Lmtp if lmtp else _Smtp

    def protocol():
        return make(keeper, hostname="sink.example", enable_SMTPUTF8=True, data_size_limit=1 << 28, loop=loop)

    server = loop.run_until_complete(loop.create_server(protocol, "127.0.0.1", 0))
    keeper.port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def end() -> None:
        server.close()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    try:
        yield keeper
    finally:
        asyncio.run_coroutine_threadsafe(end(), loop).result(20)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()

"""A small IMAP server for a demonstration where no Dovecot is installed: one account, in memory, read and append."""

import asyncio
import base64
import binascii
import contextlib
import hmac
import logging

from gateway.clock import Clock
from gateway.demo.imap_session import CAPABILITIES, Refused, Session
from gateway.demo.imap_store import Account
from gateway.demo.imap_syntax import BadSyntax, Value, announced, as_text, parse_values

log = logging.getLogger(__name__)

_LINE_BYTES = 64 * 1024
_LITERAL_BYTES = 50 * 1024 * 1024
_SMALL_LITERAL_BYTES = 4096  # before login
_MOST_LITERALS = 50
_IDLE_S = 1800.0  # RFC 3501 section 5.4


class _Gone(Exception):
    """The client has left, or must be left."""


class ImapServer:
    """Listens on the running loop between ``start`` and ``stop``; port 0 takes any free one (see ``address``)."""

    def __init__(self, host: str, port: int, *, users: dict[str, str], clock: Clock) -> None:
        self.address = (host, port)
        self.clock = clock
        self._users = dict(users)
        self.accounts = {name: Account(int(clock.now().timestamp())) for name in users}
        self._server: asyncio.Server | None = None
        self._clients: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        host, port = self.address
        self._server = await asyncio.start_server(self._serve, host, port, limit=_LINE_BYTES)
        self.address = self._server.sockets[0].getsockname()[:2]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for task in self._clients:
            task.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)
        if self._server is not None:
            await self._server.wait_closed()

    def knows(self, name: str, password: str) -> bool:
        expected = self._users.get(name, "")
        return hmac.compare_digest(expected.encode(), password.encode()) and name in self._users

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._clients.add(task)
        client = _Client(self, reader, writer)
        try:
            await client.converse()
        except (_Gone, OSError, TimeoutError, asyncio.IncompleteReadError):
            log.debug("imap-client-gone")
        except asyncio.CancelledError:
            log.debug("imap-client-left")  # by stop(); this task has no one else to tell
        finally:
            self._clients.discard(task)
            client.end()
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


class _Client:
    """One connection: reads commands with their literals, answers each."""

    def __init__(
        self, server: ImapServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._server, self._reader, self._writer = server, reader, writer
        self._session: Session | None = None

    async def converse(self) -> None:
        await self._send(f"* OK [CAPABILITY {CAPABILITIES}] the demonstration's mailbox")
        while True:
            tag, name, text, literals = await self._command()
            try:
                done = await self._do(tag, name, parse_values(text, literals))
            except Refused as wrong:
                done = f"NO {wrong}"
            except BadSyntax as wrong:
                done = f"BAD {wrong}"
            except (
                ValueError,
                LookupError,
                TypeError,
                AttributeError,
                RecursionError,
            ):  # a message built to break it
                log.exception("imap-command-failed name=%s", name)
                done = "NO [SERVERBUG] that message cannot be shown"
            await self._send(f"{tag} {done}")
            if name == "LOGOUT":
                raise _Gone

    def end(self) -> None:
        if self._session is not None:
            self._session.end()

    async def _do(self, tag: str, name: str, values: list[Value]) -> str:
        if name == "CAPABILITY":
            await self._send(f"* CAPABILITY {CAPABILITIES}")
            return "OK done"
        if name == "LOGOUT":
            await self._send("* BYE until next time")
            return "OK done"
        if self._session is None:
            return await self._enter(name, values)
        if name == "IDLE":
            return await self._idle(self._session)
        log.debug("imap-command tag=%s name=%s", tag, name)
        return f"OK {self._session.run(name, values)}"

    async def _enter(self, name: str, values: list[Value]) -> str:
        match name:
            case "NOOP":
                return "OK done"
            case "ID":
                await self._send("* ID NIL")
                return "OK done"
            case "LOGIN" if len(values) == 2:
                user, password = as_text(values[0]), as_text(values[1])
            case "AUTHENTICATE" if values and as_text(values[0]).upper() == "PLAIN":
                if len(values) == 1:
                    await self._send("+ ")
                    values.append((await self._line()).decode("ascii", "replace"))
                user, password = _plain(as_text(values[1]))
            case _:
                raise BadSyntax("log in first, with LOGIN or AUTHENTICATE PLAIN")
        if not self._server.knows(user, password):
            return "NO [AUTHENTICATIONFAILED] wrong name or password"
        self._session = Session(self._server.accounts[user], self._server.clock, self._writer.write)
        return f"OK [CAPABILITY {CAPABILITIES}] logged in"

    async def _idle(self, session: Session) -> str:
        """Tell of changes as they come, until the client says DONE (RFC 2177)."""
        changed = asyncio.Event()
        watched = session.folder
        if watched is not None:
            watched.watchers.add(changed)
        done = asyncio.ensure_future(self._line())
        try:
            await self._send("+ idling")
            while not done.done():
                session.tell_changes()
                await self._writer.drain()
                waiter = asyncio.ensure_future(changed.wait())
                await asyncio.wait({waiter, done}, return_when=asyncio.FIRST_COMPLETED)
                waiter.cancel()
                changed.clear()
            await done
        finally:
            done.cancel()
            if watched is not None:
                watched.watchers.discard(changed)
        return "OK done"

    async def _command(self) -> tuple[str, str, bytes, list[bytes]]:
        """Read one command: its tag, its name, and its text with the literals taken out."""
        line = text = await self._line()
        literals: list[bytes] = []
        size_left = _LITERAL_BYTES if self._session else _SMALL_LITERAL_BYTES
        while (literal := announced(line)) is not None:
            size, unasked = literal
            size_left -= size
            if size_left < 0 or len(literals) == _MOST_LITERALS:
                if unasked or len(text) != len(line):  # what follows cannot be told from commands
                    await self._send("* BYE the message is too large")
                    raise _Gone
                tag = line.partition(b" ")[0].decode("latin-1")
                await self._send(f"{tag} NO [TOOBIG] the message is too large")
                line = text = await self._line()
                size_left = _LITERAL_BYTES if self._session else _SMALL_LITERAL_BYTES
                continue
            if not unasked:
                await self._send("+ go on")
            async with asyncio.timeout(_IDLE_S):
                literals.append(await self._reader.readexactly(size))
            line = await self._line()
            text += line
        words = [*text.split(b" ", 2), b"", b""]
        return words[0].decode("latin-1") or "*", words[1].decode("latin-1").upper(), words[2], literals

    async def _line(self) -> bytes:
        async with asyncio.timeout(_IDLE_S):
            try:
                line: bytes = await self._reader.readline()
            except ValueError as wrong:  # longer than the reader's limit
                await self._send("* BYE the line is too long")
                raise _Gone from wrong
        if not line.endswith(b"\n"):
            raise _Gone
        return line.rstrip(b"\r\n")

    async def _send(self, line: str) -> None:
        self._writer.write(line.encode("utf-8", "replace") + b"\r\n")
        await self._writer.drain()


def _plain(text: str) -> tuple[str, str]:
    """Return name and password of a PLAIN response (RFC 4616)."""
    try:
        _, user, password = base64.b64decode(text, validate=True).decode("utf-8").split("\0")
    except (binascii.Error, UnicodeDecodeError, ValueError) as wrong:
        raise BadSyntax("that is no PLAIN response") from wrong
    return user, password

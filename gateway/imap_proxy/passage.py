"""A logged-in session passed on, both ways: bytes as they come, except where a server might carry out what we cannot see.

A server need not take a client's ``{36+}`` for a literal. One that does not reads the 36 octets as commands, unseen by
whoever trusted the count. So every literal is announced to the server as one that waits, and the server's answer decides
what the octets are.
"""

import asyncio
import logging
import math
import re
import secrets
from collections.abc import Awaitable, Callable

from gateway.door.deadline import Deadline
from gateway.imap_proxy.capabilities import WITHHELD_COMMANDS, withhold
from gateway.imap_proxy.commands import Command, Given
from gateway.imap_proxy.inquiry import Inquiry
from gateway.imap_proxy.observer import Observer
from gateway.imap_proxy.teller import Record, Teller
from gateway.imap_proxy.upstream import acknowledge
from gateway.imap_proxy.wire import Fault, Literal, Octets, Text, Wire

log = logging.getLogger(__name__)

_READ = 256 * 1024
_AHEAD = 512 * 1024  # what a server may be ahead of its client
_PARTS = 20_000  # lines and literals of one command
_AT_ONCE = 1000  # commands a client may have sent ahead of their answers
# RFC 9051 section 9: a tag has no wildcards, quotes, braces or plus; one space stands between it and the command.
_COMMAND = re.compile(rb"([!#$&',-\[\]^-z|}~]+) ([A-Za-z][A-Za-z0-9.-]*)(?= |\Z)")
_TAGGED = re.compile(rb"([^ +*]+) (?:OK|NO|BAD)(?: |\Z)", re.IGNORECASE)
_UNKNOWN = b"WITHHELD"  # a command of no server: its own words for the client, who should not have asked


class Passage:
    """One client and the server behind, from the login to the end of either.

    A command that changes something is answered to the client once ``record`` has its deed. ``keeps`` says why a command
    may not be carried out, ``ends`` why the session is over before it, or nothing. ``commands`` is what the login has read with.
    """

    def __init__(
        self,
        client: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        server: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        *,
        record: Record,
        ends: Callable[[Command], Awaitable[str]],
        keeps: Callable[[Command], str] = lambda _: "",
        commands: Wire | None = None,
        responses: Wire | None = None,
        idle_s: float = 1860.0,  # RFC 9051 section 5.4 asks for 30 minutes at least
    ) -> None:
        self._from_client, self._to_client = client
        self._from_server, self._to_server = server
        self._idle_s = idle_s
        self._teller = Teller(record, self._stop)
        self._ways: list[asyncio.Task[None]] = []
        self._silence = Deadline(asyncio.get_running_loop(), math.inf, self._stop)
        self._keeps, self._ends = keeps, ends
        self._commands = commands or Wire(from_client=True)
        self._responses = responses or Wire(from_client=False)
        self._observer = Observer()
        self._command: Command | None = None  # whose parts are coming
        self._inquiry: Inquiry | None = None
        self._quiet = asyncio.Event()  # no command of the client's is under way
        self._quiet.set()
        self._running: set[bytes] = set()  # tags that have no answer yet
        self._asked: asyncio.Future[bool] | None = None  # whether the server wants more of ``_asking``
        self._asking = b""
        self._unasked = False  # the client does not wait for the server's plus, and is not shown it
        self._idle = b""  # the tag of the IDLE that goes on
        self._skipping = False  # the rest of a command that the server has refused
        self._between = True  # the client has the last response whole

    async def run(self) -> None:
        """Pass on until one side ends, both fall silent for too long or one sends what cannot be read."""
        self._to_client.transport.set_write_buffer_limits(_AHEAD)
        self._ways = [asyncio.create_task(self._up()), asyncio.create_task(self._down())]
        try:
            done, _ = await asyncio.wait(self._ways, return_when=asyncio.FIRST_COMPLETED)
            for way in done:
                wrong = None if way.cancelled() else way.exception()  # it falls silent, or is stopped
                if wrong is not None and not self._is_cut(wrong):
                    raise wrong
        finally:
            self._silence.cancel()
            self._stop()
            await asyncio.gather(*self._ways, return_exceptions=True)
            try:
                await self._teller.end(self._observer.close())
            finally:
                # They hold on to us: both connections would wait for the collector.
                del self._teller, self._silence

    def _stop(self) -> None:
        for way in self._ways:
            way.cancel()

    def _is_cut(self, wrong: BaseException) -> bool:
        """Whether all that is wrong is that somebody has gone; uvloop says so with a RuntimeError."""
        gone = self._to_client.is_closing() or self._to_server.is_closing()
        return isinstance(wrong, OSError) or (isinstance(wrong, RuntimeError) and gone)

    async def _up(self) -> None:
        while True:
            while (event := self._commands.next_event()) is not None:
                match event:
                    case Text():
                        reason = await self._line(event)
                    case Octets():
                        reason = ""
                        acknowledge(self._to_client)
                        if not self._skipping:
                            self._part(event)
                            self._to_server.write(event.data)
                    case Fault():
                        reason = event.reason
                if reason:
                    self.end(reason)
                    return
            await self._to_server.drain()
            data = await self._read(self._from_client)
            if not data:
                return
            self._commands.receive(data)

    async def _line(self, text: Text) -> str:
        """Pass on a line of a command; return what is wrong with it, or nothing."""
        if self._skipping:
            self._skip(text.literal)
            return ""
        line = text.line
        if self._idle and text.begins:
            if line.upper() != b"DONE":
                return "IDLE is ended with DONE"
            self._to_server.write(b"DONE\r\n")
            self._idle = b""
            return ""
        if text.begins:
            if not line or line.upper() == b"DONE":
                return ""  # after a literal, or for an IDLE that the server has ended itself
            found = _COMMAND.match(line)
            if found is None:
                return "a command begins with a tag, one space and its name"
            self._asking = tag = found[1]
            if tag in self._running or len(self._running) >= _AT_ONCE:
                return "this tag is in use, or too many are"
            command = Command(tag, text.unmarked[len(tag) + 1 :])
            if reason := await self._ends(command):
                return reason
            withheld = command.verb in WITHHELD_COMMANDS
            if not withheld and (reason := self._keeps(command)):
                await self._refuse(tag, reason, text.literal)
                return ""
            if not withheld:
                await self._look_ahead(command)
            self._running.add(tag)
            self._quiet.clear()
            self._command = command
            if withheld:
                self._to_server.write(tag + b" " + _UNKNOWN + b"\r\n")
                self._skip(text.literal)
                return ""
            if found[2].upper() == b"IDLE" and text.literal is None:
                if await self._ask(line, unasked=False):
                    self._idle = tag
                return ""
        elif self._command is not None:
            self._command.more.append(text.unmarked)
        if text.literal is not None and self._command is not None:
            self._command.more.append(Given())
            if len(self._command.more) > _PARTS:
                return "a command may have so many literals only"
        if text.literal is None:
            self._to_server.write(line + b"\r\n")
        elif self._asking not in self._running:
            return "the server has answered this command already"
        elif not await self._ask(text.waiting, unasked=not text.literal.waits):
            self._skip(text.literal)
        return ""

    async def _refuse(self, tag: bytes, reason: str, literal: Literal | None) -> None:
        """Answer a command ourselves, once all before it are answered, and leave out what follows of it."""
        await self._quiet.wait()
        self._to_client.write(tag + b" NO [CANNOT] " + reason.encode("ascii", "replace") + b"\r\n")
        await self._to_client.drain()
        self._skip(literal)

    def _part(self, octets: Octets) -> None:
        if self._command is not None and isinstance(given := self._command.more[-1], Given):
            given.take(octets.data)
            if not octets.left:
                given.close()

    async def _look_ahead(self, command: Command) -> None:
        """Ask what the record needs to know before a command is carried out, and tell what stands before it."""
        if self._observer.must_wait(command):
            await self._quiet.wait()
        steps = self._observer.begin(command)
        try:
            question = next(steps)
            while True:
                question = steps.send(await self._inquire(question))
        except StopIteration as end:
            uids = end.value
        await self._teller.tell(self._observer.due(), wait=command.kind != "fetch")
        self._observer.sent(command, uids)

    async def _inquire(self, question: bytes) -> list[bytes]:
        await self._quiet.wait()
        self._inquiry = inquiry = Inquiry(b"docket-" + secrets.token_hex(8).encode())  # nobody can guess it
        self._to_server.write(inquiry.tag + b" " + question + b"\r\n")
        await self._to_server.drain()
        return await inquiry.done

    def _skip(self, literal: Literal | None) -> None:
        """Leave out what follows of a command: until its end, or until a literal that its client will not send."""
        self._skipping = literal is not None and not literal.waits
        if literal is not None and literal.waits:
            self._commands.refuse()

    async def _ask(self, line: bytes, *, unasked: bool) -> bool:
        """Send a line and wait for the server's word on it: whether it wants the command to go on."""
        self._asked = asyncio.get_running_loop().create_future()
        self._unasked = unasked
        self._to_server.write(line + b"\r\n")
        await self._to_server.drain()
        return await self._asked

    async def _down(self) -> None:
        between = True
        while True:
            passed: list[bytes] = []
            while True:
                if self._inquiry is None and (data := self._responses.skim()):
                    passed.append(data)
                    between = self._responses.is_between
                event = self._responses.next_event()
                match event:
                    case None:
                        break
                    case Text() | Octets() if self._inquiry is not None and self._inquiry.take(event):
                        if self._inquiry.done.done():
                            self._inquiry = None
                    case Text():
                        passed.append(await self._response(event))
                        between = event.ends and event.literal is None
                    case Octets():
                        passed.append(event.data)
                    case Fault():
                        log.warning("imap-server-unreadable why=%s", event.reason)
                        return
            self._to_client.writelines(passed)
            self._between = between
            await self._to_client.drain()
            data = await self._read(self._from_server)
            if not data:
                return
            self._responses.receive(data)

    async def _response(self, text: Text) -> bytes:
        """Return what the client is to see of a line, having taken notice of what it answers."""
        if not text.begins:
            return text.data
        if text.data.startswith(b"* OK ["):
            self._observer.hear(text.line)
        if text.data.startswith(b"+") and self._asked is not None:
            self._answered(wanted=True)
            return b"" if self._unasked else text.data
        if found := _TAGGED.match(text.line):
            self._running.discard(found[1])
            deeds = self._observer.end(found[1], text.line)
            await self._teller.tell(deeds, wait=any(deed.did != "opened" for deed in deeds))
            if not self._running:
                self._quiet.set()
            if found[1] == self._idle:
                self._idle = b""
            if self._asked is not None and found[1] == self._asking:
                self._answered(wanted=False)
        return withhold(text.data)

    def _answered(self, *, wanted: bool) -> None:
        if self._asked is not None and not self._asked.done():
            self._asked.set_result(wanted)
        self._asked = None

    async def _read(self, reader: asyncio.StreamReader) -> bytes:
        self._silence.allow(self._idle_s)
        return await reader.read(_READ)

    def end(self, reason: str) -> None:
        """Say why, unless the client is in the middle of a response, and pass on no more."""
        if self._between:
            self._to_client.write(b"* BYE " + reason.encode() + b"\r\n")
        self._between = False
        self._stop()

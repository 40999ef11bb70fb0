"""An agent's client before it is logged in: greeted, protected, asked for a name and a password. Nothing else is answered."""

import asyncio
import base64
import binascii
import re
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from gateway.door.doorkeeper import Login, TurnedAway, login_of
from gateway.imap_proxy.commands import readable
from gateway.imap_proxy.wire import Fault, Octets, Text, Wire
from gateway.ticket import Ticket

_READ = 4096
_LINE = 65536
_LITERAL = 4096
_ERRORS = 20
_COMMAND = re.compile(rb"([!#$&',-\[\]^-z|}~]{1,64}) ([A-Za-z]+)(?: (.*))?\Z", re.DOTALL)
_STRING = re.compile(rb'"((?:[^"\\]|\\["\\])*)"|([^\s"(){%*\\]+)')
_LITERAL_HERE = b"\0"  # stands for a literal; no line has one of its own

# The agent's ticket, and the mailbox they mean; raises TurnedAway.
Admit = Callable[[Login], Awaitable[tuple[Ticket, str]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """Who came in, by which command, and what else has been read already. ``client`` is what the program says it is."""

    ticket: Ticket
    wanted: str  # the mailbox that was named with the login, "" for none
    tag: bytes
    wire: Wire
    client: str


class Gone(Exception):
    """The client left, or was told to."""


class Entrance:
    """One client's way in; ``run`` may be called again when what came after the login failed."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        admit: Admit,
        tls: ssl.SSLContext | None,
        safe: bool,
        logins: int,
        hostname: str,
    ) -> None:
        self._reader, self._writer = reader, writer
        self._admit, self._tls, self._safe, self._logins = admit, tls, safe, logins
        self._hostname = hostname
        self._wire = Wire(from_client=True, line_limit=_LINE)
        self._client = ""
        self._failed = self._errors = 0

    async def greet(self) -> None:
        await self._say(
            b"* OK [CAPABILITY " + self._capabilities() + b"] " + self._hostname.encode() + b" Docket"
        )

    async def run(self) -> Entered:
        """Answer until somebody is let in. Raises Gone."""
        while True:
            line, literals = await self._command()
            found = _COMMAND.match(line)
            if found is None:
                await self._wrong(b"* BAD a command begins with a tag, one space and its name")
                continue
            tag, verb, rest = found[1], found[2].upper(), found[3] or b""
            match verb:
                case b"CAPABILITY":
                    await self._say(b"* CAPABILITY " + self._capabilities(), tag + b" OK Done")
                case b"NOOP":
                    await self._say(tag + b" OK Done")
                case b"ID":
                    self._client = readable(rest, 200)
                    await self._say(b"* ID NIL", tag + b" OK Done")
                case b"LOGOUT":
                    await self._say(b"* BYE Good-bye", tag + b" OK Done")
                    raise Gone
                case b"STARTTLS":
                    await self._protect(tag)
                case b"LOGIN" | b"AUTHENTICATE" if not self._safe:
                    await self._wrong(
                        tag + b" NO [PRIVACYREQUIRED] Passwords are taken over TLS only: say STARTTLS first"
                    )
                case b"LOGIN" | b"AUTHENTICATE":
                    if (entered := await self._log_in(tag, verb, rest, literals)) is not None:
                        return entered
                case _:
                    await self._wrong(tag + b" BAD Log in first")

    async def refuse(self, tag: bytes, words: str) -> None:
        """Tell a client that was let in that its mailbox cannot be reached now."""
        await self._say(tag + b" NO [UNAVAILABLE] " + words.encode("ascii", "replace"))

    def _capabilities(self) -> bytes:
        told = [b"IMAP4rev1", b"SASL-IR", b"LITERAL+", b"ID"]
        if self._tls is not None:
            told.append(b"STARTTLS")
        return b" ".join([*told, b"AUTH=PLAIN" if self._safe else b"LOGINDISABLED"])

    async def _log_in(self, tag: bytes, verb: bytes, rest: bytes, literals: list[bytes]) -> Entered | None:
        try:
            login = _by_login(rest, literals) if verb == b"LOGIN" else await self._by_plain(rest)
            if login is None:
                await self._wrong(tag + b" BAD Not what this command asks for")
                return None
            ticket, wanted = await self._admit(login)
        except TurnedAway as away:
            self._failed += 1
            code = b"UNAVAILABLE" if away.temporary else b"AUTHENTICATIONFAILED"
            await self._say(tag + b" NO [" + code + b"] " + str(away).encode())
            if self._failed >= self._logins:
                await self._say(b"* BYE Too many failed logins")
                raise Gone from away
            return None
        return Entered(ticket=ticket, wanted=wanted, tag=tag, wire=self._wire, client=self._client)

    async def _by_plain(self, rest: bytes) -> Login | None:
        mechanism, _, initial = rest.partition(b" ")
        if mechanism.upper() != b"PLAIN":
            return None
        if not initial:
            await self._say(b"+ ")
            initial, _ = await self._command()
        try:
            return login_of(base64.b64decode(initial, validate=True))
        except binascii.Error:
            return None  # "*" too, by which a client changes its mind

    async def _protect(self, tag: bytes) -> None:
        if self._tls is None:
            await self._wrong(tag + b" BAD TLS is on already, or is not offered")
            return
        await self._say(tag + b" OK Begin TLS now")
        if self._wire.holds:  # sent in the clear for after the handshake: an attacker's (CVE-2011-0411)
            raise Gone
        await self._writer.start_tls(self._tls)
        self._wire = Wire(from_client=True, line_limit=_LINE)
        self._tls, self._safe, self._client = None, True, ""

    async def _command(self) -> tuple[bytes, list[bytes]]:
        """Return a command's text, with a NUL for each of its literals, and the literals."""
        text, literals = bytearray(), list[bytes]()
        while True:
            match await self._event():
                case Text(literal=None) as part:
                    return bytes(text + part.line), literals
                case Text(literal=announced) as part if announced is not None:
                    if announced.size > _LITERAL or len(literals) >= 4:
                        await self._say(b"* BYE That is too long for a login")
                        raise Gone
                    text += part.line[: part.line.rindex(b"{")] + _LITERAL_HERE
                    literals.append(b"")
                    if announced.waits:
                        await self._say(b"+ Go on")
                case Octets() as octets:
                    literals[-1] += octets.data

    async def _event(self) -> Text | Octets:
        while True:
            event = self._wire.next_event()
            if isinstance(event, Fault):
                await self._say(b"* BYE " + event.reason.encode())
                raise Gone
            if event is not None:
                return event
            data = await self._reader.read(_READ)
            if not data:
                raise Gone
            self._wire.receive(data)

    async def _wrong(self, line: bytes) -> None:
        self._errors += 1
        await self._say(line)
        if self._errors >= _ERRORS:
            await self._say(b"* BYE Too many errors")
            raise Gone

    async def _say(self, *lines: bytes) -> None:
        self._writer.write(b"".join(line + b"\r\n" for line in lines))
        await self._writer.drain()


def _by_login(rest: bytes, literals: list[bytes]) -> Login | None:
    """Return what LOGIN's two strings say, quoted, bare or as literals."""
    words, given, place = list[bytes](), iter(literals), 0
    while place < len(rest):
        if rest[place : place + 1] == _LITERAL_HERE:
            words.append(next(given))
            place += 1
        elif found := _STRING.match(rest, place):
            quoted = found[2] is None
            words.append(
                re.sub(rb"\\(.)", rb"\1", found[1]) if quoted else found[2].partition(_LITERAL_HERE)[0]
            )
            place += len(found[0]) if quoted else len(words[-1])
        else:
            return None
        if place < len(rest) and rest[place : place + 1] != b" ":
            return None
        place += 1
    try:
        name, password = (word.decode() for word in words)
    except ValueError:  # not two, or not UTF-8
        return None
    return Login(name, password)

"""The real server behind: connected to, protected and logged in to with what the settings say. Agents' passwords never go there."""

import asyncio
import base64
import contextlib
import re
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field

from gateway.errors import Temporary
from gateway.imap_proxy.wire import Fault, Octets, Text, Wire
from gateway.relay.tls import TlsPolicy, check_password_is_safe, is_implicit, tls_context

_READ = 65536
_BUFFER = 512 * 1024  # what a server may be ahead of its client
_ANSWER_BYTES = 1024 * 1024  # of a server's before the login is done
_CAPABILITIES = re.compile(rb"(?:\* CAPABILITY |\[CAPABILITY )([^\]\r\n]*)", re.IGNORECASE)

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """A mailbox on the real server. ``secret`` gives a password, or a token where ``by_token``; it may block."""

    host: str
    port: int
    user: str
    secret: Callable[[], str] = field(repr=False)
    by_token: bool = False
    distrust: Callable[[], None] = lambda: None  # told when the server does not take a token
    tls: TlsPolicy = "required"
    ca_file: str = ""
    timeout_s: float = 60.0

    @property
    def account(self) -> str:
        """How places name it; the same as where it is captured."""
        return f"{self.user}@{self.host}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A server that has let us in, what it says it can do, and what has been read of it already."""

    streams: Streams
    wire: Wire
    capabilities: tuple[bytes, ...]


async def enter(upstream: Upstream) -> Opened:
    """Log in. Raises Temporary, whose text says which step failed and what to do."""
    try:
        async with asyncio.timeout(upstream.timeout_s):
            secret = await asyncio.to_thread(upstream.secret)
            check_password_is_safe(upstream.tls, upstream.host, upstream.user)
            context = tls_context(upstream.tls, upstream.ca_file)
            first = context if is_implicit(upstream.tls, upstream.port) else None
            name = upstream.host if first is not None else None
            streams = await asyncio.open_connection(
                upstream.host, upstream.port, limit=_BUFFER, ssl=first, server_hostname=name
            )
            try:
                return await _Entering(upstream, streams).log_in(secret, context)
            except BaseException:
                streams[1].close()
                raise
    except ssl.SSLCertVerificationError as wrong:
        raise Temporary(
            f"the certificate of {upstream.host} is not trusted: {wrong.verify_message} (setting ca_file)"
        ) from wrong
    except TimeoutError as wrong:
        raise Temporary(
            f"{upstream.host}:{upstream.port} did not answer within {upstream.timeout_s:.0f} s"
        ) from wrong
    except OSError as wrong:
        raise Temporary(f"no IMAP connection to {upstream.host}:{upstream.port}: {wrong}") from wrong


class _Entering:
    """The conversation up to the login."""

    def __init__(self, upstream: Upstream, streams: Streams) -> None:
        self._upstream, self._streams = upstream, streams
        self._wire = Wire(from_client=False)
        self._capabilities: tuple[bytes, ...] = ()
        self._read_bytes = 0
        self._count = 0

    async def log_in(self, secret: str, context: ssl.SSLContext | None) -> Opened:
        greeting = await self._line()
        if not greeting.upper().startswith(b"* OK"):
            raise self._refused("turned us away", greeting)
        self._learn(greeting)
        if not self._capabilities:
            await self._ask(b"CAPABILITY")
        if context is not None and self._streams[1].get_extra_info("ssl_object") is None:
            await self._protect(context)
        offered = tuple(one.upper() for one in self._capabilities)
        self._capabilities = ()
        answer = await self._authenticate(secret, offered)
        if not answer.upper().startswith(b"OK"):
            if self._upstream.by_token:
                await asyncio.to_thread(self._upstream.distrust)
            raise self._refused("refused our login (settings user, password_file or oauth)", answer)
        if not self._capabilities:
            await self._ask(b"CAPABILITY")
        return Opened(streams=self._streams, wire=self._wire, capabilities=self._capabilities)

    async def _protect(self, context: ssl.SSLContext) -> None:
        if b"STARTTLS" in [one.upper() for one in self._capabilities]:
            answer = await self._ask(b"STARTTLS")
            if answer.upper().startswith(b"OK"):
                self._wire = Wire(
                    from_client=False
                )  # what came before is nobody's word (RFC 9051 section 6.2.1)
                await self._streams[1].start_tls(context, server_hostname=self._upstream.host)
                self._capabilities = ()
                await self._ask(b"CAPABILITY")
                return
        if self._upstream.tls != "opportunistic":
            raise Temporary(
                f"{self._upstream.host}:{self._upstream.port} offers no STARTTLS and the setting is"
                f" tls = {self._upstream.tls!r}; no password was sent"
            )

    async def _authenticate(self, secret: str, offered: tuple[bytes, ...]) -> bytes:
        user = self._upstream.user
        if self._upstream.by_token and b"AUTH=OAUTHBEARER" in offered:  # RFC 7628
            name = user.replace("=", "=3D").replace(",", "=2C")
            return await self._sasl(b"OAUTHBEARER", f"n,a={name},\1auth=Bearer {secret}\1\1", b"\1", offered)
        if self._upstream.by_token:
            return await self._sasl(b"XOAUTH2", f"user={user}\1auth=Bearer {secret}\1\1", b"", offered)
        if b"AUTH=PLAIN" in offered:
            return await self._sasl(b"PLAIN", f"\0{user}\0{secret}", b"*", offered)
        if b"LOGINDISABLED" in offered:
            raise Temporary(
                f"{self._upstream.host} takes no password on this connection; set tls, or its port"
            )
        return await self._ask(b"LOGIN " + _quoted(user) + b" " + _quoted(secret))

    async def _sasl(self, mechanism: bytes, first: str, more: bytes, offered: tuple[bytes, ...]) -> bytes:
        """Carry out one exchange; ``more`` answers what says why we are refused."""
        initial = base64.b64encode(first.encode())
        at_once = b"SASL-IR" in offered
        replies = [base64.b64encode(more) if more != b"*" else more]
        return await self._ask(
            b"AUTHENTICATE " + mechanism + (b" " + initial if at_once else b""),
            replies=replies if at_once else [initial, *replies],
        )

    async def _ask(self, command: bytes, replies: list[bytes] | None = None) -> bytes:
        """Send a command and return its tagged answer without the tag."""
        self._count += 1
        tag = f"d{self._count}".encode()
        self._streams[1].write(tag + b" " + command + b"\r\n")
        waiting = list(replies or [])
        while True:
            line = await self._line()
            self._learn(line)
            if line.startswith(b"+"):
                self._streams[1].write((waiting.pop(0) if waiting else b"*") + b"\r\n")
            elif line.startswith(tag + b" "):
                return line[len(tag) + 1 :]

    async def _line(self) -> bytes:
        while True:
            match self._wire.next_event():
                case Text(begins=True, ends=True) as text:
                    return text.line
                case Text() | Octets():
                    continue
                case Fault(reason=reason):
                    raise Temporary(f"{self._upstream.host} cannot be understood: {reason}")
                case None:
                    pass
            data = await self._streams[0].read(_READ)
            self._read_bytes += len(data)
            if not data or self._read_bytes > _ANSWER_BYTES:
                raise Temporary(
                    f"{self._upstream.host}:{self._upstream.port} ended the connection before the login"
                )
            self._wire.receive(data)

    def _learn(self, line: bytes) -> None:
        if found := _CAPABILITIES.search(line):
            self._capabilities = tuple(found[1].split())  # as they are written: clients are told so

    def _refused(self, what: str, line: bytes) -> Temporary:
        said = line.decode("ascii", "replace")[:200]
        return Temporary(
            f"{self._upstream.host}:{self._upstream.port} {what}, user {self._upstream.user!r}: {said}"
        )


def _quoted(text: str) -> bytes:
    """Return a string as IMAP quotes it; what cannot be quoted no LOGIN can carry."""
    if not text.isascii() or any(one in text for one in "\r\n\0"):
        raise Temporary(
            "the password has characters that this server's login cannot carry (it offers no AUTH=PLAIN)"
        )
    return b'"' + text.replace("\\", "\\\\").replace('"', '\\"').encode() + b'"'


async def shut(streams: Streams) -> None:
    """Close a connection, in whatever state it is."""
    streams[1].close()
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(5):
            await streams[1].wait_closed()


def acknowledge(writer: asyncio.StreamWriter) -> None:
    """Tell a client's kernel at once what has come: many hold the line end after a literal back until they know, and ours waits 40 ms."""
    with contextlib.suppress(OSError):  # gone, or no TCP
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)

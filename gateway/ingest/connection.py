"""One client's connection: aiosmtpd's protocol with a command loop that trusts nothing and counts everything.

aiosmtpd keeps the connection, the session and the plain verbs. The loop, STARTTLS and the reading of messages are
ours: aiosmtpd 1.4.6 takes commands that end in a bare LF, logs every command, drops what a client sent before it
closed its half, and answers faults of ours with "500" and their text (docs/decisions/smtp-server.md).
"""
# ruff: noqa: N802 - aiosmtpd finds verbs by their names

import asyncio
import logging
import ssl
from asyncio import IncompleteReadError, LimitOverrunError
from typing import Any, AnyStr, cast

from aiosmtpd.smtp import SMTP

from gateway.door.deadline import Deadline
from gateway.door.throttle import peer_key
from gateway.errors import DocketError
from gateway.ingest.reply import wire_reply
from gateway.ingest.service import Service

log = logging.getLogger(__name__)

_TURN = 64  # commands a client may have answered before the others have their turn


class Connection(SMTP):
    """Greets, reads commands and answers them until either side has had enough; verbs are ``smtp_*`` methods."""

    line_length_limit = 64 * 1024  # what may wait unread; the reader pauses the client at twice this
    linger_s = 5.0  # for a peer that does not take our last line

    def __init__(self, service: Service, *, tls: ssl.SSLContext | None = None) -> None:
        loop = asyncio.get_running_loop()
        # Our hooks are methods, so the handler is ourselves: looking through any other object costs more.
        super().__init__(self, hostname=service.hostname, timeout=service.limits.command_s, loop=loop)
        self.service = service
        self.starttls_context = tls  # not aiosmtpd's ``tls_context``: STARTTLS is ours
        self.peer_ip = self.peer = self.tls = ""
        self.errors = 0
        self.closing = False
        self._goodbye = ""
        self._waits_for_us = False
        self.deadline = Deadline(loop, service.limits.connection_s, self._late)
        self._timeout_handle: Any = self.deadline  # which aiosmtpd cancels when the connection is lost

    def __dir__(self) -> list[str]:
        # aiosmtpd looks for verbs in dir(self), for every connection; the short list takes a fifth of the time.
        return _verbs(type(self))

    # connection --------------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        peername = transport.get_extra_info("peername")
        if isinstance(peername, tuple):
            self.peer_ip = peername[0]
            self.peer = (
                f"[{peername[0]}]:{peername[1]}" if ":" in peername[0] else f"{peername[0]}:{peername[1]}"
            )
        else:
            self.peer_ip = self.peer = "unix"
        self.tls = _tls_of(transport)
        super().connection_made(transport)

    def eof_received(self) -> bool:
        """Answer what came before the client closed its half; aiosmtpd would drop it, a message included."""
        self._reader.feed_eof()
        return not self.tls

    async def _handle_client(self) -> None:
        key = peer_key(self.peer_ip)
        refusal = self.service.gate.enter(key)
        try:
            if refusal:
                log.warning("event=turned_away peer=%s", self.peer)
                await self.push(f"421 4.7.0 {refusal}")
                return
            await self.write(f"220 {self.hostname} ESMTP Docket\r\n".encode())
            await self._serve()
        except OSError:
            log.info("event=connection_lost peer=%s", self.peer)
        finally:
            if not refusal:
                self.service.gate.leave(key)
            self._close()

    async def _serve(self) -> None:
        limits = self.service.limits
        for number in range(limits.commands):
            if number % _TURN == _TURN - 1:
                await asyncio.sleep(0)  # neither reading nor writing yields while commands lie ready
            self._waits_for_us = False
            self.deadline.allow(limits.command_s)
            line = await self.next_line()
            if line is None:
                return
            try:
                await self._obey(line)
            except Exception:
                if self.transport is None or self.transport.is_closing():
                    raise
                # The text of a fault may hold internals; strangers read replies.
                log.exception("event=fault peer=%s", self.peer)
                await self.push(DocketError.reply)
            if self.errors >= limits.errors and not self.closing:
                log.warning("event=too_many_errors peer=%s", self.peer)
                await self.push("421 4.7.0 Too many errors")
            if self._goodbye and not self.closing:
                await self.push(self._goodbye)
            if self.closing:
                return
        await self.push("421 4.7.0 Too many commands in one connection")

    async def next_line(self) -> bytes | None:
        """Return one line with its end; None when the client has closed or sends no line end."""
        try:
            return await self._reader.readuntil(b"\n")
        except IncompleteReadError:
            return None
        except LimitOverrunError:
            await self.push("500 5.5.2 Line too long")
            return None

    async def _obey(self, line: bytes) -> None:
        if len(line) > self.service.limits.command_bytes:
            await self.push("500 5.5.2 Line too long")
            return
        # RFC 5321 section 2.3.8: lines end with CRLF, and neither byte stands alone.
        if not line.endswith(b"\r\n") or line.count(b"\r") > 1 or b"\0" in line:
            await self.push("500 5.5.2 Line does not end with CR LF, or holds a bare CR or NUL")
            return
        try:
            verb, _, argument = line[:-2].decode().partition(" ")
        except UnicodeDecodeError:
            await self.push("500 5.5.2 Line is not UTF-8")
            return
        method = self._smtp_methods.get(verb.upper())
        if method is None:
            await self.push("500 5.5.1 Command not recognized")
            return
        await method(argument.strip(" ") or None)

    async def smtp_QUIT(self, _arg: str | None) -> None:
        await self.push("221 2.0.0 Bye")
        self.closing = True

    async def smtp_HELP(self, _arg: str | None) -> None:
        await self.push("214 2.0.0 RFC 5321 says how to talk to this server")

    async def smtp_AUTH(self, _arg: str | None) -> None:
        await self.push("502 5.5.1 AUTH is not available")

    # replies -----------------------------------------------------------------------------------------------------

    async def push(self, status: AnyStr) -> None:
        """Send one reply; errors are counted, and 421 closes the connection (RFC 5321 section 3.8)."""
        text = status if isinstance(status, str) else status.decode("ascii")
        if text[0] == "5":
            self.errors += 1
        elif text.startswith("421"):
            self.closing = True
        assert self.envelope is not None
        await self.write(wire_reply(text, utf8=self.envelope.smtp_utf8))

    async def write(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    # the end -----------------------------------------------------------------------------------------------------

    def _reset_timeout(self, duration: float | None = None) -> None:
        """Stand in for aiosmtpd's timer."""
        self.deadline.allow(duration or self._timeout_duration)

    def keep_waiting(self) -> None:
        """Hold the client to no deadline while it waits for us; the next command sets one again."""
        self._waits_for_us = True
        self.deadline.allow_beyond(2 * self.service.limits.archive_s)

    def _late(self) -> None:
        if self.transport is not None and self.transport.is_closing():
            self.transport.abort()  # type: ignore[attr-defined]
            return
        log.info("event=timeout peer=%s", self.peer)
        self.hang_up("421 4.4.2 Timeout; closing the connection")

    def hang_up(self, reply: str) -> None:
        """Say why and close, from outside the conversation."""
        if self.transport is not None and not self.transport.is_closing():
            self._writer.write(wire_reply(reply))
            self._close()

    def _close(self) -> None:
        self.closing = True
        if self.transport is not None:
            self.deadline.allow_beyond(self.linger_s)  # then a peer that does not listen is cut off
            self.transport.close()

    async def stop(self, reply: str, grace_s: float) -> None:
        """End the connection from outside: at once, or when the message it has handed over has its answer."""
        self._goodbye = reply
        if not self._waits_for_us:
            self.hang_up(reply)
        task = self._handler_coroutine
        if task is not None:
            await asyncio.wait((task,), timeout=grace_s)
        if self.transport is not None:
            self.transport.abort()  # type: ignore[attr-defined]

    # TLS ---------------------------------------------------------------------------------------------------------

    async def smtp_STARTTLS(self, arg: str | None) -> None:
        if arg:
            await self.push("501 5.5.4 Syntax: STARTTLS")
        elif self.tls:
            await self.push("503 5.5.1 TLS is already active")
        elif self.starttls_context is None:
            await self.push("502 5.5.1 TLS is not available")
        else:
            await self.push("220 2.0.0 Ready to start TLS")
            await self._start_tls(self.starttls_context)

    async def _start_tls(self, context: ssl.SSLContext) -> None:
        # What came in the clear behind STARTTLS was not said by the client we are about to know (CVE-2011-0411).
        self._reader._buffer.clear()  # type: ignore[attr-defined]  # noqa: SLF001 - as aiosmtpd does
        try:
            transport = await self.loop.start_tls(
                cast("asyncio.WriteTransport", self.transport),
                self,
                context,
                server_side=True,
                ssl_handshake_timeout=self.service.limits.handshake_s,
            )
        except OSError as failed:
            log.info("event=tls_failed peer=%s cause=%s", self.peer, failed)
            self.closing = True
            return
        assert transport is not None
        self.transport = self._reader._transport = self._writer._transport = transport  # type: ignore[attr-defined]  # noqa: SLF001
        self.tls = _tls_of(transport)
        # RFC 3207 section 4.2: everything learnt before is forgotten.
        self._set_rset_state()  # type: ignore[no-untyped-call]
        assert self.session is not None
        self.session.host_name = None
        self.session.extended_smtp = False


def _tls_of(transport: asyncio.BaseTransport) -> str:
    """Return version and cipher, such as ``TLSv1.3 TLS_AES_256_GCM_SHA384``; "" in the clear."""
    secured: Any = transport.get_extra_info("ssl_object")
    return f"{secured.version()} {secured.cipher()[0]}" if secured is not None else ""


_VERBS: dict[type, list[str]] = {}


def _verbs(kind: type) -> list[str]:
    if kind not in _VERBS:
        _VERBS[kind] = sorted({name for k in kind.__mro__ for name in vars(k) if name.startswith("smtp_")})
    return _VERBS[kind]

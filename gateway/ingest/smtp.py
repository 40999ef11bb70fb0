"""Inbound SMTP: mail for our mailboxes, from anyone; each message is durable before it is answered (RFC 5321)."""
# ruff: noqa: N802 - aiosmtpd finds verbs by their names

import logging
import re
from collections.abc import Callable
from ssl import SSLContext

from gateway.ingest.connection import Connection
from gateway.ingest.data import Body
from gateway.ingest.handover import hand_over
from gateway.ingest.path import Path, parse_path
from gateway.ingest.service import Service
from gateway.mail.entry import Envelope

log = logging.getLogger(__name__)

_MIB = 1024 * 1024
_ALL = 1 << 30  # read() then empties the buffer, so what we give back stands first
_HELO = re.compile(r"[!-~]{1,255}")
_MAIL_PARAMETERS = frozenset({"SIZE", "BODY", "SMTPUTF8", "RET", "ENVID", "AUTH"})
_RCPT_PARAMETERS = frozenset({"NOTIFY", "ORCPT"})

Knows = Callable[[str], str | None]


class SmtpConnection(Connection):
    """One transaction after the other. ``knows`` names the mailbox of an address, or None: there is no relaying."""

    source = "smtp"

    def __init__(self, service: Service, *, knows: Knows, tls: SSLContext | None = None) -> None:
        super().__init__(service, tls=tls)
        self._knows = knows
        self._messages = 0
        self._path: Path | None = None
        self._recipients: list[str] = []
        self._mailbox = ""
        self._flags: list[str] = []

    def _set_rset_state(self) -> None:
        super()._set_rset_state()  # type: ignore[no-untyped-call]
        self._path = None
        self._recipients = []
        self._mailbox = ""
        self._flags = []

    # greeting ----------------------------------------------------------------------------------------------------

    async def smtp_EHLO(self, hostname: str | None) -> None:
        await self.hello("EHLO", hostname)

    async def smtp_HELO(self, hostname: str | None) -> None:
        await self.hello("HELO", hostname)

    async def hello(self, verb: str, hostname: str | None) -> None:
        """Answer a greeting; the one reply without an enhanced code (RFC 2034 section 3)."""
        assert self.session is not None
        if not hostname or _HELO.fullmatch(hostname) is None:
            await self.push(f"501 5.5.4 Syntax: {verb} hostname")
            return
        self._set_rset_state()
        self.session.host_name = hostname
        self.session.extended_smtp = verb != "HELO"
        lines = [self.hostname, *(self.extensions() if self.session.extended_smtp else [])]
        marks = ["-"] * (len(lines) - 1) + [" "]
        await self.write(
            "".join(f"250{mark}{line}\r\n" for mark, line in zip(marks, lines, strict=True)).encode()
        )

    def extensions(self) -> list[str]:
        offered = ["PIPELINING", f"SIZE {self.service.limits.message_bytes}", "8BITMIME", "SMTPUTF8"]
        if self.starttls_context is not None and not self.tls:
            offered.append("STARTTLS")
        return [*offered, "ENHANCEDSTATUSCODES"]

    @property
    def in_transaction(self) -> bool:
        return self._path is not None

    @property
    def accepted_recipients(self) -> int:
        return len(self._recipients)

    # transaction -------------------------------------------------------------------------------------------------

    async def smtp_MAIL(self, arg: str | None) -> None:
        assert self.session is not None
        assert self.envelope is not None
        if not self.session.host_name:
            await self.push("503 5.5.1 Say hello first")
        elif self._path is not None:
            await self.push("503 5.5.1 A transaction is open; RSET ends it")
        elif self._messages >= self.service.limits.messages:
            await self.push("421 4.7.0 Too many messages in one connection")
        elif refusal := await self.may_send():
            await self.push(refusal)
        elif arg is None or arg[:5].upper() != "FROM:" or (path := parse_path(arg[5:])) is None:
            await self.push("501 5.1.7 Syntax: MAIL FROM:<address> [parameters]")
        elif wrong := self._wrong_mail(path):
            await self.push(wrong)
        else:
            self._path = path
            self.envelope.smtp_utf8 = "SMTPUTF8" in path.parameters
            self._flags = [_flag(name, value) for name, value in path.parameters.items() if name != "SIZE"]
            await self.push("250 2.1.0 Sender accepted")

    async def may_send(self) -> str:
        """Return the reply that refuses a transaction, or ""."""
        return ""

    def _wrong_mail(self, path: Path) -> str:
        given = path.parameters
        if unknown := given.keys() - _MAIL_PARAMETERS:
            return f"555 5.5.4 Parameter {min(unknown)} is not known here"
        size = given.get("SIZE", "0")
        if not (size.isascii() and size.isdigit() and len(size) <= 20):  # RFC 1870 section 4
            return "501 5.5.4 SIZE takes a number of bytes"
        if int(size) > self.service.limits.message_bytes:
            return f"552 5.3.4 Message is larger than {self.service.limits.message_bytes} bytes"
        if given.get("BODY", "7BIT").upper() not in {"7BIT", "8BITMIME"}:
            return "501 5.5.4 BODY takes 7BIT or 8BITMIME"
        if given.get("SMTPUTF8"):
            return "501 5.5.4 SMTPUTF8 takes no value"
        if not path.address.isascii() and "SMTPUTF8" not in given:
            return "550 5.6.7 A non-ASCII address needs the SMTPUTF8 parameter"  # RFC 6531 section 3.5
        return ""

    async def smtp_RCPT(self, arg: str | None) -> None:
        assert self.envelope is not None
        if self._path is None:
            await self.push("503 5.5.1 Say MAIL first")
        elif arg is None or arg[:3].upper() != "TO:" or not ((path := parse_path(arg[3:])) and path.address):
            await self.push("501 5.1.3 Syntax: RCPT TO:<address> [parameters]")
        elif unknown := path.parameters.keys() - _RCPT_PARAMETERS:
            await self.push(f"555 5.5.4 Parameter {min(unknown)} is not known here")
        elif not path.address.isascii() and not self.envelope.smtp_utf8:
            await self.push("550 5.6.7 A non-ASCII address needs the SMTPUTF8 parameter")
        elif len(self._recipients) >= self.service.limits.recipients:
            await self.push("452 4.5.3 Too many recipients; send the rest in another transaction")
        elif (mailbox := self._knows(path.address)) is None:
            await self.push("550 5.1.1 No such mailbox here")
        else:
            self._recipients.append(path.address)
            self._mailbox = self._mailbox or mailbox
            if path.parameters:
                words = " ".join(_flag(name, value) for name, value in path.parameters.items())
                self._flags.append(f"RCPT=<{path.address}> {words}")
            await self.push("250 2.1.5 Recipient accepted")

    async def smtp_DATA(self, arg: str | None) -> None:
        if arg:
            await self.push("501 5.5.4 Syntax: DATA")
        elif self._path is None:
            await self.push("503 5.5.1 Say MAIL first")
        elif not self._recipients:
            await self.push(
                "554 5.5.1 No valid recipients" if self.source == "smtp" else "503 5.5.1 Say RCPT first"
            )
        else:
            await self.push("354 End data with <CR><LF>.<CR><LF>")
            content = await self._read_message()
            if content is not None:
                raw, reply = content
                await self.answer(reply or await self._handed_over(raw))
                self._set_rset_state()

    async def answer(self, reply: str) -> None:
        """Send the fate of one message."""
        await self.push(reply)

    async def _read_message(self) -> tuple[bytes, str] | None:
        """Return the message, or "" and the reply that refuses it; None when the client is gone."""
        limits = self.service.limits
        body = Body(message_bytes=limits.message_bytes, line_bytes=limits.line_bytes)
        slowest_at = self.loop.time() + limits.data_s
        while True:
            # Each chunk buys time, but a trickle does not: the whole must keep the minimum rate.
            allowed_until = slowest_at + body.received_bytes / limits.data_bytes_per_s
            self.deadline.allow(max(0.001, min(limits.data_s, allowed_until - self.loop.time())))
            chunk = await self._reader.read(_ALL)
            if not chunk:
                log.info("event=gone_during_data peer=%s bytes=%d", self.peer, body.received_bytes)
                self.closing = True
                return None
            rest = body.feed(chunk)
            if rest is not None:
                # Commands pipelined behind the final dot go back; the buffer is empty, so they stand first again.
                self._reader._buffer[:0] = rest  # type: ignore[attr-defined]  # noqa: SLF001 - feed_data() fails after EOF
                return body.content()
            if body.received_bytes > 2 * limits.message_bytes + _MIB:
                self.hang_up("552 5.3.4 Message is too large")
                return None

    async def _handed_over(self, raw: bytes) -> str:
        if _hops(raw) > self.service.limits.hops:
            return "554 5.4.6 Too many Received fields: the message goes round in circles"
        self._messages += 1
        self.keep_waiting()
        return await hand_over(self.service, raw, self.envelope_of(raw))

    def envelope_of(self, raw: bytes) -> Envelope:  # noqa: ARG002 - submission reads it
        """Return what is known of ``raw`` apart from its bytes."""
        assert self._path is not None
        assert self.session is not None
        return Envelope(
            source=self.source,
            mail_from=self._path.address,
            rcpt_to=tuple(self._recipients),
            mailbox=self._mailbox,
            peer=self.peer,
            helo=self.session.host_name or "",
            tls=self.tls,
            trusted=self.service.is_trusted(self.peer_ip),
            received_at=self.service.clock.now(),
            flags=tuple(self._flags),
        )

    async def smtp_VRFY(self, arg: str | None) -> None:
        await self.push("252 2.5.0 Send a message and see" if arg else "501 5.5.4 Syntax: VRFY address")

    async def smtp_EXPN(self, _arg: str | None) -> None:
        await self.push("502 5.5.1 EXPN is not available")


def _flag(name: str, value: str) -> str:
    if name == "BODY":
        return value.upper()
    return f"{name}={value}" if value else name


def _hops(raw: bytes) -> int:
    header = raw[: raw.find(b"\r\n\r\n") + 1] or raw
    return (b"\r\n" + header).lower().count(b"\r\nreceived:")

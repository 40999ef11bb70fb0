"""Submission (RFC 6409): agents send answers here, each under their own name, over TLS only (RFC 8314)."""
# ruff: noqa: N802 - aiosmtpd finds verbs by their names

import logging
import re
from collections.abc import Callable
from dataclasses import replace
from email.errors import MessageError
from email.utils import parseaddr
from ssl import SSLContext

from gateway.door.doorkeeper import Doorkeeper
from gateway.door.standing import SHUT, Standing
from gateway.door.throttle import peer_key
from gateway.errors import Temporary
from gateway.ingest.authentication import Refused, admitted, credentials, prompt
from gateway.ingest.service import Service
from gateway.ingest.smtp import SmtpConnection
from gateway.mail.entry import Envelope
from gateway.ticket import Ticket

log = logging.getLogger(__name__)

# The mailbox an agent writes for, from agent, MAIL FROM and From field; "" where none fits (policy then decides).
MailboxOf = Callable[[str, str, str], str]

_FROM_FIELD = re.compile(rb"^from[ \t]*:([^\r\n]*(?:\r\n[ \t][^\r\n]*)*)", re.IGNORECASE | re.MULTILINE)
_HEADER_BYTES = 256 * 1024


class SubmissionConnection(SmtpConnection):
    """Any recipient is taken; who wrote is the login name, whatever the message says of itself."""

    source = "submission"

    def __init__(
        self,
        service: Service,
        *,
        doorkeeper: Doorkeeper,
        standing: Standing,
        mailbox_of: MailboxOf,
        tls: SSLContext | None = None,
    ) -> None:
        super().__init__(service, knows=lambda _: "", tls=tls)
        self._doorkeeper = doorkeeper
        self._standing = standing
        self._mailbox_of = mailbox_of
        self._ticket: Ticket | None = None
        self._failed_logins = 0

    def extensions(self) -> list[str]:
        return [*super().extensions(), *(["AUTH PLAIN LOGIN"] if self.tls else [])]

    async def may_send(self) -> str:
        if not self.tls:
            return "530 5.7.0 Say STARTTLS first"
        return await self._unwelcome()

    async def _unwelcome(self) -> str:
        """Return the reply to who may send nothing (RFC 4954 section 6), or ""; whose login stands no more is heard no longer."""
        if self._ticket is None:
            return "530 5.7.0 Log in first"
        try:
            if await self._standing.stands(self._ticket):
                return ""
        except Temporary as wrong:
            log.error("event=standing_not_checked peer=%s why=%s", self.peer, wrong)
            return wrong.reply
        log.warning("event=login_stands_no_more peer=%s", self.peer)
        self.closing = True
        return f"530 5.7.0 {SHUT}"

    async def smtp_AUTH(self, arg: str | None) -> None:
        assert self.session is not None
        words = arg.split() if arg else []
        if not self.tls:
            await self.push("538 5.7.11 Passwords are taken over TLS only: say STARTTLS first")
        elif not self.session.extended_smtp:
            await self.push("503 5.5.1 Say EHLO first")
        elif self._ticket is not None:
            await self.push("503 5.5.1 You are logged in")
        elif self.in_transaction:
            await self.push("503 5.5.1 A transaction is open")
        elif not 1 <= len(words) <= 2:
            await self.push("501 5.5.4 Syntax: AUTH mechanism [initial response]")
        else:
            await self._log_in(words[0].upper(), words[1] if len(words) == 2 else None)

    async def _log_in(self, mechanism: str, initial: str | None) -> None:
        try:
            login = await credentials(mechanism, initial, self._challenge)
            self.keep_waiting()
            self._ticket = await admitted(self._doorkeeper, peer_key(self.peer_ip), login)
        except Refused as refused:
            self._failed_logins += str(refused).startswith(("535", "454"))
            await self.push(str(refused))
            if self._failed_logins >= self.service.limits.logins:
                await self.push("421 4.7.0 Too many failed logins")
            return
        await self.push("235 2.7.0 Logged in")

    async def _challenge(self, text: str) -> bytes:
        await self.push(prompt(text))
        line = await self.next_line()
        if line is None or len(line) > self.service.limits.command_bytes:
            raise Refused("501 5.5.2 Line too long")
        return line.strip()

    async def _handed_over(self, raw: bytes) -> str:
        """Look once more: a message takes as long to come as its sender likes."""
        self.keep_waiting()
        return await self._unwelcome() or await super()._handed_over(raw)

    def envelope_of(self, raw: bytes) -> Envelope:
        assert self._ticket is not None
        envelope, agent = super().envelope_of(raw), self._ticket.agent
        mailbox = self._mailbox_of(agent, envelope.mail_from, header_from(raw))
        return replace(envelope, agent=agent, mailbox=mailbox)


def header_from(raw: bytes) -> str:
    r"""Return the address in the first From field as written, "" where none can be read.

    >>> header_from(b"From: Shop <help@shop.example>\r\n\r\nHello")
    'help@shop.example'
    """
    end = raw.find(b"\r\n\r\n")
    field = _FROM_FIELD.search(raw[: min(end if end >= 0 else len(raw), _HEADER_BYTES)])
    if field is None:
        return ""
    try:
        return parseaddr(field[1].decode("utf-8", "replace").replace("\r\n", ""))[1]
    except (MessageError, ValueError, IndexError):
        return ""

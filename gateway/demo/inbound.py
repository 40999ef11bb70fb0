"""The marketplace's SMTP server: it speaks, and leaves every judgement to whoever owns it."""

from collections.abc import Sequence
from typing import Protocol

from aiosmtpd.smtp import SMTP, Envelope, Session

_MOST_BYTES = 20 * 1024 * 1024


class Owner(Protocol):
    """Who decides; each method returns the SMTP reply."""

    def check_sender(self, address: str) -> str: ...
    def check_recipient(self, address: str) -> str: ...
    async def take(self, raw: bytes, mail_from: str, recipients: Sequence[str]) -> str: ...


class Inbound(SMTP):
    """One connection. Long lines pass: what is taken must be what was sent."""

    line_length_limit = 64 * 1024

    def __init__(self, owner: Owner) -> None:
        super().__init__(
            _Handler(owner),
            hostname="inbound.marketplace.example",
            ident="ESMTP",
            data_size_limit=_MOST_BYTES,
            enable_SMTPUTF8=True,
        )


class _Handler:
    """What aiosmtpd asks; the method names are its own."""

    def __init__(self, owner: Owner) -> None:
        self._owner = owner

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        del server, session
        reply = self._owner.check_sender(address)
        if reply.startswith("250"):
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return reply

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        del server, session
        reply = self._owner.check_recipient(address)
        if reply.startswith("250"):
            envelope.rcpt_tos.append(address)
            envelope.rcpt_options.extend(options)
        return reply

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        del server, session
        raw = bytes(envelope.original_content or b"")
        return await self._owner.take(raw, envelope.mail_from or "", envelope.rcpt_tos)

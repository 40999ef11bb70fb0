"""LMTP (RFC 2033): as SMTP, but from a mail server next to us, with one reply for each recipient."""
# ruff: noqa: N802 - aiosmtpd finds verbs by their names

from gateway.ingest.smtp import SmtpConnection


class LmtpConnection(SmtpConnection):
    source = "lmtp"

    async def smtp_LHLO(self, hostname: str | None) -> None:
        await self.hello("LHLO", hostname)

    async def smtp_EHLO(self, _hostname: str | None) -> None:
        await self.push("500 5.5.1 This is LMTP: say LHLO")  # RFC 2033 section 4.1

    async def smtp_HELO(self, hostname: str | None) -> None:
        await self.smtp_EHLO(hostname)

    async def answer(self, reply: str) -> None:
        """Answer once per recipient, in their order: one message, so one entry and one fate (section 4.2)."""
        for _ in range(self.accepted_recipients):
            await self.push(reply)

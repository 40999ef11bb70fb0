"""The first conversation, played against a small stand-in for Docket that is made of real parts."""

import asyncio
import ssl
from datetime import UTC, datetime

import pytest
from aiosmtpd.smtp import SMTP, AuthResult

from gateway.clock import SystemClock
from gateway.demo.conversation import REPLY, THANKS, Agent, hold_conversation
from gateway.demo.mailbox import open_mailbox
from gateway.demo.marketplace import Marketplace
from gateway.errors import Temporary
from gateway.ingest.tls import make_certificate
from gateway.relay.imap import ImapTransport
from gateway.relay.smtp import SmtpTransport

SELLER = "support@brand.example"


class Hands:
    """Hands each message on to a transport, and answers with what became of it."""

    def __init__(self, onward):
        self.onward = onward

    async def handle_DATA(self, server, session, envelope):
        raw, to = envelope.original_content, tuple(envelope.rcpt_tos)
        (one,) = await asyncio.to_thread(self.onward.send, raw, envelope.mail_from, to)
        return f"250 2.0.0 Archived 1 ({type(one).__name__})"


def only_anna(server, session, envelope, mechanism, data):
    known = (data.login, data.password) == (b"anna", b"pass phrase")
    return AuthResult(success=known, handled=known)  # unhandled: aiosmtpd says the 535


async def play(tmp_path, *, dovecot, password="pass phrase", wait_s=10.0):
    loop = asyncio.get_running_loop()
    certificate, key = make_certificate(tmp_path, names=("localhost", "127.0.0.1"), now=datetime.now(UTC))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    said = []
    async with open_mailbox({"anna": "imap"}, clock=SystemClock(), dovecot=dovecot) as box:
        mailbox = ImapTransport(box.host, box.imap_port, tls="none", user="anna", password="imap")
        inbound = await loop.create_server(lambda: SMTP(Hands(mailbox)), "127.0.0.1", 0)
        market = Marketplace(deliver_to=inbound.sockets[0].getsockname(), seller=SELLER, clock=SystemClock())
        await market.start()
        onward = SmtpTransport(*market.address, tls="none")
        submission = await loop.create_server(
            lambda: SMTP(
                Hands(onward),
                tls_context=context,
                require_starttls=True,
                authenticator=only_anna,
                auth_required=True,
            ),
            "127.0.0.1",
            0,
        )
        agent = Agent(
            address=SELLER,
            imap=(box.host, box.imap_port),
            imap_user="anna",
            imap_password="imap",
            submission=submission.sockets[0].getsockname(),
            user="anna",
            password=password,
            ca_file=str(certificate),
        )
        try:
            answer = await hold_conversation(
                market, agent, clock=SystemClock(), say=said.append, wait_s=wait_s
            )
        finally:
            await market.stop()
            for server in (inbound, submission):
                server.close()
                await server.wait_closed()
            mailbox.close()
    return answer, said


@pytest.mark.parametrize(
    "dovecot",
    [pytest.param(True, marks=pytest.mark.needs("dovecot")), False],
    ids=["dovecot", "demonstration"],
)
def test_a_buyer_writes_an_agent_answers_and_the_buyer_answers_back(tmp_path, dovecot):
    answer, said = asyncio.run(play(tmp_path, dovecot=dovecot))
    assert answer.text.replace("\r\n", "\n").startswith(REPLY)
    assert "> " in answer.text
    assert answer.mail_from == SELLER
    assert len(said) == 5
    assert "answers back" in said[-1]
    assert THANKS


def test_a_step_that_does_not_come_about_is_named(tmp_path):
    with pytest.raises(Temporary, match="answer was not taken: 535"):
        asyncio.run(play(tmp_path, dovecot=False, password="wrong"))

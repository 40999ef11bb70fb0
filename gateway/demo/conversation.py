"""The first conversation of a demonstration: a buyer writes, an agent answers from a mail client, the buyer answers back.

The agent's side does what a mail client does: it reads the mailbox by IMAP and sends by submission, with password and
STARTTLS.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP, default
from email.utils import format_datetime, make_msgid
from imaplib import IMAP4

from imapclient import IMAPClient

from gateway.clock import Clock
from gateway.demo.buyers import Order
from gateway.demo.marketplace import Answer, Marketplace
from gateway.errors import Temporary
from gateway.relay.imap_login import leave, log_in
from gateway.relay.smtp import SmtpTransport
from gateway.relay.transport import Delivered, Outcome

MUG = Order(
    marketplace="amazon",
    value="112-3141592-6535897",
    buyer="Marie",
    title="Blue ceramic mug, 350 ml",
    product="B0CX23YL4T",
)
TEAPOT = Order(
    marketplace="amazon",
    value="112-2718281-8284590",
    buyer="Paul",
    title="Cast-iron teapot, 0.8 l",
    product="B0CX24ZM5U",
)
QUESTION = (
    "Hello, the mug arrived with a damaged box and a chip in the rim. Can I have a refund or a new one?"
)
REPLY = "Dear Marie,\n\nwe are sorry about the chip. We have refunded the mug in full today; please keep it.\n\nKind regards"
THANKS = "That was quick, thank you very much!"


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """What an agent's mail client is set to: where mail is read and sent, and with which names and passwords."""

    address: str  # the support address, as the client's sender
    imap: tuple[str, int]
    imap_user: str
    imap_password: str
    submission: tuple[str, int]
    user: str
    password: str
    ca_file: str  # the certificate that the submission server shows


async def hold_conversation(
    market: Marketplace,
    agent: Agent,
    *,
    clock: Clock,
    say: Callable[[str], None] = lambda _: None,
    order: Order = MUG,
    wait_s: float = 180.0,
) -> Answer:
    """Play the conversation and return the answer as the buyer got it; ``say`` is told each step as it happens.

    Raises Temporary when a step does not come about in ``wait_s`` seconds.
    """
    known = await asyncio.to_thread(_count, agent)
    first = await market.buyer_writes(order, QUESTION)
    if not isinstance(first, Delivered):
        raise Temporary(f"the buyer's message was not taken: {first.reply}")
    say(f"{order.buyer} writes about order {order.value}: {first.reply}")
    question = await asyncio.to_thread(_wait_for_mail, agent, known, wait_s)
    say("The agent finds it in the mailbox.")
    answered = len(market.received)
    reply = _answer(question, agent, clock.now())
    outcome = (await asyncio.to_thread(_submit, agent, reply, str(reply["To"])))[0]
    if not isinstance(outcome, Delivered):
        raise Temporary(f"the agent's answer was not taken: {outcome.reply}")
    say(f"The agent answers: {outcome.reply}")
    try:
        async with asyncio.timeout(wait_s):
            got = await market.answer(answered)
    except TimeoutError as late:
        raise Temporary(f"the answer did not reach the buyer in {wait_s:.0f} s") from late
    say(f"{order.buyer} gets it from {got.mail_from}.")
    back = await market.buyer_writes(order, THANKS, answers=got)
    if not isinstance(back, Delivered):
        raise Temporary(f"the buyer's second message was not taken: {back.reply}")
    await asyncio.to_thread(_wait_for_mail, agent, known + 1, wait_s)
    say(f"{order.buyer} answers back: {back.reply}")
    return got


def _answer(question: EmailMessage, agent: Agent, at: datetime) -> EmailMessage:
    """Write what a mail client writes when a person presses Reply."""
    answer = EmailMessage(policy=SMTP)
    answer["From"] = agent.address
    answer["To"] = question["Reply-To"] or question["From"]
    answer["Subject"] = f"Re: {question['Subject']}"
    answer["Date"] = format_datetime(at)
    answer["Message-ID"] = make_msgid(domain=agent.address.rpartition("@")[2])
    answer["In-Reply-To"] = answer["References"] = question["Message-ID"]
    body = question.get_body(("plain",))
    quoted = "".join(f"> {line}\n" for line in (body.get_content() if body else "").splitlines())
    answer.set_content(f"{REPLY}\n\nOn {question['Date']}, the buyer wrote:\n{quoted}")
    return answer


def _submit(agent: Agent, mail: EmailMessage, to: str) -> tuple[Outcome, ...]:
    way = SmtpTransport(
        *agent.submission,
        tls="starttls",
        ca_file=agent.ca_file,
        user=agent.user,
        password=agent.password,
        hostname="laptop.example",
        timeout_s=30.0,
    )
    return way.send(mail.as_bytes(), agent.address, (to,))


def _count(agent: Agent) -> int:
    client = _open(agent)
    try:
        return len(client.search("ALL"))
    finally:
        leave(client)


def _wait_for_mail(agent: Agent, known: int, wait_s: float) -> EmailMessage:
    """Return the newest message once there are more than ``known``, listening by IDLE meanwhile."""
    deadline = time.monotonic() + wait_s
    client = _open(agent)
    try:
        while len(uids := client.search("ALL")) <= known:
            left = deadline - time.monotonic()
            if left <= 0:
                raise Temporary(f"no mail came into the agent's mailbox in {wait_s:.0f} s")
            client.idle()
            client.idle_check(timeout=min(left, 1.0))
            client.idle_done()
        raw = client.fetch(uids[-1:], ["BODY.PEEK[]"])[uids[-1]][b"BODY[]"]
    except IMAP4.error as wrong:
        raise Temporary(f"the agent's mailbox ended the connection: {wrong}") from wrong
    finally:
        leave(client)
    return message_from_bytes(raw, policy=default)


def _open(agent: Agent) -> IMAPClient:
    client = log_in(
        *agent.imap, tls="none", user=agent.imap_user, password=agent.imap_password, timeout_s=30.0
    )
    client.select_folder("INBOX")
    return client

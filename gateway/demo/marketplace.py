"""A small marketplace on this machine: it hides buyers behind aliases and takes answers only as real ones do.

It serves demonstrations and tests. Answers go in by SMTP and are passed to the buyer, or are refused: at once when the
sender is not approved (or later, by mail), later by mail when eBay's reference id is missing or a buyer has opted out.
What the buyer answers comes back as marketplace mail.
"""

import asyncio
import logging
import re
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as modern
from typing import Any, Literal

from gateway.clock import Clock
from gateway.demo import amazon, ebay
from gateway.demo.buyers import Order, alias_of, case_of, token_of, without_contacts
from gateway.demo.inbound import Inbound
from gateway.relay.smtp import SmtpTransport
from gateway.relay.transport import Outcome

log = logging.getLogger(__name__)

_MOST_BYTES = 10 * 1024 * 1024  # what Amazon takes in one message
_REFERENCE = re.compile(r"\[#[0-9a-f]{12}#\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One message of the seller that reached a buyer: the bytes as they came, and the words the buyer saw."""

    order: Order
    text: str
    subject: str
    message_id: str
    mail_from: str
    recipient: str
    at: datetime
    raw: bytes


class Marketplace:
    """Listens on the running loop between ``start`` and ``stop``; port 0 takes any free one (see ``address``).

    ``deliver_to`` is where its mail to the seller goes; ``seller`` the address that mail is written to; ``refuses_by``
    says how an unapproved sender learns of it; ``replies`` gives a buyer's next words to an answer, or None; ``sign`` makes
    of each mail what leaves.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        deliver_to: tuple[str, int],
        seller: str,
        clock: Clock,
        approved: Collection[str] = (),
        refuses_by: Literal["reply", "mail"] = "reply",
        opted_out: Collection[str] = (),
        replies: Callable[[Answer], str | None] = lambda _: None,
        seed: str = "docket",
        sign: Callable[[bytes], bytes] = bytes,
    ) -> None:
        self.address = (host, port)
        self.buyers: dict[str, str] = {}  # alias -> the buyer's name
        self.received: list[Answer] = []
        self.refused: list[str] = []  # why, in order
        self._arrived = asyncio.Condition()
        self._seller, self._clock, self._seed = seller, clock, seed
        self._approved = {address.lower() for address in approved or {seller}}
        self._refuses_by = refuses_by
        self._opted_out = frozenset(opted_out)
        self._replies = replies
        self._sign = sign
        self._way_in = SmtpTransport(
            *deliver_to, tls="none", hostname="mail.marketplace.example", timeout_s=30.0
        )
        self._orders: dict[str, list[Order]] = {}  # by alias
        self._numbers: dict[str, int] = {}  # messages of a buyer, by order
        self._server: asyncio.Server | None = None
        self._running: set[asyncio.Task[Any]] = set()

    async def start(self) -> None:
        host, port = self.address
        self._server = await asyncio.get_running_loop().create_server(lambda: Inbound(self), host, port)
        self.address = self._server.sockets[0].getsockname()[:2]
        log.info("marketplace-started address=%s:%d", *self.address)

    async def stop(self) -> None:
        """Stop listening and give up what is under way."""
        if self._server is not None:
            self._server.close()
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        if self._server is not None:
            await self._server.wait_closed()

    def alias(self, order: Order) -> str:
        """Return the buyer's address as the seller sees it, with Amazon's case after the +."""
        alias = alias_of(order, self._seed)
        if order.marketplace == "ebay":
            return alias
        local, _, domain = alias.partition("@")
        return f"{local}+{case_of(order, self._seed)}@{domain}"

    async def buyer_writes(
        self,
        order: Order,
        text: str,
        *,
        topic: str = "Product details",
        attachments: Sequence[tuple[str, str, bytes]] = (),
        answers: Answer | None = None,
    ) -> Outcome:
        """Send a buyer's words to the seller; returns what the seller's server said to it."""
        alias = alias_of(order, self._seed)
        self.buyers[alias] = order.buyer
        orders = self._orders.setdefault(alias, [])
        if order not in orders:
            orders.append(order)
        number = self._numbers[order.value] = self._numbers.get(order.value, 0) + 1
        shape: dict[str, Any] = {"to": self._seller, "at": self._clock.now(), "number": number}
        shape["sender"] = self.alias(order)
        words = without_contacts(text)
        if order.marketplace == "ebay":
            mail = ebay.buyer_message(order, words, answers=answers.message_id if answers else "", **shape)
        else:
            quoted = (answers.message_id, answers.text) if answers else ("", "")
            mail = amazon.buyer_message(
                order, words, topic=topic, attachments=attachments, answers=quoted, **shape
            )
        return await self._deliver(mail)

    async def opens_claim(self, order: Order) -> Outcome:
        """Send the notice of a claim on an order of Amazon's to the seller; returns what the seller's server said to it."""
        return await self._deliver(amazon.claim_opened(order, to=self._seller, at=self._clock.now()))

    async def answer(self, number: int) -> Answer:
        """Return the answer with that number (from 0), waiting until it has come."""
        async with self._arrived:
            await self._arrived.wait_for(lambda: len(self.received) > number)
        return self.received[number]

    async def settle(self) -> None:
        """Wait until every mail that is on its way to the seller has arrived or failed."""
        await asyncio.gather(*self._running)

    def check_sender(self, address: str) -> str:
        """Return the SMTP reply to MAIL FROM."""
        if self._refuses_by == "reply" and address.lower() not in self._approved:
            self.refused.append(f"sender {address}")
            return "550 5.7.1 This sender is not approved for the seller's account"
        return "250 2.1.0 OK"

    def check_recipient(self, address: str) -> str:
        """Return the SMTP reply to RCPT TO."""
        return "250 2.1.5 OK" if self._find(address) else "550 5.1.1 No such buyer"

    async def take(self, raw: bytes, mail_from: str, recipients: Sequence[str]) -> str:
        """Return the SMTP reply to a whole message; what is wrong with its content is said later, by mail."""
        if len(raw) > _MOST_BYTES:
            return "552 5.3.4 The message is larger than 10 MB"
        mail = message_from_bytes(raw, policy=modern)
        text = _text_of(mail)
        for recipient in recipients:
            order = self._find(recipient)
            if order is None:
                continue
            answer = Answer(
                order=order,
                text=without_contacts(text),
                subject=str(mail.get("Subject", "")),
                message_id=str(mail.get("Message-ID", "")),
                mail_from=mail_from,
                recipient=recipient,
                at=self._clock.now(),
                raw=raw,
            )
            bounce = self._bounce(answer, text, is_reply=mail.get("In-Reply-To") is not None)
            if bounce is not None:
                self._spawn(self._deliver(bounce))
                continue
            async with self._arrived:
                self.received.append(answer)
                self._arrived.notify_all()
            words = self._replies(answer)
            if words is not None:
                self._spawn(self.buyer_writes(order, words, answers=answer))
        return f"250 OK {token_of(self._seed, str(len(self.received)), str(self._clock.now()))[:40]}"

    def _bounce(self, answer: Answer, text: str, *, is_reply: bool) -> EmailMessage | None:
        """Return the mail that says why an answer did not reach the buyer, or None when it did."""
        order = answer.order
        alias = alias_of(order, self._seed)
        shape: dict[str, Any] = {"to": self._seller, "at": answer.at, "subject": answer.subject}
        if answer.mail_from.lower() not in self._approved:
            self.refused.append(f"sender {answer.mail_from}")
            return amazon.not_approved(sender=answer.mail_from, alias=alias, **shape)
        if order.marketplace == "ebay":
            known = {ebay.reference_of(order, n + 1) for n in range(self._numbers.get(order.value, 0))}
            if known.isdisjoint(_REFERENCE.findall(text)):
                self.refused.append(f"no reference id for {order.value}")
                return ebay.not_sent(order, **shape)
        elif order.buyer in self._opted_out and not (is_reply or "[Important]" in answer.subject):
            self.refused.append(f"opted out {order.value}")
            return amazon.opted_out(order, alias=alias, **shape)
        return None

    def _find(self, address: str) -> Order | None:
        """Return the order an address stands for: its case's, else the buyer's latest."""
        local, _, domain = address.lower().partition("@")
        buyer, _, case = local.partition("+")
        orders = self._orders.get(f"{buyer}@{domain}", [])
        named = (order for order in orders if case and case_of(order, self._seed) == case)
        return next(named, orders[-1] if orders else None)

    async def _deliver(self, mail: EmailMessage) -> Outcome:
        sender = f"{token_of(str(mail['Message-ID']))[:24]}@bounces.marketplace.example"
        outcomes = await asyncio.to_thread(
            self._way_in.send, self._sign(mail.as_bytes()), sender, (self._seller,)
        )
        log.info("marketplace-wrote outcome=%s", type(outcomes[0]).__name__.lower())
        return outcomes[0]

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)


def _text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain", "html"))
    if body is None:
        return ""
    with suppress(LookupError, ValueError):  # an unknown charset; then the bytes as they are
        return str(body.get_content()).strip()
    return bytes(body.get_payload(decode=True)).decode("utf-8", "replace").strip()

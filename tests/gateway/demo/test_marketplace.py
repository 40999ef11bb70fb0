import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP, default

import pytest

from gateway.clock import FixedClock
from gateway.demo.buyers import Order
from gateway.demo.marketplace import Marketplace
from gateway.relay.smtp import SmtpTransport
from gateway.relay.transport import Delivered, Refused
from rules.facts import Facts
from rules.marketplace import builtin
from rules.read import read
from tests.scripted import scripted

SELLER = "support@brand.example"
MUG = Order(
    marketplace="amazon",
    value="112-1234567-1234567",
    buyer="Marie",
    title="Blue mug, 350 ml",
    product="B0CX23YL4T",
)
LAMP = Order(
    marketplace="ebay", value="12-34567-89012", buyer="hiker_77", title="Desk lamp", product="197526923798"
)
CLOCK = FixedClock(datetime(2026, 11, 23, 9, 30, tzinfo=UTC))


@asynccontextmanager
async def opened(**settings):
    with scripted(script={"dot": "250 2.0.0 Archived 7"}) as docket:
        market = Marketplace(deliver_to=("127.0.0.1", docket.port), seller=SELLER, clock=CLOCK, **settings)
        await market.start()
        try:
            yield market, docket
        finally:
            await market.stop()


def mails(docket):
    return [message_from_bytes(body.replace(b"\r\n..", b"\r\n."), policy=default) for body in docket.bodies]


async def answer(market, to, text, *, mail_from=SELLER, subject="Re: your question", in_reply_to="<x@y>"):
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Subject"], mail["Message-ID"] = SELLER, to, subject, "<a1@brand.example>"
    if in_reply_to:
        mail["In-Reply-To"] = in_reply_to
    mail.set_content(text)
    way = SmtpTransport(*market.address, tls="none", timeout_s=5)
    return (await asyncio.to_thread(way.send, mail.as_bytes(), mail_from, (to,)))[0]


def test_a_buyers_words_come_in_amazons_frame():
    async def story():
        async with opened() as (market, docket):
            outcome = await market.buyer_writes(MUG, "It is chipped. Mail me: marie@home.example")
            return outcome, mails(docket)[0], docket.bodies[0]

    outcome, mail, raw = asyncio.run(story())
    assert outcome.queue_id == "7"
    assert mail["From"].addresses[0].domain == "marketplace.amazon.com"
    assert mail["X-Space-Notification-Type"] == "BBC_MESSAGE_SENT_TO_MERCHANT"
    assert mail["Subject"].endswith("inquiry from Amazon customer Marie (Order: 112-1234567-1234567)")
    assert mail.get_content_type() == "multipart/alternative"
    text = mail.get_body(("plain",)).get_content()
    begin, end = text.index("- Begin message -"), text.index("- End message -")
    assert begin < text.index("It is chipped. Mail me: [e-mail address removed]") < end
    assert "# 112-1234567-1234567:\r\n1 / Blue mug, 350 ml [ASIN: B0CX23YL4T]" in text
    assert "[commMgrTok:A" in text
    assert b"marie@home" not in raw


def test_docket_recognises_what_the_marketplaces_send():
    async def story():
        async with opened() as (market, docket):
            await market.buyer_writes(MUG, "It is chipped.")
            await market.buyer_writes(LAMP, "Does it dim?")
            return mails(docket)

    known = builtin()
    for mail, order in zip(asyncio.run(story()), (MUG, LAMP), strict=True):
        facts = Facts(
            direction="inbound",
            trusted=True,
            from_=(mail["From"].addresses[0].addr_spec,),
            subject=mail["Subject"],
            text=mail.get_body(("plain",)).get_content(),
            headers=tuple(mail.items()),
        )
        reading = read(facts, known)
        assert reading.marketplace == order.marketplace
        assert reading.alias.partition("@")[2] == facts.from_[0].partition("@")[2]
        assert {one.order.value for one in reading.orders} == {order.value}
        assert order.product in {one.value for one in reading.products}


def test_an_approved_answer_reaches_the_buyer_who_answers_back():
    async def story():
        async with opened(replies=lambda one: "Thank you!" if "refund" in one.text else None) as (
            market,
            docket,
        ):
            await market.buyer_writes(MUG, "It is chipped.")
            outcome = await answer(market, market.alias(MUG), "We refund you.\n")
            first = await market.answer(0)
            await market.settle()
            return outcome, first, mails(docket)[1]

    outcome, first, back = asyncio.run(story())
    assert isinstance(outcome, Delivered)
    assert len(outcome.queue_id) == 40
    assert (first.order, first.text, first.mail_from) == (MUG, "We refund you.", SELLER)
    assert back["In-Reply-To"] == "<a1@brand.example>"
    text = back.get_body(("plain",)).get_content()
    assert text.startswith("Thank you!")
    assert text.index("Thank you!") < text.index("- Begin message -") < text.index("We refund you.")


def test_an_unapproved_sender_is_refused_at_once_or_by_mail():
    async def story(how):
        async with opened(refuses_by=how) as (market, docket):
            await market.buyer_writes(MUG, "It is chipped.")
            outcome = await answer(market, market.alias(MUG), "Hi", mail_from="anna@brand.example")
            await market.settle()
            return outcome, market.received, market.refused, mails(docket)[1:]

    outcome, received, refused, _ = asyncio.run(story("reply"))
    assert isinstance(outcome, Refused)
    assert (received, refused) == ([], ["sender anna@brand.example"])
    outcome, received, refused, bounces = asyncio.run(story("mail"))
    assert isinstance(outcome, Delivered)
    assert (received, refused) == ([], ["sender anna@brand.example"])
    assert "not an approved sender" in bounces[0].get_content()


def test_ebay_takes_an_answer_only_with_one_of_its_reference_ids():
    async def story():
        async with opened() as (market, docket):
            await market.buyer_writes(LAMP, "Does it dim?")
            text = mails(docket)[0].get_body(("plain",)).get_content()
            reference = next(line for line in text.splitlines() if line.startswith("Email reference id: [#"))
            await answer(market, market.alias(LAMP), "It does.\n")
            await market.settle()
            await answer(market, market.alias(LAMP), f"It does.\n> {reference}\n")
            return market.received, mails(docket)

    received, (question, bounce) = asyncio.run(story())
    assert question["From"].addresses[0].domain == "members.ebay.com"
    assert "12-34567-89012" in question.get_body(("plain",)).get_content()
    assert "was not sent" in bounce["Subject"]
    assert len(received) == 1


@pytest.mark.parametrize(
    "subject, in_reply_to, passes",
    [("Hello", "", False), ("Re: x", "<x@y>", True), ("[Important] delivery date", "", True)],
)
def test_a_buyer_who_opted_out_gets_only_replies_and_critical_messages(subject, in_reply_to, passes):
    async def story():
        async with opened(opted_out=["Marie"]) as (market, docket):
            await market.buyer_writes(MUG, "It is chipped.")
            await answer(market, market.alias(MUG), "Hi", subject=subject, in_reply_to=in_reply_to)
            await market.settle()
            return market, mails(docket)[1:]

    market, bounces = asyncio.run(story())
    assert len(market.received) == passes
    if not passes:
        assert bounces[0]["X-Space-Notification-Type"] == "BUYER_OPTED_OUT_BSM_MESSAGES"
        assert f"mailto:{next(iter(market.buyers))}" in bounces[0].get_body(("plain",)).get_content()


def test_one_buyer_has_one_alias_and_each_order_a_case_of_its_own():
    second = Order(
        marketplace="amazon", value="113-7654321-7654321", buyer="Marie", title="Plate", product="B0CX23YL4U"
    )

    async def story():
        async with opened() as (market, docket):
            await market.buyer_writes(MUG, "one")
            await market.buyer_writes(second, "two")
            await answer(market, market.alias(MUG), "first\n")
            await answer(market, next(iter(market.buyers)), "which?\n")
            nobody = await answer(market, "nobody@marketplace.amazon.com", "who?\n")
            return market, [mail["From"].addresses[0].addr_spec for mail in mails(docket)], nobody

    market, senders, nobody = asyncio.run(story())
    assert len(market.buyers) == 1
    assert senders[0].partition("+")[0] == senders[1].partition("+")[0]
    assert senders[0] != senders[1]
    assert [one.order for one in market.received] == [MUG, second]
    assert isinstance(nobody, Refused)

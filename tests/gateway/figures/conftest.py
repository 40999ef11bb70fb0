"""A house with a month in it: answers in time and late, two messages answered at once, one that came back, a word that none is needed."""

from datetime import timedelta

import pytest

from gateway.mail.canonical import canonical
from gateway.mail.entry import Draft
from tests.small_house import MAILBOX, build_house, close, mail, seed

LATE, BACK, MARKED = "302-1111111-2222222", "302-3333333-4444444", "302-5555555-6666666"
HOUR = timedelta(hours=1)
DSN = """From: MAILER-DAEMON@amazonses.com
To: {to}
Subject: Delivery Status Notification (Failure)
Message-ID: <bounce@amazonses.com>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: text/plain

Your message could not be delivered.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; amazonses.com

Final-Recipient: rfc822; back@marketplace.amazon.de
Action: failed
Status: 5.1.1
--b
Content-Type: message/rfc822-headers

Message-ID: <back-a@mail.example>
--b--
""".replace("\n", "\r\n")


def ask(house, buyer, order, name):
    address = f"{buyer}@marketplace.amazon.de"
    raw = mail(f"Frage zu {order}", f"Bestellung {order}", from_=address, message_id=name)
    return house.take(raw, mail_from=address)


def answer(house, buyer, order, name, to, text="Gern.", agent="ben"):
    raw = mail(f"Re: {order}", text, from_=MAILBOX, to=f"{buyer}@marketplace.amazon.de",
               message_id=name, In_Reply_To=f"<{to}@mail.example>")  # fmt: skip
    return house.take(
        raw, source="submission", agent=agent, mail_from=MAILBOX, rcpt_to=(f"{buyer}@marketplace.amazon.de",)
    )


@pytest.fixture(scope="module")
def month(tmp_path_factory):
    house = build_house(tmp_path_factory.mktemp("month"))
    house.seqs = seed(
        house
    )  # answered in 3 h 12 min by anna; the last message, a thanks, waits since the 25th
    ask(house, "late", LATE, "late-1")
    house.clock.at += 5 * HOUR
    ask(house, "late", LATE, "late-2")
    house.clock.at += 25 * HOUR
    answer(house, "late", LATE, "late-a", "late-2")
    ask(house, "back", BACK, "back-1")
    house.clock.at += HOUR
    answer(house, "back", BACK, "back-a", "back-1")
    house.clock.at += HOUR
    house.take(DSN.format(to=MAILBOX).encode(), mail_from="")
    marked = ask(house, "marked", MARKED, "marked-1")
    word = {"of": marked, "clock": "reply", "as": "no answer needed", "agent": "anna"}
    house.act(Draft(type="mark", payload=canonical(word), meta={}))
    answer(
        house,
        "late",
        LATE,
        "late-b",
        "late-2",
        text="Write to me: ben@private.example, https://evil.example/",
    )
    house.clock.at += HOUR
    gap = {"account": "a", "folder": "INBOX", "mailbox": MAILBOX}
    house.act(Draft(type="capture", payload=canonical(gap), meta={}))
    for begin, end in (("10:00", "11:00"), ("10:30", "11:30"), ("12:00", "12:15")):
        span = {"begin": f"2026-11-28T{begin}:00+00:00", "end": f"2026-11-28T{end}:00+00:00", "why": "x"}
        house.act(Draft(type="gap", payload=canonical({**gap, **span}), meta={}))
    house.clock.at += 48 * HOUR
    yield house
    close(house)

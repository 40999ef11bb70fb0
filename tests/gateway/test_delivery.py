"""One job's way out: which copy leaves by which way, and what is archived of it."""

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from typing import Any

import msgspec
import pytest

from gateway.aftermath import Course, outcome_payload
from gateway.briefing import Known
from gateway.delivery import Post, Sent, carry
from gateway.errors import ArchiveBroken
from gateway.mail.entry import Entry, Envelope
from gateway.relay.outcomes import outcomes_of
from gateway.relay.smtp import SmtpTransport
from gateway.relay.transport import Deferred, Delivered, Refused, Unknown
from gateway.store.records import JobRow, LinkRow, MessageRow
from rules.facts import Link, OrderRef
from tests.sink import sink
from tests.small_house import BUYER, MAILBOX, ORDER, mail

AT = datetime(2026, 11, 23, 18, tzinfo=UTC)
SENDER = "approved@brand.example"


@dataclass
class Way:
    """A way out that keeps what it was given and says what it is told to say."""

    answer: Any = None
    taken: list[tuple[bytes, str, tuple[str, ...]]] = field(default_factory=list)

    def send(self, raw, mail_from, recipients):
        if isinstance(self.answer, Exception):
            raise self.answer
        self.taken.append((raw, mail_from, recipients))
        return self.answer or (Delivered(recipients=recipients, reply="250 2.0.0 Ok"),)

    def close(self):
        pass


def entry(raw, **known):
    envelope = {"source": "smtp", "mail_from": BUYER, "rcpt_to": (MAILBOX,), "mailbox": MAILBOX}
    meta = msgspec.to_builtins(Envelope(received_at=AT, **{**envelope, **known}))
    return Entry(log=0, seq=7, id="01TRACE", type="mail.in", at=AT, leaf=b"{}", payload=raw, meta=meta)


def row(raw, direction="inbound"):
    return MessageRow(
        seq=7, type="mail.in", id="01TRACE", direction=direction, source="smtp", mailbox=MAILBOX, agent="anna",
        received_at=AT, occurred_at=AT, occurred_from="smtp", from_=(("Maria", BUYER),), to=(("", MAILBOX),), cc=(),
        subject="Question", message_id="q1@mail.example", refers_to=(), size_bytes=len(raw), sha256="", twin=b"",
        attachments=(), defects=(), sealed_text=b"", tags=("claim",), marketplace="amazon",
    )  # fmt: skip


def job(kind, *recipients, **task):
    return JobRow(
        message=7,
        number=0,
        kind=kind,
        task={"mailbox": MAILBOX, "recipients": list(recipients), **task},
        attempts=1,
    )


def posts(deliver=None, relay=None):
    return {MAILBOX: Post(address=MAILBOX, name="Brand Support", sender=SENDER, deliver=deliver, relay=relay)}


def run(work, raw, boxes, checked=None, **known):
    link = Link(order=OrderRef(marketplace="amazon", value=ORDER), method="stated", confidence="certain", reason="r")  # fmt: skip
    links = [LinkRow(message=7, link=link, by=8), LinkRow(message=7, link=link, by=9, undone_by=10)]
    known_of = Known(row(raw), links, checked)
    return carry(work, entry(raw, **known), known_of, boxes, hostname="docket.example", now=AT)


def test_what_is_delivered_is_the_message_as_it_came_after_our_stamps():
    raw, way = mail("Question", "Hello"), Way()
    sent = run(job("deliver", MAILBOX), raw, posts(deliver=way))
    ((copy, mail_from, to),) = way.taken
    assert copy.endswith(raw)
    head = message_from_bytes(copy, policy=policy.default)
    assert head["X-Docket-Order"].count(ORDER) == 1  # a link that was taken back is not stamped
    assert (mail_from, to) == (BUYER, (MAILBOX,))
    assert sent.open == ()


def test_what_is_relayed_comes_from_the_approved_sender_with_nothing_internal_in_it():
    raw = mail("Re: Question", "Hello", from_=f"Anna Brandt <{MAILBOX}>", to=BUYER, X_Docket_Order=ORDER)
    way = Way()
    sent = run(job("relay", BUYER), raw, posts(relay=way), source="submission", agent="anna")
    ((copy, mail_from, to),) = way.taken
    head = message_from_bytes(copy, policy=policy.default)
    assert mail_from == head["from"].addresses[0].addr_spec == SENDER
    assert to == (BUYER,)
    assert b"Anna" not in copy
    assert "X-Docket-Order" not in head
    assert copy.startswith(sent.headers.encode())
    assert f'From: "Brand Support" <{SENDER}>' in sent.headers


def test_a_forwarded_copy_leaves_by_the_relay():
    deliver, relay = Way(), Way()
    run(job("deliver", "tax@brand.example", forward=True), mail("Q", "x"), posts(deliver, relay))
    assert deliver.taken == []
    assert [(mail_from, to) for _, mail_from, to in relay.taken] == [(SENDER, ("tax@brand.example",))]


def test_a_real_server_takes_the_very_bytes_whose_hash_is_archived():
    raw = mail("Re", "x", from_=MAILBOX, to=BUYER).replace(b"\n", b"\r\n")
    with sink() as server:
        way = SmtpTransport("127.0.0.1", server.port, tls="none", timeout_s=10)
        sent = run(job("relay", BUYER), raw, posts(relay=way), source="submission")  # fmt: skip
    (taken,) = server.taken
    assert hashlib.sha256(taken.raw).hexdigest() == sent.sha256
    (one,) = sent.outcomes
    assert (one.queue_id, one.recipients) == ("SINK1", (BUYER,))


@pytest.mark.parametrize(
    ("work", "boxes", "kind", "words"),
    [
        (job("deliver", MAILBOX), {}, Refused, "no mailbox"),
        (job("relay", BUYER), posts(), Refused, "no way out"),
        (job("deliver", "tax@brand.example", forward=True), posts(deliver=Way()), Refused, "no way out"),
        (job("deliver", MAILBOX), posts(), Delivered, "in the archive only"),
        (job("notify", "boss@brand.example", text=""), posts(deliver=Way()), Refused, "no way to this address"),
        (job("deliver", MAILBOX), posts(deliver=Way(RuntimeError("boom"))), Deferred, "Local error"),
    ],
    ids=["no such mailbox", "no relay", "no relay to forward by", "no delivery", "nobody to tell", "a fault of ours"],
)  # fmt: skip
def test_a_way_that_is_not_there_is_an_outcome_in_words(work, boxes, kind, words):
    (one,) = run(work, mail("Q", "x"), boxes).outcomes
    assert isinstance(one, kind)
    assert words in one.reply
    assert one.recipients == tuple(work.task["recipients"])


def test_only_a_broken_archive_is_raised():
    with pytest.raises(ArchiveBroken):
        run(job("deliver", MAILBOX), mail("Q", "x"), posts(deliver=Way(ArchiveBroken("fsync"))))


A, B, C = "a@m.example", "b@m.example", "c@m.example"
TOOK = Delivered(recipients=(A,), reply="250 ok", queue_id="Q", remote="mx:25", tls="TLSv1.3")
LATER = Deferred(recipients=(B,), reply="451 later")
NEVER = Refused(recipients=(C,), reply="550 no")
MAYBE = Unknown(recipients=(B,), reply="451 gone")


@pytest.mark.parametrize(
    ("kind", "outcomes", "next_at", "expected"),
    [
        ("relay", (TOOK,), None, (True, False, [], [])),
        ("relay", (TOOK, LATER), AT, (False, False, [B], [])),
        ("relay", (MAYBE,), AT, (False, False, [B], [])),
        ("relay", (TOOK, LATER), None, (True, True, [], ["report"])),
        ("relay", (MAYBE,), None, (True, True, [], ["report"])),
        ("relay", (LATER, NEVER), AT, (False, False, [B], ["report"])),
        ("relay", (NEVER,), None, (True, True, [], ["report"])),
        ("deliver", (NEVER,), None, (True, True, [], [])),
        ("report", (NEVER,), None, (True, True, [], [])),
    ],
    ids=[
        "taken",
        "one of two taken, the other tried again",
        "an unclear end is tried again",
        "the time is up",
        "the time is up and nobody knows",
        "one refused is reported while another is tried",
        "refused",
        "a refused delivery is the people in charge's matter",
        "no report tells of a report",
    ],
)
def test_an_attempt_is_archived_with_what_follows_from_it(kind, outcomes, next_at, expected):
    payload = outcome_payload(job(kind, A, B, C), Sent(outcomes=outcomes), Course(next_at=next_at), MAILBOX)
    found = payload["final"], payload["failed"], payload["remaining"], [j["kind"] for j in payload["jobs"]]
    assert found == expected
    assert payload["next_at"] == (next_at.isoformat() if next_at else None)
    assert outcomes_of(payload["outcomes"]) == outcomes
    for teller in payload["jobs"]:
        assert teller["task"]["recipients"] == [MAILBOX]
        told = outcomes_of(teller["task"]["outcomes"])
        assert {type(one) for one in told} <= {Refused, Deferred, Unknown}


def test_inbound_mail_that_is_lost_asks_once_whom_to_tell():
    asked = []
    outcome_payload(
        job("deliver", A), Sent(outcomes=(NEVER,)), Course(next_at=None), None, lambda: asked.append(1)
    )
    outcome_payload(
        job("deliver", A), Sent(outcomes=(TOOK,)), Course(next_at=None), None, lambda: asked.append(2)
    )
    outcome_payload(job("deliver", A), Sent(outcomes=(LATER,)), Course(next_at=AT + timedelta(1)), None, lambda: asked.append(3))  # fmt: skip
    assert asked == [1]


def test_a_report_goes_into_the_mailbox_and_names_the_recipient_and_the_answer():
    way = Way()
    failed = outcome_payload(job("relay", C), Sent(outcomes=(NEVER,)), Course(next_at=None), MAILBOX)
    (report,) = failed["jobs"]
    work = JobRow(message=7, number=report["number"], kind="report", task=report["task"], attempts=1)
    run(work, mail("Re: Question", "Hello"), posts(deliver=way), source="submission")
    ((raw, mail_from, to),) = way.taken
    assert (mail_from, to) == ("", (MAILBOX,))
    told = message_from_bytes(raw, policy=policy.default)
    assert told.get_content_type() == "multipart/report"
    assert C.encode() in raw
    assert b"550 no" in raw

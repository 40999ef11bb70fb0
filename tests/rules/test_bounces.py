"""What a bounce tells, over the shapes that mail servers write; and that nothing else is taken for one."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mail.entry import Envelope
from gateway.mail.parse import parse
from gateway.shape import facts_of, refers_to
from rules.bounces import bounce_of
from rules.facts import Facts, Reading
from tests.rules.bounce_mails import BOUNCES, BUYER, NONE, SENT, TRACE

AT = datetime(2026, 11, 23, 9, tzinfo=UTC)
WIRE = Envelope(source="smtp", mail_from="", received_at=AT)
PERSON = Envelope(source="smtp", mail_from="somebody@example.org", received_at=AT)
FETCHED = Envelope(source="fetch", live=True, received_at=AT)


def told(raw, kind="", envelope=WIRE):
    return bounce_of(facts_of(parse(raw), envelope, outbound=False), Reading(kind=kind))


def letter(body, *, from_="MAILER-DAEMON@mx.example", subject="Undelivered", fields=""):
    return f"From: {from_}\r\nSubject: {subject}\r\n{fields}In-Reply-To: <{SENT}>\r\n\r\n{body}\r\n".encode()


@pytest.mark.parametrize("name", BOUNCES)
def test_a_bounce_tells_what_it_returns_whom_it_missed_and_why(name):
    raw, ids, addresses, status, word = BOUNCES[name]
    found = told(raw)
    assert found is not None
    assert (set(ids) <= set(found.ids), found.addresses, found.status) == (True, addresses, status), found
    assert word in found.said


@pytest.mark.parametrize("name", NONE)
def test_what_merely_looks_like_one_is_none(name):
    assert told(NONE[name], envelope=PERSON) is None


@pytest.mark.parametrize("envelope", [WIRE, FETCHED, PERSON])
@pytest.mark.parametrize(
    "raw",
    [
        letter("I am travelling and cannot be reached until Monday.", from_="k@gmail.example", subject="Automatic reply: lamp", fields="Return-Path: <>\r\n"),
        letter("Je suis absent, votre message n'a pas pu être traité.", from_="k@free.example", subject="Re: lampe", fields="Return-Path: <>\r\n"),
        letter("Out until Monday, cannot be reached; write to bob@corp.example.", from_="k@corp.example", subject="Out of Office", fields="Return-Path: <>\r\n"),
        letter("The parcel was not delivered yesterday.", from_="postmaster@buyer.example", subject="Re: lamp"),
        letter("Votre message à a@x.example n'a pas pu être remis pour le moment. De nouvelles tentatives suivront."),
        letter("No se ha podido entregar todavía a a@x.example; se seguirá intentando."),
        letter("It could not be delivered so far to a@x.example; we'll retry for 45 hours."),
    ],
)  # fmt: skip
def test_absence_people_and_delay_are_none(raw, envelope):
    assert told(raw, envelope=envelope) is None


@pytest.mark.parametrize("action", ["delayed", "delivered", "relayed", "failed"])
def test_a_report_that_no_reader_can_read_counts_only_where_its_words_say_so(action):
    words = {"failed": "could not be delivered to b@x.example", "delayed": "has been delayed"}.get(
        action, "was successfully delivered"
    )
    import base64

    status = base64.encodebytes(
        f"Final-Recipient: rfc822; b@x.example\r\nAction: {action}\r\n".encode()
    ).decode()
    raw = (
        "From: mailer-daemon@x.example\r\nSubject: Report\r\nMIME-Version: 1.0\r\n"
        f"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n\r\nYour message {words}.\r\n"
        f"--b\r\nContent-Type: message/delivery-status\r\nContent-Transfer-Encoding: base64\r\n\r\n{status}\r\n--b--\r\n"
    ).encode()
    assert (told(raw) is not None) == (action == "failed")


def test_one_failure_among_many_groups_counts_with_and_without_lines_between_them():
    groups = [f"Final-Recipient: rfc822; b{n}@x.example\r\nAction: delivered\r\n" for n in range(30)]
    groups.append("Final-Recipient: rfc822; last@x.example\r\nAction: failed\r\n")
    for between in ("\r\n", ""):
        found = told(letter("\r\n" + between.join(groups)))
        assert found.addresses == ("last@x.example",)


def test_the_null_sender_of_the_wire_is_a_program_s():
    raw = letter(
        "Delivery to b@x.example failed: 554 rejected", from_="gateway@corp.example", subject="Report"
    )
    assert told(raw).addresses == ("b@x.example",)
    assert told(raw, envelope=PERSON) is None


def test_a_marketplace_s_refusal_is_one_whoever_sends_it():
    raw = f"From: auto-communication@amazon.com\r\nSubject: x\r\n\r\nThe buyer has opted out. mailto:{BUYER}\r\n".encode()
    assert told(raw) is None
    found = told(raw, kind="not_delivered")
    assert (found.addresses, "opted out" in found.said) == ((BUYER,), True)


def test_what_is_ours_is_none():
    raw = BOUNCES["qmail"][0]
    assert bounce_of(facts_of(parse(raw), WIRE, outbound=True), Reading()) is None


@pytest.mark.parametrize(
    "suffix", ["-500-notify", "-1000-alert", "-699-returned", "-failed-0123456789abcdef"]
)
def test_a_notice_of_ours_that_came_back_takes_no_answer_back(suffix):
    raw = BOUNCES["postfix, the whole message"][0].replace(
        SENT.encode(), f"{TRACE}{suffix}@docket.brand.example".encode()
    )
    assert told(raw) is None


def test_a_report_answers_the_message_that_it_returns():
    assert refers_to(parse(BOUNCES["postfix, the whole message"][0])) == (SENT,)
    assert refers_to(parse(BOUNCES["postfix, headers alone"][0])) == (SENT,)
    forwarded = BOUNCES["postfix, the whole message"][0].replace(b"multipart/report", b"multipart/mixed")
    assert refers_to(parse(forwarded)) == ()


@given(st.text(max_size=2000), st.sampled_from(["", "not_delivered"]), st.booleans())
def test_any_text_is_read(text, kind, daemon):
    facts = Facts(
        direction="inbound",
        from_=("mailer-daemon@x.example",) if daemon else (),
        subject=text[:50],
        text=text,
    )
    found = bounce_of(facts, Reading(kind=kind))
    if found is not None:
        assert len(found.addresses) <= 20
        assert "\n" not in found.said

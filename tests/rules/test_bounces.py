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

WIRE = Envelope(source="smtp", mail_from="", received_at=datetime(2026, 11, 23, 9, tzinfo=UTC))


def told(raw, kind=""):
    return bounce_of(facts_of(parse(raw), WIRE, outbound=False), Reading(kind=kind))


@pytest.mark.parametrize("name", BOUNCES)
def test_a_bounce_tells_what_it_returns_whom_it_missed_and_why(name):
    raw, ids, addresses, status, word = BOUNCES[name]
    found = told(raw)
    assert found is not None
    assert (set(ids) <= set(found.ids), found.addresses, found.status) == (True, addresses, status), found
    assert word in found.said


@pytest.mark.parametrize("name", NONE)
def test_what_merely_looks_like_one_is_none(name):
    assert told(NONE[name]) is None


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

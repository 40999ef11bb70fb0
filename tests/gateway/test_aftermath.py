"""What follows an attempt: the next one, a person's decision, a word to the writer, or the end."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from gateway.aftermath import Course, Patience, course_of, outcome_payload
from gateway.delivery import Sent
from gateway.relay.outcomes import outcomes_of
from gateway.relay.transport import Deferred, Delivered, Refused, Unknown
from gateway.store.records import JobRow

SINCE = datetime(2026, 11, 23, 18, tzinfo=UTC)
BUYER, BOX = "b@m.example", "support@brand.example"
LATER, MAYBE = (
    Deferred(recipients=(BUYER,), reply="451 later"),
    Unknown(recipients=(BUYER,), reply="451 gone"),
)
TOOK, NEVER = Delivered(recipients=(BUYER,), reply="250 ok"), Refused(recipients=(BUYER,), reply="550 no")
PATIENCE = Patience(retry=lambda tries, now, _: now + timedelta(minutes=30) if tries < 4 else None)


def job(kind="relay", attempts=1, **task):
    known = {"mailbox": BOX, "recipients": [BUYER], **task}
    return JobRow(message=7, number=0, kind=kind, task=known, attempts=attempts, next_at=SINCE)


def course(one, outcome, minutes=1, *, asks=False):
    now = SINCE + timedelta(minutes=minutes)
    sent = Sent(outcomes=(outcome,))
    return course_of(one, sent, PATIENCE, since=SINCE, asks=asks, now=now, rng=random.Random(1)), sent


def minutes(at):
    return (at - SINCE) / timedelta(minutes=1)


@pytest.mark.parametrize("outcome", [TOOK, NEVER])
def test_what_is_settled_is_not_tried_again(outcome):
    assert course(job(), outcome)[0] == Course(next_at=None)


def test_what_waits_is_tried_by_the_schedule_until_it_ends():
    assert minutes(course(job(), LATER)[0].next_at) == 31
    assert course(job(attempts=4), LATER)[0].next_at is None


def test_an_hour_after_it_came_a_message_is_tried_once_more_and_its_writer_is_told_once():
    assert minutes(course(job(attempts=2), LATER, 40)[0].next_at) == 60
    late, sent = course(job(attempts=3), LATER, 60)
    assert (minutes(late.next_at), minutes(late.until), late.noted) == (90, 24 * 60, {"warned": True})
    payload = outcome_payload(job(attempts=3), sent, late, BOX)
    (report,) = payload["jobs"]
    assert (report["kind"], report["task"]["recipients"]) == ("report", [BOX])
    assert report["task"]["until"] == (SINCE + timedelta(hours=24)).isoformat()
    assert (payload["final"], payload["failed"]) == (False, False)
    assert course(job(attempts=3, warned=True), LATER, 70)[0].until is None


def test_only_answers_are_told_of_as_late():
    assert course(job("deliver", attempts=3), LATER, 90)[0].until is None


def test_nobody_is_told_where_the_settings_say_so():
    sent = Sent(outcomes=(LATER,))
    silent = Patience(retry=PATIENCE.retry, warn_after=timedelta(0))
    found = course_of(
        job(), sent, silent, since=SINCE, asks=False, now=SINCE + timedelta(hours=9), rng=random.Random(1)
    )
    assert (found.until, found.noted) == (None, {})


def test_an_unclear_end_is_tried_once_more_and_then_a_person_is_asked():
    first, _ = course(job(), MAYBE)
    assert (minutes(first.next_at), first.held, first.noted) == (11, False, {"unclear": True})
    second, sent = course(job(attempts=2, unclear=True), MAYBE, 11)
    assert second.held
    payload = outcome_payload(job(attempts=2), sent, second, BOX)
    assert (payload["held"], payload["final"], payload["remaining"]) == (True, False, [BUYER])
    assert outcomes_of(payload["jobs"][0]["task"]["outcomes"]) == (MAYBE,)


def test_a_way_out_may_be_set_to_ask_at_once():
    assert course(job(), MAYBE, asks=True)[0].held
    assert not course(job("deliver"), MAYBE, asks=True)[0].held


def test_a_person_s_retry_begins_the_schedule_anew():
    assert course(job(attempts=9, tried=8), LATER)[0].next_at is not None
    assert course(job(attempts=9), LATER)[0].next_at is None

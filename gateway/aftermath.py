"""After an attempt: when the next one is, whether a person must say so first, and who is told. Pure; what comes of it is archived.

An answer that waits is worth a word to its writer after an hour, for buyers count hours. Where the connection broke after the
last byte nobody can say whether it arrived (RFC 1047): it is tried once more, after a pause in which the marketplace's copy
may come, and then a person is asked; or at once, where the way out is set so.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from gateway.alerts import Alert
from gateway.delivery import Post, Sent
from gateway.relay.backoff import GIVE_UP_HOURS, next_try
from gateway.relay.outcomes import plain_of
from gateway.relay.transport import Deferred, Unknown
from gateway.store.records import JobRow, MessageRow

_PAUSE = timedelta(minutes=10)
_RNG = random.Random()  # noqa: S311 - jitter, not secrecy


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long mail is tried. ``retry`` is given the attempts made, the time and randomness; ``warn_after`` zero is never."""

    retry: Callable[[int, datetime, random.Random], datetime | None] = next_try
    warn_after: timedelta = timedelta(hours=1)
    give_up: timedelta = timedelta(hours=GIVE_UP_HOURS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What follows: the next attempt, or none; ``held`` until a person says so; ``noted`` on the job, for later attempts.

    ``until`` is told to the writer of a message that waits: then it is given up.
    """

    next_at: datetime | None
    held: bool = False
    noted: dict[str, Any] = field(default_factory=dict)
    until: datetime | None = None


def record_of(
    job: JobRow,
    sent: Sent,
    row: MessageRow,
    post: Post | None,
    patience: Patience,
    *,
    now: datetime,
    alert: Callable[[], Alert | None],
) -> dict[str, Any]:
    """Return what an attempt's entry says: its outcomes and what follows. ``row`` is the message, ``post`` its mailbox's ways."""
    asks = post is not None and post.unknown == "ask"
    course = course_of(job, sent, patience, since=row.received_at, asks=asks, now=now, rng=_RNG)
    return outcome_payload(job, sent, course, None if row.type == "mail.in" else row.mailbox, alert)


def course_of(
    job: JobRow,
    sent: Sent,
    patience: Patience,
    *,
    since: datetime,
    asks: bool,
    now: datetime,
    rng: random.Random,
) -> Course:
    """Return what follows an attempt; ``since`` is when the message came, ``asks`` that a person decides what is unclear."""
    if not sent.open:
        return Course(next_at=None)
    unclear = job.kind == "relay" and any(isinstance(one, Unknown) for one in sent.outcomes)
    if unclear and (asks or job.task.get("unclear")):
        return Course(next_at=now, held=True)
    next_at = patience.retry(job.attempts - job.task.get("tried", 0), now, rng)
    if next_at is None:
        return Course(next_at=None)
    if unclear:
        return Course(next_at=now + _PAUSE, noted={"unclear": True})
    if job.kind != "relay" or not patience.warn_after or job.task.get("warned"):
        return Course(next_at=next_at)
    late = since + patience.warn_after
    if now < late:
        return Course(next_at=min(next_at, late))
    return Course(next_at=next_at, noted={"warned": True}, until=max(next_at, since + patience.give_up))


def outcome_payload(
    job: JobRow,
    sent: Sent,
    course: Course,
    report_to: str | None,
    alert: Callable[[], Alert | None] = lambda: None,
) -> dict[str, Any]:
    """Return the archived record of one attempt. A job that ends in failure brings the mail that tells of it."""
    final = course.next_at is None
    given_up = final or course.held
    lost = (
        *sent.refused,
        *(one for one in sent.outcomes if given_up and isinstance(one, Deferred | Unknown)),
    )
    waiting = [one for one in sent.outcomes if isinstance(one, Deferred)] if course.until else []
    tellers: list[dict[str, Any]] = []
    if (lost or waiting) and report_to is not None and job.kind == "relay":
        number = report_number(job)
        if lost:
            report = {"mailbox": job.task["mailbox"], "recipients": [report_to], "outcomes": plain_of(lost)}
            tellers.append({"number": number, "kind": "report", "task": report})
        if waiting and course.until is not None:
            told = {"outcomes": plain_of(waiting), "until": course.until.isoformat()}
            report = {"mailbox": job.task["mailbox"], "recipients": [report_to], **told}
            tellers.append({"number": number + 1, "kind": "report", "task": report})
    elif lost and (alerted := alert()) is not None:
        tellers.append(alerted.job(job, plain_of(lost)))
    return {
        "of": job.message,
        "number": job.number,
        "kind": job.kind,
        "attempt": job.attempts,
        "outcomes": plain_of(sent.outcomes),
        "final": final,
        "failed": final and bool(lost),
        "held": course.held,
        "noted": course.noted,
        "next_at": None if course.next_at is None else course.next_at.isoformat(),
        "remaining": [] if final else list(sent.open),
        "sha256": sent.sha256,
        "headers": sent.headers,
        "jobs": tellers,
    }


def report_number(job: JobRow) -> int:
    """Return the number of a report on an attempt; the one after it is free, too."""
    return 1000 * (job.number + 1) + 2 * job.attempts

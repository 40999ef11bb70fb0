"""The mail that warns of a deadline: what wants an answer, until when in the reader's zone and in UTC, and what to do. Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from gateway.relay.notice import About, Letterhead, described, notice
from gateway.relay.reply import one_line

_WANTED = {
    "reply": "A buyer's message has no answer yet",
    "claim_answer": "A claim has no answer yet",
    "chargeback_answer": "A chargeback has no answer yet",
    "claim_appeal": "A decision can still be appealed",
    "return_answer": "A return request has no answer yet",
}


@dataclass(frozen=True, slots=True)
class Due:
    """The clock that a warning is about."""

    clock: str
    at: datetime
    said: str
    zone: str


def deadline_warning(due: Due, about: About, head: Letterhead) -> bytes:
    """Return the warning; the letterhead's time is now. It quotes no text of the message."""
    wanted = _WANTED.get(due.clock, f"{due.clock.replace('_', ' ').capitalize()} is due")
    left = due.at - head.at
    said = f"{_span(left)} left" if left > timedelta(0) else f"overdue by {_span(-left)}"
    local = due.at.astimezone(ZoneInfo(due.zone))
    lines = [
        f"{wanted}.",
        "",
        f"  Due:      {local:%Y-%m-%d %H:%M} {local.tzname()} ({due.at.astimezone(UTC):%Y-%m-%d %H:%M} UTC): {said}",
        f"  Because:  {one_line(due.said)}",
        *described(about, head.web),
        "",
        "Where the answer was given on the marketplace's own site, say so, and the clock stops:",
        f"  docket mark {about.seq} --answered-elsewhere --clock {due.clock}",
    ]
    order = f", order {about.orders[0]}" if about.orders else ""
    subject = f"Docket: {said}: {due.clock.replace('_', ' ')}{order}"
    return notice(subject, lines, head)


def _span(length: timedelta) -> str:
    """Return a length of time as people say it.

    >>> _span(timedelta(minutes=59, seconds=59)), _span(timedelta(hours=6)), _span(timedelta(days=3))
    ('1 h', '6 h', '72 h')
    """
    minutes = -(-int(length.total_seconds()) // 60)
    hours, minutes = divmod(minutes, 60)
    return " ".join(([f"{hours} h"] if hours else []) + ([f"{minutes} min"] if minutes or not hours else []))

"""A month's figures from the store, for the command line, the web view and whatever prints them: one function for all."""

from datetime import datetime

from sqlalchemy import Connection

from gateway.answer.watched import watched_of
from gateway.figures.month import Gathered, Month, figures_of
from gateway.figures.period import Period
from gateway.store import due, tallies
from gateway.store.evidence import events_of_type


def month_figures(conn: Connection, period: Period, now: datetime) -> Month:
    """Return the figures of a month as the record stands."""
    since, until = period.since, period.until
    replies = due.replies_begun(conn, since, until)
    captured = {str(one.summary.get("mailbox", "")) for one in events_of_type(conn, "capture")}
    found = Gathered(
        replies=tuple(replies),
        writers=tallies.writers_of(conn, (one.stopped_by for one in replies if one.stopped_by is not None)),
        deadlines=tuple(due.deadlines_begun(conn, since, until)),
        mails=tuple(one for run in period.runs for one in tallies.counted_on(conn, *run)),
        bounced=tallies.bounced_between(conn, since, until),
        tags=tallies.tags_between(conn, since, until),
        findings=tallies.findings_between(conn, since, until),
        watched={name: watched_of(conn, name) for name in sorted(captured - {""})},
    )
    return figures_of(found, period, now)

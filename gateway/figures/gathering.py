"""A month's figures from the store, for the command line, the web view and whatever prints them: one function for all."""

import threading
from datetime import datetime, timedelta

from sqlalchemy import Connection

from gateway.answer.watched import watched_of
from gateway.figures.month import Gathered, Month, figures_of
from gateway.figures.period import Period
from gateway.store import due, fold, tallies
from gateway.store.engine import Store
from gateway.store.evidence import events_of_type

_KEPT = 16
_GOOD = timedelta(minutes=1)  # a store that was built anew may stand where the one before did


def month_figures(conn: Connection, period: Period, now: datetime) -> Month:
    """Return the figures of a month as the record stands."""
    return figures_of(_gathered(conn, period), period, now)


class Months:
    """Months' figures, each gathered once for as long as nothing new is in the store, and for a minute at most. Safe in threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._at = -1
        self._kept: dict[tuple[Store, Period], tuple[Gathered, datetime]] = {}

    def figures(self, store: Store, period: Period, now: datetime) -> Month:
        """Return what ``month_figures`` would."""
        with store.read() as conn:
            at = fold.position(conn)
            found = self._known(store, period, at, now)
            if found is None:
                found = _gathered(conn, period)
                self._keep(store, period, at, now, found)
        return figures_of(found, period, now)

    def _known(self, store: Store, period: Period, at: int, now: datetime) -> Gathered | None:
        with self._lock:
            if at != self._at or len(self._kept) >= _KEPT:
                self._at = at
                self._kept.clear()
            found, since = self._kept.get((store, period), (None, now))
            return found if now - since < _GOOD else None

    def _keep(self, store: Store, period: Period, at: int, now: datetime, found: Gathered) -> None:
        with self._lock:
            if at == self._at:
                self._kept[store, period] = found, now


def _gathered(conn: Connection, period: Period) -> Gathered:
    since, until = period.since, period.until
    replies = due.replies_begun(conn, since, until)
    captured = {str(one.summary.get("mailbox", "")) for one in events_of_type(conn, "capture")}
    return Gathered(
        replies=tuple(replies),
        writers=tallies.writers_of(conn, (one.stopped_by for one in replies if one.stopped_by is not None)),
        deadlines=tuple(due.deadlines_begun(conn, since, until)),
        mails=tuple(one for run in period.runs for one in tallies.counted_on(conn, *run)),
        bounced=tallies.bounced_between(conn, since, until),
        tags=tallies.tags_between(conn, since, until),
        findings=tallies.findings_between(conn, since, until),
        watched={name: watched_of(conn, name) for name in sorted(captured - {""})},
    )

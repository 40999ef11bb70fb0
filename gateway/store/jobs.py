"""The queue: who does what next. At least once, never two at a time.

A claim is a lease: a token and a time. Whoever finishes a job shows the token, so that a claimer that slept through its
lease cannot close what another has taken up since. How a job ends is an archived outcome, which the fold applies; the
functions here change only what the archive need not know, or what a claimer settles before its outcome is folded in.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Row, Select, bindparam, func, select, update

from gateway.lanes import Lanes
from gateway.store import tables
from gateway.store.engine import log_of
from gateway.store.fold import position
from gateway.store.records import JobRow, JobState

_jobs = tables.jobs.c
_FREE: dict[str, Any] = {"lease": "", "leased_until": None}


_CANDIDATES = 16  # for each place: so many of one full lane are passed over at a time


def _chosen(state: JobState, due: Column[datetime]) -> Select[Any]:
    """Return the statement that finds such jobs, made once: making it costs more than running it."""
    return (
        select(_jobs.message, _jobs.number, _jobs.lane)
        .where(_jobs.log == bindparam("in_log"), _jobs.state == state, due <= bindparam("now"))
        .order_by(_jobs.next_at, _jobs.message, _jobs.number)
        .limit(bindparam("most"))
        .with_for_update(skip_locked=True)  # SQLite has no such clause: there the writer's lock does it
    )


_EXPIRED = _chosen("leased", _jobs.leased_until)
_READY = _chosen("ready", _jobs.next_at)
_LEASE = (
    update(tables.jobs)
    .where(
        _jobs.log == bindparam("in_log"),
        _jobs.message == bindparam("of_message"),  # a list of pairs makes SQLite read the whole log
        _jobs.number == bindparam("of_number"),
    )
    .values(state="leased", lease=bindparam("token"), leased_until=bindparam("until"))
    .returning(*_jobs)
)


def claim(
    tx: Connection,
    *,
    limit: int,
    now: datetime,
    token: str,
    lease_s: float = 900.0,
    upto: int = 0,
    lanes: Lanes | None = None,
) -> list[JobRow]:
    """Lease jobs whose lease has run out and jobs that are due, the longest due first.

    A job takes a place on its lane; where there is none left it waits, and keeps no other back. None is given out while the fold stands below entry ``upto``: a job may have its outcome among those entries. Each
    row's ``attempts`` counts the attempt that begins now.
    """
    if position(tx) < upto:
        return []
    asked = {"in_log": log_of(tx), "now": now, "most": limit * _CANDIDATES}
    full = () if lanes is None else lanes.full()
    open_ = [~_jobs.lane.startswith(one, autoescape=True) for one in full]
    # Leases that ran out first: under a steady load of new jobs they would otherwise wait for ever.
    names: list[tuple[int, int]] = []
    for found in (_EXPIRED, _READY):
        for row in tx.execute(found.where(*open_) if open_ else found, asked):
            if len(names) < limit and (lanes is None or lanes.take(row.lane)):
                names.append((row.message, row.number))
    until = now + timedelta(seconds=lease_s)
    lease = {"in_log": asked["in_log"], "token": token, "until": until}
    leased = [tx.execute(_LEASE, {**lease, "of_message": one, "of_number": n}).one() for one, n in names]
    leased.sort(key=lambda row: (row.next_at, row.message, row.number))
    return [_row(row, attempts=row.attempts + 1) for row in leased]


def done(tx: Connection, job: JobRow, *, last: str = "") -> bool:
    """Close a job that succeeded; False when its lease is no longer ours, and then nothing is changed."""
    return _finish(tx, job, state="done", attempts=job.attempts, last=last)


def dead(tx: Connection, job: JobRow, *, last: str) -> bool:
    """Close a job for which trying again is useless; False when its lease is no longer ours."""
    return _finish(tx, job, state="dead", attempts=job.attempts, last=last)


def retry_later(tx: Connection, job: JobRow, *, next_at: datetime, last: str) -> bool:
    """Give a job back until ``next_at``; False when its lease is no longer ours."""
    return _finish(tx, job, state="ready", attempts=job.attempts, next_at=next_at, last=last)


def release_expired(tx: Connection, now: datetime) -> int:
    """Free the jobs whose lease has run out; return how many."""
    return _release(tx, _jobs.leased_until <= now)


def release_all(tx: Connection) -> int:
    """Free every leased job: for the one worker's start, when nobody else can be at work. Return how many."""
    return _release(tx, _jobs.state == "leased")


def counts(conn: Connection) -> dict[JobState, int]:
    """Return how many jobs are in each state."""
    found = dict.fromkeys(("ready", "leased", "held", "done", "dead", "dropped"), 0)
    for state, number in conn.execute(
        select(_jobs.state, func.count()).where(_jobs.log == log_of(conn)).group_by(_jobs.state)
    ):
        found[state] = number
    return found  # type: ignore[return-value]


def oldest_due(conn: Connection, now: datetime) -> datetime | None:
    """Return since when the longest waiting job is due, or None when none is."""
    oldest = select(func.min(_jobs.next_at)).where(_jobs.log == log_of(conn))
    ready = conn.scalar(oldest.where(_jobs.state == "ready", _jobs.next_at <= now))
    expired = conn.scalar(oldest.where(_jobs.state == "leased", _jobs.leased_until <= now))
    return min((one for one in (ready, expired) if one is not None), default=None)


def dead_jobs(conn: Connection, limit: int = 100, *, since: datetime | None = None) -> list[JobRow]:
    """Return the jobs that ended in failure, since a time where one is given, of the newest messages first."""
    late = [] if since is None else [_jobs.next_at >= since]
    rows = conn.execute(
        select(tables.jobs)
        .where(_jobs.log == log_of(conn), _jobs.state == "dead", *late)
        .order_by(_jobs.message.desc(), _jobs.number)
        .limit(limit)
    )
    return [_row(row, attempts=row.attempts) for row in rows]


def outstanding(conn: Connection, limit: int = 1000) -> list[JobRow]:
    """Return what is on its way, kept back or given up, the first due first; not what has arrived or was dropped.

    A warning whose time has not come is on no way yet.
    """
    rows = conn.execute(
        select(tables.jobs)
        .where(
            _jobs.log == log_of(conn),
            _jobs.state.in_(("ready", "leased", "held", "dead")),
            (_jobs.kind != "warn") | (_jobs.attempts > 0),
        )
        .order_by(_jobs.next_at, _jobs.message, _jobs.number)
        .limit(limit)
    )
    return [_row(row, attempts=row.attempts) for row in rows]


def jobs_of(conn: Connection, message: int) -> list[JobRow]:
    """Return all jobs a message has had."""
    rows = conn.execute(
        select(tables.jobs).where(_jobs.log == log_of(conn), _jobs.message == message).order_by(_jobs.number)
    )
    return [_row(row, attempts=row.attempts) for row in rows]


def _finish(tx: Connection, job: JobRow, **values: Any) -> bool:
    done = tx.execute(
        update(tables.jobs)
        .where(
            _jobs.log == log_of(tx),
            _jobs.message == job.message,
            _jobs.number == job.number,
            _jobs.state == "leased",
            _jobs.lease == job.lease,
        )
        .values(**values, **_FREE)
    )
    return done.rowcount == 1


def _release(tx: Connection, which: ColumnElement[bool]) -> int:
    freed = tx.execute(
        update(tables.jobs)
        .where(_jobs.log == log_of(tx), _jobs.state == "leased", which)
        .values(state="ready", **_FREE)
    )
    return int(freed.rowcount)


def _row(row: Row[Any], *, attempts: int) -> JobRow:
    return JobRow(
        message=row.message,
        number=row.number,
        kind=row.kind,
        task=row.task,
        state=row.state,
        attempts=attempts,
        next_at=row.next_at,
        lease=row.lease,
        last=row.last,
        lane=row.lane,
    )

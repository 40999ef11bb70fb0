"""The jobs that entries make and close. Archived outcomes are the truth, so nothing here asks for a lease."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, select

from gateway.store import tables
from gateway.store.arrivals import insert_rows
from gateway.store.payloads import NewJob

_jobs = tables.jobs.c


def add_jobs(tx: Connection, log: int, message: int, new: Sequence[NewJob], at: datetime) -> None:
    """Queue jobs, due at ``at``; one whose number the message has already had is not queued again."""
    if not new:
        return
    had = set(tx.scalars(select(_jobs.number).where(_jobs.log == log, _jobs.message == message)))
    fresh = {job.number: job for job in new if job.number not in had}
    insert_rows(
        tx,
        tables.jobs,
        [
            {
                "log": log,
                "message": message,
                "number": job.number,
                "kind": job.kind,
                "task": job.task,
                "state": "ready",
                "attempts": 0,
                "next_at": at,
                "lost": False,
                "last": "",
                "lease": "",
            }
            for job in fresh.values()
        ],
    )

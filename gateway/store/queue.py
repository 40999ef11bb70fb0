"""The jobs that entries make. Archived outcomes are the truth, so nothing here asks for a lease."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from gateway.store import tables
from gateway.store.arrivals import insert_rows
from gateway.store.payloads import NewJob
from gateway.store.rows import chunks

CARRYING = frozenset(
    {"deliver", "relay"}
)  # the kinds that carry a message itself; the others are mail about one

_jobs = tables.jobs.c


def lane_of(kind: str, task: Mapping[str, Any]) -> str:
    """Return where a job goes: ``in BOX//``, ``out BOX/DOMAIN/`` by the mailbox's relay, or ``tell BOX//`` to people in charge."""
    if kind == "relay" or task.get("forward"):
        return f"out {task['mailbox'].lower()}/{task['recipients'][0].rpartition('@')[2].lower()}/"
    return f"{'in' if kind in {'deliver', 'report'} else 'tell'} {task['mailbox'].lower()}//"


def add_jobs(tx: Connection, log: int, new: Iterable[tuple[int, NewJob, datetime]]) -> None:
    """Queue jobs, each with its message and when it is due; a number the message has had is not queued again."""
    wanted: dict[tuple[int, int], tuple[NewJob, datetime]] = {}
    for message, job, at in new:
        wanted.setdefault((message, job.number), (job, at))
    for chunk in chunks({message for message, _ in wanted}):
        had = tx.execute(
            select(_jobs.message, _jobs.number).where(_jobs.log == log, _jobs.message.in_(chunk))
        )
        for row in had:
            wanted.pop((row.message, row.number), None)
    insert_rows(
        tx,
        tables.jobs,
        [
            {
                "log": log,
                "message": message,
                "number": number,
                "kind": job.kind,
                "task": job.task,
                "state": "ready",
                "attempts": 0,
                "next_at": job.due or at,
                "lost": False,
                "last": "",
                "lane": lane_of(job.kind, job.task),
                "lease": "",
            }
            for (message, number), (job, at) in wanted.items()
        ],
    )

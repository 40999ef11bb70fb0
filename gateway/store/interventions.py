"""People's words on the queue applied: jobs tried at once, kept back, let go on, or given up."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, update

from gateway.mail.entry import Entry
from gateway.store import tables
from gateway.store.outcomes import load_jobs, settle
from gateway.store.payloads import QueueAct
from gateway.store.queue import add_jobs

_jobs = tables.jobs.c
_OPEN = frozenset({"ready", "leased", "held", "dead"})


def apply_queue_acts(tx: Connection, log: int, run: Sequence[tuple[Entry, QueueAct]]) -> None:
    """Change jobs, one act after the other; a word on a job that has ended otherwise meanwhile changes nothing."""
    for entry, act in run:
        jobs = load_jobs(tx, log, [act.of])
        name = act.of, act.number
        changed = _changed(jobs[name], entry, act) if name in jobs else None
        if changed is None:
            continue
        jobs[name] = changed
        which = _jobs.log == log, _jobs.message == act.of, _jobs.number == act.number
        # An attempt that is under way keeps its lease: nobody begins another before its outcome is known.
        kept = {one: changed[one] for one in ("state", "task", "lost", "next_at", "last")}
        tx.execute(update(tables.jobs).where(*which).values(kept))
        add_jobs(tx, log, [(act.of, new, entry.at) for new in act.jobs])
        settle(tx, log, [act.of], jobs)


def _changed(job: dict[str, Any], entry: Entry, act: QueueAct) -> dict[str, Any] | None:
    state = job["state"]
    match act.do:
        case "hold" if state in {"ready", "leased"}:
            return {**job, "state": "held"}
        case "release" if state == "held":
            return {**job, "state": _ready(job, entry), "next_at": entry.at}
        case "retry" if state in _OPEN or state == "dropped":
            # The schedule begins anew, and so does the patience with what is unclear.
            task = {one: value for one, value in job["task"].items() if one not in {"unclear", "warned"}}
            task["tried"] = job["attempts"]
            return {**job, "state": _ready(job, entry), "lost": False, "next_at": entry.at, "task": task}
        case "drop" if state in _OPEN:
            return {
                **job,
                "state": "dropped",
                "next_at": entry.at,
                "last": f"dropped by {act.agent}: {act.reason}",
            }
        case _:
            return None


def _ready(job: dict[str, Any], entry: Entry) -> str:
    under_way = job["leased_until"] is not None and job["leased_until"] > entry.at
    return "leased" if under_way else "ready"

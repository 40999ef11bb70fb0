"""Outcomes applied: jobs end or are tried again, and their messages' states say how things stand."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from gateway.mail.entry import Entry
from gateway.store import clocks, tables
from gateway.store.payloads import Outcome
from gateway.store.queue import CARRYING, add_jobs
from gateway.store.rows import chunks

_jobs = tables.jobs.c
_rows = tables.messages.c
_CHANGED = ("state", "task", "lost", "attempts", "next_at", "last")
_UPDATE = (
    update(tables.jobs)
    .where(
        _jobs.log == bindparam("in_log"),
        _jobs.message == bindparam("of_message"),
        _jobs.number == bindparam("of_number"),
    )
    .values({name: bindparam(f"new_{name}") for name in _CHANGED} | {"lease": "", "leased_until": None})
)
_SETTLE = (
    update(tables.messages)
    .where(_rows.log == bindparam("in_log"), _rows.seq == bindparam("of_message"))
    .values(state=bindparam("new_state"))
)


def apply_outcomes(tx: Connection, log: int, run: Sequence[tuple[Entry, Outcome]]) -> None:
    """Close or reschedule the jobs that attempts were made for. A job that has ended stays as it ended."""
    messages = {outcome.of for _, outcome in run}
    jobs = load_jobs(tx, log, messages)
    changed: dict[tuple[int, int], dict[str, Any]] = {}
    answered: list[tuple[Entry, Outcome]] = []
    for entry, outcome in run:
        name = outcome.of, outcome.number
        job = jobs.get(name)
        if job is None or job["state"] in {"done", "dead"}:  # one that was dropped may have been on its way
            continue
        jobs[name] = changed[name] = _after(job, entry, outcome)
        if job["kind"] == "relay":
            answered.append((entry, outcome))
        if outcome.jobs:
            add_jobs(tx, log, [(outcome.of, new, entry.at) for new in outcome.jobs])
            jobs = load_jobs(tx, log, {outcome.of}) | jobs
    if not changed:
        return
    write_jobs(tx, log, changed)
    settle(tx, log, {message for message, _ in changed}, jobs)
    clocks.apply_accepted(tx, log, answered)


def write_jobs(tx: Connection, log: int, changed: dict[tuple[int, int], dict[str, Any]]) -> None:
    """Write jobs that were loaded and changed; whoever has leased one cannot close it any more."""
    tx.execute(
        _UPDATE,
        [
            {"in_log": log, "of_message": message, "of_number": number}
            | {f"new_{column}": job[column] for column in _CHANGED}
            for (message, number), job in changed.items()
        ],
    )


def _after(job: dict[str, Any], entry: Entry, outcome: Outcome) -> dict[str, Any]:
    """Return a job as an attempt leaves it."""
    lost = job["lost"] or outcome.failed or any(one.kind == "refused" for one in outcome.outcomes)
    state, task = "ready", dict(job["task"])
    missed = [*task.pop("missed", ()), *_missed(outcome)]
    if outcome.final:
        state = "dead" if lost else "done"
        if missed:
            task["recipients"] = missed  # whom it goes to, if a person has it tried again
    else:
        if outcome.remaining:
            task["recipients"] = list(outcome.remaining)  # those it has reached do not get it twice
        if missed:
            task["missed"] = missed
    if not outcome.final and (outcome.held or job["state"] in {"held", "dropped"}):
        state = job["state"] if job["state"] == "dropped" else "held"
    task = {**task, **outcome.noted}
    return {
        **job,
        "state": state,
        "task": task,
        "lost": lost,
        "attempts": outcome.attempt,
        "next_at": outcome.next_at or entry.at,
        "last": outcome.outcomes[-1].reply if outcome.outcomes else "",
    }


def _missed(outcome: Outcome) -> list[str]:
    """Return whom an attempt has not reached and no other will: those refused and, of the last one, all who are left."""
    lost = (
        one
        for one in outcome.outcomes
        if one.kind == "refused" or (outcome.final and one.kind != "delivered")
    )
    return [to for one in lost for to in one.recipients]


def load_jobs(tx: Connection, log: int, messages: Iterable[int]) -> dict[tuple[int, int], dict[str, Any]]:
    """Return all jobs of messages as rows, by message and number."""
    return {
        (row.message, row.number): row._asdict()
        for chunk in chunks(messages)
        for row in tx.execute(select(tables.jobs).where(_jobs.log == log, _jobs.message.in_(chunk)))
    }


def settle(
    tx: Connection, log: int, messages: Iterable[int], jobs: dict[tuple[int, int], dict[str, Any]]
) -> None:
    """Set messages' states from the jobs that carry them; mail about one says nothing of its own way."""
    states = defaultdict[int, set[str]](set)
    for (message, _), job in jobs.items():
        if job["kind"] in CARRYING:
            states[message].add(job["state"])
    settled = []
    for chunk in chunks(messages):
        for row in tx.execute(select(_rows.seq, _rows.type).where(_rows.log == log, _rows.seq.in_(chunk))):
            if found := states[row.seq]:
                state = _state(found, row.type)
                settled.append({"in_log": log, "of_message": row.seq, "new_state": state})
    if settled:
        tx.execute(_SETTLE, settled)


def _state(jobs: set[str], type_: str) -> str:
    if "dead" in jobs:
        return "failed"
    if "dropped" in jobs and jobs <= {"done", "dropped"}:
        return "dropped"
    if jobs == {"done"}:
        return "delivered" if type_ == "mail.in" else "relayed"
    return "waiting"

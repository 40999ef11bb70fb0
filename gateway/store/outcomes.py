"""An outcome applied: its job ends or is tried again, and its message's state says how things stand."""

from sqlalchemy import Connection, select, update

from gateway.mail.entry import Entry
from gateway.store import tables
from gateway.store.payloads import Outcome, read_payload
from gateway.store.queue import add_jobs

_jobs = tables.jobs.c
_messages = tables.messages.c


def apply_outcome(tx: Connection, log: int, entry: Entry) -> None:
    """Close or reschedule the job an attempt was made for. A job that has ended stays as it ended."""
    outcome = read_payload(entry.payload, Outcome)
    this = (_jobs.log == log, _jobs.message == outcome.of, _jobs.number == outcome.number)
    job = tx.execute(select(_jobs.state, _jobs.task, _jobs.lost).where(*this)).first()
    if job is None or job.state in {"done", "dead"}:
        return
    lost = job.lost or outcome.failed or any(one.kind == "refused" for one in outcome.outcomes)
    state, task = "ready", job.task
    if outcome.final:
        state = "dead" if lost else "done"
    elif outcome.remaining:
        task = {**task, "recipients": list(outcome.remaining)}  # those it has reached do not get it twice
    tx.execute(
        update(tables.jobs)
        .where(*this)
        .values(
            state=state,
            task=task,
            lost=lost,
            attempts=outcome.attempt,
            next_at=outcome.next_at or entry.at,
            last=outcome.outcomes[-1].reply if outcome.outcomes else "",
            lease="",
            leased_until=None,
        )
    )
    add_jobs(tx, log, outcome.of, outcome.jobs, entry.at)
    _settle_message(tx, log, outcome.of)


def _settle_message(tx: Connection, log: int, seq: int) -> None:
    """Set a message's state from all its jobs; a report about it to its sender says nothing of its own way."""
    states = set(
        tx.scalars(select(_jobs.state).where(_jobs.log == log, _jobs.message == seq, _jobs.kind != "report"))
    )
    if not states:
        return
    this = (_messages.log == log, _messages.seq == seq)
    direction = tx.scalar(select(_messages.direction).where(*this))
    if "dead" in states:
        state = "failed"
    elif states == {"done"}:
        state = "relayed" if direction == "outbound" else "delivered"
    else:
        state = "waiting"
    tx.execute(update(tables.messages).where(*this).values(state=state))

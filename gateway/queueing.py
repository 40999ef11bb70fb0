"""A person's word on mail that is on its way: the entry that carries it. Pure."""

from typing import Literal

from gateway.errors import WrongUse
from gateway.mail.canonical import canonical
from gateway.mail.entry import Draft
from gateway.relay.outcomes import plain_of
from gateway.relay.transport import Refused
from gateway.store.records import JobRow, MessageRow

Do = Literal["retry", "hold", "release", "drop"]
DOES: tuple[Do, ...] = ("retry", "hold", "release", "drop")
_REPORT = 999  # in the thousand of numbers that a job's reports have: from its end on, one for each number of attempts
_ATTEMPTS = 400
_MAY: dict[Do, tuple[frozenset[str], str]] = {
    "retry": (frozenset({"ready", "leased", "held", "dead", "dropped"}), "it has arrived"),
    "hold": (frozenset({"ready", "leased"}), "only what is tried again by itself can be held back"),
    "release": (frozenset({"held"}), "it is not held; a message held for a second look: docket release"),
    "drop": (frozenset({"ready", "leased", "held", "dead"}), "it has arrived, or was dropped before"),
}


def queue_draft(job: JobRow, row: MessageRow, do: Do, *, agent: str, reason: str, source: str) -> Draft:
    """Return the entry of an act; raises WrongUse where the job's state leaves nothing to do.

    Who wrote an answer that is dropped gets a report, as for one that was refused.
    """
    states, why = _MAY[do]
    if job.state not in states:
        raise WrongUse(f"message {job.message}, job {job.number} cannot be given {do!r}: {why}")
    told = []
    if do == "drop" and job.kind == "relay" and job.state != "dead":
        words = f"554 5.7.1 Dropped by {agent}" + (f": {reason}" if reason else "")
        dropped = Refused(recipients=tuple(job.task["recipients"]), reply=words)
        report = {"mailbox": row.mailbox, "recipients": [row.mailbox], "outcomes": plain_of([dropped])}
        told.append(
            {
                "number": 1000 * (job.number + 1) + _REPORT - min(job.attempts, _ATTEMPTS),
                "kind": "report",
                "task": report,
            }
        )
    payload = {
        "of": job.message,
        "number": job.number,
        "do": do,
        "agent": agent,
        "reason": reason,
        "jobs": told,
    }
    return Draft(type="queue", payload=canonical(payload), meta={"source": source})

"""From a decision to work: which jobs a message brings with it. Pure."""

from dataclasses import dataclass
from typing import Any

from gateway.mail.entry import Envelope
from rules.facts import Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One job to be, as it stands in a decision's payload. ``number`` is its place in that decision."""

    number: int
    kind: str
    task: dict[str, Any]


def jobs_for(
    type_: str, envelope: Envelope, decision: Decision, mailboxes: dict[str, str]
) -> tuple[Task, ...]:
    """Return the jobs of a decided message; ``mailboxes`` maps each address we answer for to its mailbox.

    History brings no jobs, a retry of a message we have brings none again, a refused one never has any, and a held
    one gets its job when it is released.
    """
    if envelope.source == "import" or decision.context.retry_of is not None:
        return ()
    if type_ == "mail.out":
        held = any(action.get("do") == "hold" for action in decision.actions)
        return () if held else (relay_task(envelope),)
    if type_ != "mail.in":
        return ()
    wanted = dict.fromkeys(
        box for recipient in envelope.rcpt_to if (box := mailboxes.get(recipient.lower())) is not None
    )
    tasks = [
        Task(
            number=number,
            kind="deliver",
            task={
                "mailbox": box,
                "recipients": [to for to in envelope.rcpt_to if mailboxes.get(to.lower()) == box],
            },
        )
        for number, box in enumerate(wanted)
    ]
    tasks.extend(
        Task(
            number=len(wanted) + extra,
            kind="deliver",
            task={
                "mailbox": next(iter(wanted), envelope.mailbox),
                "recipients": [action["to"]],
                "forward": True,
            },
        )
        for extra, action in enumerate(a for a in decision.actions if a.get("do") == "forward")
    )
    return tuple(tasks)


def relay_task(envelope: Envelope) -> Task:
    """Return the one job that carries an outbound message to all its recipients."""
    return Task(
        number=0,
        kind="relay",
        task={"mailbox": envelope.mailbox, "recipients": list(envelope.rcpt_to)},
    )

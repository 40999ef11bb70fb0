"""From a decision to work: which jobs a message brings with it. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.mail.canonical import canonical
from gateway.mail.entry import Draft, Envelope
from rules.drop import NO_DROP, DropAddress
from rules.facts import Decision

FIRST_NOTICE = 500  # above the jobs that carry the message, below those that its failures bring
FIRST_WARNING = 700
BEHIND_WARNINGS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One job to be, as it stands in a decision's payload. ``number`` is its place in that decision."""

    number: int
    kind: str
    task: dict[str, Any]
    due: datetime | None = None  # at once


def jobs_for(
    type_: str,
    envelope: Envelope,
    decision: Decision,
    mailboxes: dict[str, str],
    drop: DropAddress = NO_DROP,
    *,
    silent: bool = False,
) -> tuple[Task, ...]:
    """Return the jobs of a decided message; ``mailboxes`` maps each address we answer for to its mailbox.

    History brings no jobs, a retry of a message we have brings none again, a refused one never leaves, and a held
    one gets its job when it is released. ``silent`` messages, bounces and our own notices, are delivered and nobody is
    notified of them: else a notice that bounces would bring the next. What came to a drop address alone is filed only.
    """
    if envelope.is_history or decision.context.retry_of is not None:
        return ()
    notices = () if silent else _notices(envelope, decision, mailboxes)
    if type_ == "mail.out":
        held = any(action.get("do") == "hold" for action in decision.actions)
        task = relay_task(envelope, drop)
        return notices if held or not task.task["recipients"] else (task, *notices)
    if drop.is_only(envelope.rcpt_to):
        return ()
    if type_ != "mail.in":
        return (*notices, *_held(envelope)) if type_ == "mail.held" else ()
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
    return (
        *tasks,
        *notices,
        *_returned(envelope, decision, mailboxes),
        *_warnings(envelope, decision, mailboxes),
    )


def _notices(envelope: Envelope, decision: Decision, mailboxes: dict[str, str]) -> tuple[Task, ...]:
    """Return a job for each address that is to be told, once, however many rules ask for it."""
    mailbox = _mailbox(envelope, mailboxes)
    wanted: dict[str, str] = {}
    for action in decision.actions:
        if action.get("do") == "notify":
            wanted.setdefault(action["to"], action.get("text", ""))
    return tuple(
        Task(
            number=FIRST_NOTICE + place,
            kind="notify",
            task={"mailbox": mailbox, "recipients": [to], "text": text},
        )
        for place, (to, text) in enumerate(wanted.items())
    )


def _returned(envelope: Envelope, decision: Decision, mailboxes: dict[str, str]) -> tuple[Task, ...]:
    """Return the job that tells of an answer that came back, where the message is a bounce."""
    mailbox = _mailbox(envelope, mailboxes)
    if decision.bounced is None or not mailbox:
        return ()
    task = {"mailbox": mailbox, "recipients": [mailbox], "own": True, "said": decision.undelivered}
    return (Task(number=FIRST_WARNING - 1, kind="returned", task=task),)


def _held(envelope: Envelope) -> tuple[Task, ...]:
    """Return the job that tells an answer's mailbox that it waits for a second look, and why."""
    if not envelope.mailbox:
        return ()
    findings = (envelope.verdict or {}).get("findings", ())
    why = "; ".join(one["message"] for one in findings if one["action"] == "hold")
    text = f"{envelope.agent or 'Somebody'}'s answer has not left: it waits for a second look. {why}".strip()
    task = {"mailbox": envelope.mailbox, "recipients": [envelope.mailbox], "own": True, "text": text}
    return (Task(number=FIRST_WARNING - 2, kind="notify", task=task),)


def _mailbox(envelope: Envelope, mailboxes: dict[str, str]) -> str:
    ours = (box for to in envelope.rcpt_to if (box := mailboxes.get(to.lower())) is not None)
    return envelope.mailbox or next(ours, "")


def _warnings(envelope: Envelope, decision: Decision, mailboxes: dict[str, str]) -> tuple[Task, ...]:
    """Return a job for each warning before a deadline that the message sets; each says when the next one comes."""
    mailbox = _mailbox(envelope, mailboxes)
    wanted = [
        (clock, at, after.isoformat() if after is not None else "")
        for clock in decision.clocks
        for at, after in zip(clock.warn_at, (*clock.warn_at[1:], None), strict=False)
    ]
    return tuple(
        Task(
            number=FIRST_WARNING + place,
            kind="warn",
            task={
                "mailbox": mailbox,
                "recipients": list(clock.tell or (mailbox,)),
                "clock": clock.name,
                "zone": clock.zone,
                "next": after,
            },
            due=at,
        )
        for place, (clock, at, after) in enumerate(wanted[: BEHIND_WARNINGS - FIRST_WARNING])
        if clock.tell or mailbox
    )


def relay_task(envelope: Envelope, drop: DropAddress = NO_DROP) -> Task:
    """Return the one job that carries an outbound message to all its recipients but drop addresses."""
    return Task(
        number=0,
        kind="relay",
        task={
            "mailbox": envelope.mailbox,
            "recipients": [to for to in envelope.rcpt_to if drop.ref_of(to) is None],
        },
    )


def acts_of(seq: int, envelope: Envelope) -> tuple[Draft, ...]:
    """Return the acts that an agent asked for by mail, under the name of their login; ``mail`` says which mail it was.

    The same mail always gives the same bytes, so that none is archived twice.
    """
    drafts = []
    for act in envelope.acts:
        payload = {**act["payload"], "agent": envelope.agent, "mail": seq}
        if act["type"] == "link":
            payload.setdefault("of", seq)  # what is attached came nowhere else
        drafts.append(Draft(type=act["type"], payload=canonical(payload), meta={"source": "mail"}, once=True))
    return tuple(drafts)

"""Who is told when mail could not be handed over, and how often: a visible failure that nobody sees is none.

The agent who wrote an answer gets a report of his own (gateway/relay/bounce.py). For everything else that ends in failure
the people in charge get one mail, and then no more than one an hour for each mailbox: it lists what failed since the last.
"""

import threading
from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from gateway.relay.notice import About, Lost
from gateway.store import jobs, messages
from gateway.store.records import JobRow, MessageRow

_PAUSE = timedelta(hours=1)
_LISTED = 1000
_NOTICES = 20  # an hour and address; a rule that fits everything must not flood who reads of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One mail to the people in charge: when it is due, and from when on failures belong to it."""

    people: tuple[str, ...]
    due: datetime
    since: datetime

    def job(self, job: JobRow, outcomes: list[dict[str, Any]]) -> dict[str, Any]:
        """Return the job that brings it, as the outcome of a failed job carries it."""
        return {
            "number": 1000 * (job.number + 1),
            "kind": "alert",
            "due": self.due.isoformat(),
            "task": {
                "mailbox": job.task["mailbox"],
                "recipients": list(self.people),
                "since": self.since.isoformat(),
                "failed": {"kind": job.kind, "outcomes": outcomes},
            },
        }


class Alerts:
    """Keeps the pace, in this process's memory: a restart allows one mail more. Safe from several threads.

    ``people`` are the addresses from the settings; without any, a mailbox's own readers are told.
    """

    def __init__(self, people: tuple[str, ...] = ()) -> None:
        self._people = people
        self._lock = threading.Lock()
        self._due: dict[str, datetime] = {}
        self._noticed: dict[str, deque[datetime]] = {}

    def after_failure(self, job: JobRow, now: datetime) -> Alert | None:
        """Return the alert that a failed job brings; None where one that will list it is on its way already."""
        if job.kind in {"relay", "alert"}:  # of the one its sender is told; the other would tell of itself
            return None
        mailbox, now = (
            job.task["mailbox"],
            now.replace(microsecond=0),
        )  # the archive's times are whole seconds
        with self._lock:
            last = self._due.get(mailbox)
            if last is not None and now < last:
                return None
            due = now if last is None else max(now, last + _PAUSE)
            self._due[mailbox] = due
        return Alert(people=self._people or (mailbox,), due=due, since=now if last is None else last)

    def allows_notice(self, job: JobRow, now: datetime) -> bool:
        """Count one notice to an address; say whether it is within what an hour allows. Trying again is always allowed."""
        if job.attempts > 1 or job.task.get("own"):  # of an answer of ours there are no more than answers
            return True
        with self._lock:
            sent = self._noticed.setdefault(job.task["recipients"][0].lower(), deque(maxlen=_NOTICES))
            if len(sent) == _NOTICES and now - sent[0] < _PAUSE:
                return False
            sent.append(now)
            return True


def lost_with(conn: Connection, alert: JobRow) -> tuple[Lost, ...]:
    """Return what an alert tells of: the failure that brought it, and what else of its mailbox has failed since."""
    mailbox, failed = alert.task["mailbox"], alert.task["failed"]
    rows = [
        job
        for job in jobs.dead_jobs(conn, _LISTED, since=datetime.fromisoformat(alert.task["since"]))
        if job.task.get("mailbox") == mailbox and job.kind not in {"relay", "alert"}
    ]
    known = messages.messages(conn, [alert.message, *(job.message for job in rows)])
    first = failed["outcomes"][-1]
    found = {
        (alert.message, failed["kind"]): (tuple(first["recipients"]), first["reply"]),
        **{(job.message, job.kind): (tuple(job.task["recipients"]), job.last) for job in rows},
    }
    return tuple(
        Lost(about=about(known[message]), kind=kind, recipients=recipients, reply=reply)
        for (message, kind), (recipients, reply) in found.items()
        if message in known
    )


def about(row: MessageRow) -> About:
    """Return what a notice says of a message."""
    name, address = row.from_[0] if row.from_ else ("", "")
    return About(
        seq=row.seq,
        sender=f"{name} <{address}>" if name else address,
        subject=row.subject,
        received_at=row.received_at,
        marketplace=row.marketplace,
        kind=row.kind,
        orders=tuple(order.value for order in row.orders),
        tags=row.tags,
    )

"""What a job must know of its message beyond the message itself, read in one look at the store for all that are given out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from gateway.alerts import lost_with
from gateway.archive.archive import Archive
from gateway.mail.authenticity.record import Record, record_of
from gateway.relay.notice import Lost
from gateway.store import messages
from gateway.store.authenticity import entries_of
from gateway.store.due import ClockRow, clocks_of
from gateway.store.records import JobRow, LinkRow, MessageRow
from gateway.store.rows import load_links
from gateway.store.turns import returned_by


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the message that a job is about; ``lost`` is what an alert tells of, ``clock`` what a warning does.

    ``returned`` is the answer that a bounce takes back.
    ``checked`` is the finding about its sender that entry ``checked_by`` holds; ``with_check`` reads it.
    """

    row: MessageRow
    links: list[LinkRow]
    checked: Record | None = None
    lost: tuple[Lost, ...] = ()
    checked_by: int | None = None
    clock: ClockRow | None = None
    returned: MessageRow | None = None

    def with_check(self, archive: Archive) -> "Known":
        """Return the same with the finding read from the archive; raises what reading an entry raises."""
        if self.checked_by is None:
            return self
        return replace(self, checked=record_of(archive.entry(self.checked_by).payload))


def brief(conn: Connection, claimed: Sequence[JobRow]) -> list[tuple[JobRow, Known]]:
    """Return each job with what it must know. Its message is in the store, since a decision about it made the job."""
    about = {job.message for job in claimed}
    rows, by_message = messages.messages(conn, about), {seq: list[LinkRow]() for seq in about}
    for link in load_links(conn, about):
        by_message[link.message].append(link)
    checked = entries_of(conn, {job.message for job in claimed if job.kind == "deliver"})
    return [
        (
            job,
            Known(
                row=rows[job.message],
                links=by_message[job.message],
                checked_by=checked.get(job.message) if job.kind == "deliver" else None,
                lost=lost_with(conn, job) if job.kind == "alert" else (),
                clock=_clock(conn, job) if job.kind == "warn" else None,
                returned=_returned(conn, job.message) if job.kind == "returned" else None,
            ),
        )
        for job in claimed
    ]


def _returned(conn: Connection, bounce: int) -> MessageRow | None:
    answer = returned_by(conn, bounce, first=True)
    return None if answer is None else messages.message(conn, answer)


def _clock(conn: Connection, job: JobRow) -> ClockRow | None:
    """Return the clock that a warning is about, while it runs."""
    running = (one for one in clocks_of(conn, job.message) if one.stopped_by is None)
    return next((one for one in running if one.name == job.task["clock"]), None)

"""What a job must know of its message beyond the message itself, read in one look at the store."""

from dataclasses import dataclass

from sqlalchemy import Connection

from gateway.alerts import lost_with
from gateway.archive.archive import Archive
from gateway.mail.authenticity.record import Record, record_of
from gateway.relay.notice import Lost
from gateway.store import messages, orders
from gateway.store.authenticity import entry_of
from gateway.store.records import JobRow, LinkRow, MessageRow


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the message that a job is about; ``lost`` is what an alert tells of."""

    row: MessageRow
    links: list[LinkRow]
    checked: Record | None = None
    lost: tuple[Lost, ...] = ()


def known_of(conn: Connection, archive: Archive, job: JobRow) -> Known:
    """Return what a job must know; its message is in the store, since a decision about it made the job."""
    row = messages.message(conn, job.message)
    assert row is not None
    by = entry_of(conn, job.message) if job.kind == "deliver" else None
    return Known(
        row=row,
        links=orders.links_of(conn, job.message),
        checked=None if by is None else record_of(archive.entry(by).payload),
        lost=lost_with(conn, job) if job.kind == "alert" else (),
    )

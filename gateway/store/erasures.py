"""Erasures, folded: what the store held of destroyed entries goes; that they were there, and when and why they went, stays.

The same stands there after a rebuild, which never sees what they said: the erasure's own entry tells what must outlive them.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, delete, insert, select, update

from gateway.mail.entry import Entry, Erased
from gateway.store import dossiers, reports, tables
from gateway.store.arrivals import delete_message
from gateway.store.clock_tables import clocks, marks
from gateway.store.engine import log_of
from gateway.store.payloads import ErasureOrder, FetchedPlace
from gateway.store.rows import chunks


def apply_erasures(tx: Connection, log: int, run: Sequence[tuple[Entry, ErasureOrder]]) -> None:
    """Take away what is held of the entries that erasures name."""
    for entry, order in run:
        for seq, of in order.erased:
            forget(tx, seq, Erased(by=entry.seq, at=entry.at, reason=order.reason, of=of))
        dossiers.forget(tx, log, [seq for seq, _ in order.erased])
        _keep_places(tx, log, order.places)
        for one in order.stopped:
            tx.execute(
                update(clocks)
                .where(clocks.c.log == log, clocks.c.message == one.message, clocks.c.name == one.name)
                .values(stopped_by=one.stopped_by, stopped_at=one.stopped_at, how=one.how)
            )


def forget(tx: Connection, seq: int, by: Erased | None = None) -> None:
    """Take away what the store holds of an erased entry; that there was one, of its type and at its time, stays."""
    log = log_of(tx)
    summary = by.summary if by is not None else {"erased": True}
    delete_message(tx, log, seq, summary)
    reports.forget(tx, log, seq)
    for column in (marks.c.by, marks.c.message):
        tx.execute(delete(marks).where(marks.c.log == log, column == seq))
    events = tables.events
    told = {"summary": summary, "agent": "", "marketplace": "", "value": ""}
    tx.execute(update(events).where(events.c.log == log, events.c.seq == seq).values(**told))


def _keep_places(tx: Connection, log: int, kept: Sequence[FetchedPlace]) -> None:
    """Keep where erased messages lie in IMAP accounts: else they would be missing there, and be fetched again."""
    places = tables.places
    known: set[int] = set()
    for chunk in chunks(one.by for one in kept):
        known.update(tx.scalars(select(places.c.by).where(places.c.log == log, places.c.by.in_(chunk))))
    rows = [
        {"log": log, **{name: getattr(one, name) for name in FetchedPlace.__struct_fields__}}
        for one in kept
        if one.by not in known
    ]
    if rows:
        tx.execute(insert(places), rows)

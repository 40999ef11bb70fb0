"""What an evidence pack asks of the store: which entries tell of an order or of some messages, and what was left out."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Row, select

from gateway.store import tables
from gateway.store.engine import log_of
from gateway.store.records import EventRow
from gateway.store.rows import chunks
from rules.facts import OrderRef

_events = tables.events.c
_links = tables.links.c


def entries_about(conn: Connection, messages: Iterable[int]) -> dict[int, EventRow]:
    """Return all entries of some messages in the log's order: the messages themselves, and what came of them."""
    found: list[Row[Any]] = []
    for chunk in chunks(messages):
        about = select(tables.events).where(_events.log == log_of(conn), _events.of.in_(chunk))
        found.extend(conn.execute(about))
    return {row.seq: _event(row) for row in sorted(found, key=lambda row: row.seq)}


def events_among(conn: Connection, seqs: Iterable[int]) -> dict[int, EventRow]:
    """Return entries as events, by seq; those that the store has not read yet are left out."""
    found: dict[int, EventRow] = {}
    for chunk in chunks(seqs):
        among = select(tables.events).where(_events.log == log_of(conn), _events.seq.in_(chunk))
        found.update((row.seq, _event(row)) for row in conn.execute(among))
    return found


def events_of_type(conn: Connection, type_: str) -> list[EventRow]:
    """Return all entries of a type that is rare and about no message, the oldest first."""
    return events_of_types(conn, (type_,))


def events_of_types(conn: Connection, types: Iterable[str]) -> list[EventRow]:
    """Return all entries of some types that are rare and about no message, the oldest first."""
    # There are few entries about no message, and an index finds them; of all entries that would be one of a million.
    alone = (_events.log == log_of(conn), _events.of.is_(None), _events.type.in_(tuple(types)))
    every = select(tables.events).where(*alone)
    return [_event(row) for row in conn.execute(every.order_by(_events.seq))]


def links_taken_back(conn: Connection, order: OrderRef) -> list[tuple[int, int]]:
    """Return the messages that are linked to an order no more, each with the entry that took the link back."""
    undone = select(_links.message, _links.undone_by).where(
        _links.log == log_of(conn),
        _links.marketplace == order.marketplace,
        _links.value == order.value,
        _links.undone_by.is_not(None),
    )
    return sorted({(row.message, row.undone_by) for row in conn.execute(undone)})


def _event(row: Row[Any]) -> EventRow:
    return EventRow(
        seq=row.seq,
        type=row.type,
        at=row.at,
        of=row.of,
        order=OrderRef(marketplace=row.marketplace, value=row.value) if row.value else None,
        agent=row.agent,
        summary=row.summary,
    )

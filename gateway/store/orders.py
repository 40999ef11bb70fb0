"""Orders, read: each is what is linked to it. Nothing is kept of an order itself, so nothing can disagree."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, case, func, or_, select

from gateway.store import tables
from gateway.store.engine import log_of
from gateway.store.labels import bare
from gateway.store.records import EventRow, LinkRow, MessageRow, OrderRow
from gateway.store.rows import load_links, load_messages
from rules.facts import Confidence, FoundParcel, FoundProduct, OrderRef

_links = tables.links.c
_rows = tables.messages.c
_events = tables.events.c
_finds = tables.finds.c
_STRENGTH = case((_links.confidence == "certain", 2), (_links.confidence == "likely", 1), else_=0)
_BACK = 25  # links looked through for each order wanted
_NAMED: tuple[Confidence, ...] = ("possible", "likely", "certain")


def messages_of(conn: Connection, order: OrderRef) -> list[MessageRow]:
    """Return the messages that stand linked to an order, in the order they occurred."""
    seqs = conn.scalars(
        select(_rows.seq)
        .where(_rows.log == log_of(conn), _rows.seq.in_(_linked(conn, order)))
        .order_by(_rows.occurred_at, _rows.seq)
    )
    return list(load_messages(conn, seqs).values())


def links_of(conn: Connection, seq: int) -> list[LinkRow]:
    """Return a message's links in the order they were made, undone ones too."""
    return load_links(conn, [seq])


def find_orders(conn: Connection, value: str) -> list[OrderRow]:
    """Return the orders a number may mean, at any marketplace, however its dashes and spaces are written."""
    wanted = bare(value)
    return _orders(conn, _select(conn).where(_links.bare == wanted)) if wanted else []


def recent_orders(conn: Connection, limit: int) -> list[OrderRow]:
    """Return the orders the newest messages belong to, the newest first; looks no further back than those suffice."""
    newest = conn.execute(
        select(_links.marketplace, _links.value)
        .join(tables.messages, (_rows.log == _links.log) & (_rows.seq == _links.message))
        .where(_rows.log == log_of(conn), _links.undone_by.is_(None))
        .order_by(_rows.occurred_at.desc(), _rows.seq.desc(), _links.by, _links.place)
        .limit(limit * _BACK)
    )
    found: dict[OrderRef, OrderRow] = {}
    for marketplace, value in newest:
        if len(found) == limit:
            break
        if (ref := OrderRef(marketplace=marketplace, value=value)) not in found:
            one = _select(conn).where(_links.marketplace == marketplace, _links.value == value)
            found[ref] = _orders(conn, one)[0]
    return list(found.values())


def events_of(conn: Connection, order: OrderRef | None = None, message: int | None = None) -> list[EventRow]:
    """Return a timeline in entry order: of a message, or of an order with all that its linked messages went through."""
    about: list[ColumnElement[bool]] = []
    if message is not None:
        about.append(_events.of == message)
    if order is not None:
        about.append((_events.marketplace == order.marketplace) & (_events.value == order.value))
        about.append(_events.of.in_(_linked(conn, order)))
    if not about:
        return []
    rows = conn.execute(
        select(tables.events).where(_events.log == log_of(conn), or_(*about)).order_by(_events.seq)
    )
    return [
        EventRow(
            seq=row.seq,
            type=row.type,
            at=row.at,
            of=row.of,
            order=OrderRef(marketplace=row.marketplace, value=row.value) if row.value else None,
            agent=row.agent,
            summary=row.summary,
        )
        for row in rows
    ]


def parcels_of(conn: Connection, order: OrderRef) -> list[FoundParcel]:
    """Return the parcels that an order's messages name, each once, as first named."""
    return [
        FoundParcel(carrier=kind, number=value, where=where)
        for kind, value, where in _found(conn, order, "parcel")
    ]


def products_of(conn: Connection, order: OrderRef) -> list[FoundProduct]:
    """Return the products that an order's messages name, each once, as first named."""
    return [
        FoundProduct(kind=kind, value=value, where=where)
        for kind, value, where in _found(conn, order, "product")
    ]


def _linked(conn: Connection, order: OrderRef) -> Select[tuple[int]]:
    return select(_links.message).where(
        _links.log == log_of(conn),
        _links.marketplace == order.marketplace,
        _links.value == order.value,
        _links.undone_by.is_(None),
    )


def _found(conn: Connection, order: OrderRef, what: str) -> Iterable[tuple[str, str, str]]:
    rows = conn.execute(
        select(_finds.kind, _finds.value, _finds.where)
        .where(_finds.log == log_of(conn), _finds.what == what, _finds.message.in_(_linked(conn, order)))
        .order_by(_finds.message, _finds.place)
    )
    first: dict[tuple[str, str], str] = {}
    for kind, value, where in rows:
        first.setdefault((kind, value), where)
    return [(kind, value, where) for (kind, value), where in first.items()]


def _select(conn: Connection) -> Select[Any]:
    return (
        select(
            _links.marketplace,
            _links.value,
            func.count(_links.message.distinct()),
            func.min(_rows.occurred_at),
            func.max(_rows.occurred_at),
            func.max(_STRENGTH),
        )
        .join(tables.messages, (_rows.log == _links.log) & (_rows.seq == _links.message))
        .where(_links.log == log_of(conn), _links.undone_by.is_(None))
        .group_by(_links.marketplace, _links.value)
        .order_by(_links.marketplace, _links.value)
    )


def _orders(conn: Connection, chosen: Select[Any]) -> list[OrderRow]:
    return [
        OrderRow(
            order=OrderRef(marketplace=marketplace, value=value),
            messages=count,
            first_at=first,
            last_at=last,
            confidence=_NAMED[strength],
        )
        for marketplace, value, count, first, last, strength in conn.execute(chosen)
    ]

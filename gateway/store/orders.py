"""Orders, read: each is what is linked to it. Nothing is kept of an order itself, so nothing can disagree."""

from collections import defaultdict
from collections.abc import Iterable
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, select

from gateway.store import reports, tables
from gateway.store.engine import log_of
from gateway.store.records import EventRow, LinkRow, MessageRow, OrderRow
from gateway.store.rows import chunks, load_links, load_messages
from gateway.store.spelling import bare
from rules.facts import Confidence, FoundParcel, FoundProduct, OrderRef

_links = tables.links.c
_rows = tables.messages.c
_events = tables.events.c
_finds = tables.finds.c
_STRENGTH: tuple[Confidence, ...] = ("possible", "likely", "certain")
_BACK = 25  # messages looked through for each order wanted


def messages_of(conn: Connection, order: OrderRef) -> list[MessageRow]:
    """Return the messages that stand linked to an order, in the order they occurred."""
    rows = load_messages(conn, conn.scalars(_linked(conn, order)))
    return sorted(rows.values(), key=lambda row: (row.occurred_at, row.seq))


def links_of(conn: Connection, seq: int) -> list[LinkRow]:
    """Return a message's links in the order they were made, undone ones too."""
    return load_links(conn, [seq])


def links_among(conn: Connection, seqs: Iterable[int]) -> list[LinkRow]:
    """Return the links of several messages, each message's in the order they were made."""
    return [link for chunk in chunks(seqs) for link in load_links(conn, chunk)]


def find_orders(conn: Connection, value: str) -> list[OrderRow]:
    """Return the orders a number may mean, at any marketplace, however its dashes and spaces are written."""
    wanted = bare(value)
    return _orders(conn, _links.bare == wanted) if wanted else []


def recent_orders(conn: Connection, limit: int) -> list[OrderRow]:
    """Return the orders the newest messages belong to, the newest first; looks no further back than those suffice."""
    newest = (
        select(_rows.seq)
        .where(_rows.log == log_of(conn))
        .order_by(_rows.occurred_at.desc(), _rows.seq.desc())
        .limit(limit * _BACK)
    )
    by_message = defaultdict[int, list[OrderRef]](list)
    seqs = list(conn.scalars(newest))
    for row in load_links(conn, seqs):
        if row.undone_by is None:
            by_message[row.message].append(row.link.order)
    wanted = dict.fromkeys(order for seq in seqs for order in by_message[seq])
    # one question for each: SQLite walks all links for one that names several
    return [
        _orders(conn, (_links.marketplace == order.marketplace) & (_links.value == order.value))[0]
        for order in islice(wanted, limit)
    ]


def events_of(conn: Connection, order: OrderRef | None = None, message: int | None = None) -> list[EventRow]:
    """Return a timeline in entry order: of a message, or of an order with all that its linked messages went through."""
    found: dict[int, Row[Any]] = {}
    about: list[ColumnElement[bool]] = []
    messages = set() if message is None else {message}
    if order is not None:
        about.append((_events.marketplace == order.marketplace) & (_events.value == order.value))
        messages.update(conn.scalars(_linked(conn, order)))
    about += [_events.of.in_(chunk) for chunk in chunks(messages)]
    for which in about:
        rows = conn.execute(select(tables.events).where(_events.log == log_of(conn), which))
        found.update((row.seq, row) for row in rows)
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
        for _, row in sorted(found.items())
    ]


def parcels_of(conn: Connection, order: OrderRef) -> list[FoundParcel]:
    """Return the parcels that an order's messages, people and reports name, each once, as first named.

    A person's last word on a number goes before all others: one that was taken away is not the order's.
    """
    words = _parcel_words(conn, order)
    found = [
        FoundParcel(carrier=kind, number=value, where=where)
        for kind, value, where in _found(conn, order, "parcel")
    ]
    found += [
        FoundParcel(carrier=str(said.get("carrier", "")), number=str(said["number"]), where="hand")
        for said in words
        if not said.get("remove")
    ]
    found += reports.parcels_of(conn, order)
    last = {bare(str(said["number"])): said for said in words}
    gone = {number for number, said in last.items() if said.get("remove")}
    first: dict[str, FoundParcel] = {}
    for one in found:
        first.setdefault(bare(one.number), one)
    return [one for number, one in first.items() if number not in gone]


def _parcel_words(conn: Connection, order: OrderRef) -> list[dict[str, Any]]:
    told = select(_events.summary).where(
        _events.log == log_of(conn),
        _events.marketplace == order.marketplace,
        _events.value == order.value,
        _events.type == "parcel",
    )
    return [said for said in conn.scalars(told.order_by(_events.seq)) if said.get("number")]


def parcel_entries(conn: Connection, order: OrderRef) -> dict[str, int]:
    """Return the first entry that names each of an order's parcels, a message or a person's word, by the bare number."""
    named = select(_finds.value, _finds.message).where(
        _finds.log == log_of(conn), _finds.what == "parcel", _finds.message.in_(_linked(conn, order))
    )
    found: dict[str, int] = {}
    for value, message in conn.execute(named.order_by(_finds.message)):
        found.setdefault(bare(value), message)
    for event in events_of(conn, order=order):
        if event.type == "parcel" and not event.summary.get("remove"):
            found.setdefault(bare(str(event.summary.get("number", ""))), event.seq)
    return found


def orders_with_parcel(conn: Connection, number: str) -> list[OrderRef]:
    """Return the orders whose mail, reports or people name a parcel; its number is compared without dashes and spaces."""
    wanted = bare(number)
    named = select(_finds.message).where(
        _finds.log == log_of(conn), _finds.what == "parcel", _finds.value.in_((number, wanted))
    )
    linked = conn.execute(
        select(_links.marketplace, _links.value)
        .where(_links.log == log_of(conn), _links.message.in_(named), _links.undone_by.is_(None))
        .distinct()
    ).all()
    said = conn.execute(
        select(_events.marketplace, _events.value, _events.summary).where(
            _events.log == log_of(conn), _events.type == "parcel", _events.value != ""
        )
    )
    by_word = [
        (row.marketplace, row.value) for row in said if bare(str(row.summary.get("number", ""))) == wanted
    ]
    found = (
        [(row.marketplace, row.value) for row in linked] + by_word + reports.orders_of_parcel(conn, wanted)
    )
    return [OrderRef(marketplace=marketplace, value=value) for marketplace, value in dict.fromkeys(found)]


def products_of(conn: Connection, order: OrderRef) -> list[FoundProduct]:
    """Return the products that an order's messages and reports name, each once, as first named."""
    found = [
        FoundProduct(kind=kind, value=value, where=where)
        for kind, value, where in _found(conn, order, "product")
    ]
    named = {(one.kind, one.value) for one in found}
    return found + [one for one in reports.products_of(conn, order) if (one.kind, one.value) not in named]


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


def _orders(conn: Connection, which: ColumnElement[bool]) -> list[OrderRow]:
    """Return the orders of some standing links. Summed up here: few links an order, and plain index look-ups."""
    chosen: Select[Any] = (
        select(_links.marketplace, _links.value, _links.message, _links.confidence, _rows.occurred_at)
        .join(tables.messages, (_rows.log == _links.log) & (_rows.seq == _links.message))
        .where(_links.log == log_of(conn), _links.undone_by.is_(None), which)
    )
    groups = defaultdict[OrderRef, list[Row[Any]]](list)
    for row in conn.execute(chosen):
        groups[OrderRef(marketplace=row.marketplace, value=row.value)].append(row)
    return [
        OrderRow(
            order=order,
            messages=len({row.message for row in links}),
            first_at=min(row.occurred_at for row in links),
            last_at=max(row.occurred_at for row in links),
            confidence=max((row.confidence for row in links), key=_STRENGTH.index),
        )
        for order, links in sorted(groups.items())
    ]

"""What order reports tell, folded and asked for. Every report's rows stand; of two about one order the newer speaks first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, bindparam, delete, insert, select

from gateway.mail.entry import Entry
from gateway.store import tables
from gateway.store.columns import key
from gateway.store.engine import log_of
from gateway.store.payloads import OrderReport
from gateway.store.report_tables import TABLES, reported, reported_days, reported_parcels
from gateway.store.rows import chunks
from gateway.store.spelling import bare
from rules.facts import FoundParcel, FoundProduct, KnownLink, OrderRef, Reported

_MOST = 100  # orders told of one alias or parcel
_FACTS = 20  # parcels and products told of one order
_ALL = 1 << 62

_orders = reported.c
_parcels = reported_parcels.c
_days = reported_days.c
_IN_LOG: ColumnElement[int] = bindparam("in_log")
_BELOW: ColumnElement[int] = bindparam("below")


def _told(table: Any, column: Any, *, limit: int = 0) -> Select[Any]:
    """Return the statement for rows below an entry, the newest first."""
    chosen = (
        select(table)
        .where(table.c.log == _IN_LOG, column.in_(bindparam("asked", expanding=True)), table.c.by < _BELOW)
        .order_by((table.c.by + 0).desc(), table.c.place)
    )
    return chosen.limit(limit) if limit else chosen


BY_ORDER = _told(reported, _orders.value).where(
    _orders.marketplace.in_(bindparam("marketplaces", expanding=True))
)
PARCELS_OF = _told(reported_parcels, _parcels.value).where(
    _parcels.marketplace.in_(bindparam("marketplaces", expanding=True))
)
_BY_ALIAS = _told(reported, _orders.alias, limit=_MOST)
_BY_NUMBER = _told(reported_parcels, _parcels.bare, limit=_MOST)
_BY_BARE = _told(reported, _orders.bare, limit=_MOST)
COVERED = (
    select(_days.marketplace)
    .where(
        _days.log == _IN_LOG,
        _days.marketplace.in_(bindparam("asked", expanding=True)),
        _days.first_at <= bindparam("at"),
        _days.last_at >= bindparam("at"),
        _days.by < _BELOW,
    )
    .distinct()
)


_SOURCES = (
    select(tables.events.c.seq, tables.events.c.at, tables.events.c.summary)
    .where(
        tables.events.c.log == _IN_LOG,
        tables.events.c.seq.in_(
            select(_orders.by).where(
                _orders.log == _IN_LOG,
                _orders.marketplace == bindparam("marketplace"),
                _orders.value == bindparam("value"),
            )
        ),
    )
    .order_by(tables.events.c.seq)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """An entry that a report was taken in as: ``format`` is the kind of report."""

    seq: int
    at: datetime
    format: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked of the reports for one message."""

    orders: tuple[OrderRef, ...]
    alias: str
    parcels: tuple[str, ...]
    at: datetime
    below: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What they answer."""

    orders: tuple[Reported, ...] = ()
    alias: tuple[KnownLink, ...] = ()
    parcel: tuple[KnownLink, ...] = ()
    covered: frozenset[str] = frozenset()


def apply_reports(tx: Connection, log: int, run: Sequence[tuple[Entry, OrderReport]]) -> None:
    """Write what reports tell; an older report's rows stay beside it."""
    for entry, report in run:
        rows: list[dict[str, Any]] = []
        parcels: list[dict[str, Any]] = []
        for one in report.orders:
            ref = {
                "log": log,
                "by": entry.seq,
                "marketplace": one.order.marketplace,
                "value": one.order.value,
            }
            plain = {"bare": bare(one.order.value), "alias": one.alias, "placed_at": one.placed_at}
            rows.append(
                {**ref, "place": len(rows), **plain, "products": [list(each) for each in one.products]}
            )
            for carrier, number, shipped_at in one.parcels:
                sent = {"carrier": carrier, "number": number, "bare": bare(number), "shipped_at": shipped_at}
                parcels.append({**ref, "place": len(parcels), **sent})
        days = [
            {
                "log": log,
                "by": entry.seq,
                "place": place,
                "marketplace": one.marketplace,
                "first_at": one.first_at,
                "last_at": one.last_at,
            }
            for place, one in enumerate(report.days)
        ]
        for table, found in ((reported, rows), (reported_parcels, parcels), (reported_days, days)):
            if found:
                tx.execute(insert(table), found)


def forget(tx: Connection, log: int, by: int) -> None:
    """Take away what an erased report told."""
    for table in TABLES:
        tx.execute(delete(table).where(table.c.log == log, table.c.by == by))


def told(conn: Connection, asked: Asked) -> Told:
    """Return what reports below an entry tell about a message's order numbers, buyer and parcels."""
    where = {"in_log": log_of(conn), "below": asked.below}
    markets = sorted({order.marketplace for order in asked.orders})
    covered = conn.scalars(COVERED, {**where, "asked": markets, "at": asked.at}) if markets else ()
    numbers = {bare(number): number for number in asked.parcels}
    by_number = conn.execute(_BY_NUMBER, {**where, "asked": list(numbers)}) if numbers else ()
    return Told(
        orders=tuple(facts_of(conn, asked.orders, below=asked.below)),
        alias=links_of_alias(conn, asked.alias, below=asked.below),
        parcel=tuple(_links(by_number, numbers)),
        covered=frozenset(covered),
    )


def links_of_alias(conn: Connection, alias: str, *, below: int) -> tuple[KnownLink, ...]:
    """Return the orders that reports below an entry tell of one buyer."""
    asks = {"in_log": log_of(conn), "below": below, "asked": [alias]}
    return tuple(_links(conn.execute(_BY_ALIAS, asks))) if alias else ()


def facts_of(conn: Connection, orders: Sequence[OrderRef], *, below: int = _ALL) -> list[Reported]:
    """Return what reports tell of some orders; those that no report names are left out."""
    found: dict[OrderRef, Reported] = {}
    for chunk in chunks(orders):
        where = where_of(conn, chunk, below)
        wanted = {(key(order.marketplace), key(order.value)): order for order in chunk}
        rows: dict[OrderRef, list[Any]] = {}
        for row in conn.execute(BY_ORDER, where):
            if (order := wanted.get((row.marketplace, row.value))) is not None:
                rows.setdefault(order, []).append(row)
        if not rows:
            continue
        parcels: dict[OrderRef, dict[str, tuple[str, str, datetime | None]]] = {}
        for row in conn.execute(PARCELS_OF, where):
            if (order := wanted.get((row.marketplace, row.value))) is not None:
                parcels.setdefault(order, {}).setdefault(row.bare, (row.carrier, row.number, row.shipped_at))
        for order, each in rows.items():
            products = dict.fromkeys((kind, value) for row in each for kind, value in row.products)
            found[order] = Reported(
                order=order,
                placed_at=min((row.placed_at for row in each if row.placed_at is not None), default=None),
                alias=next((row.alias for row in each if row.alias), ""),
                parcels=tuple(parcels.get(order, {}).values())[:_FACTS],
                products=tuple(products)[:_FACTS],
            )
    return [found[order] for order in orders if order in found]


def sources_of(conn: Connection, order: OrderRef) -> list[Source]:
    """Return the entries whose reports tell of an order, the oldest first."""
    where = {"in_log": log_of(conn), "marketplace": order.marketplace, "value": order.value}
    return [
        Source(seq=row.seq, at=row.at, format=str(row.summary.get("format", "")))
        for row in conn.execute(_SOURCES, where)
    ]


def orders_of_parcel(conn: Connection, number: str) -> list[tuple[str, str]]:
    """Return the orders that reports tell a parcel of, as marketplace and value; the number is bare."""
    rows = select(_parcels.marketplace, _parcels.value).where(
        _parcels.log == log_of(conn), _parcels.bare == number
    )
    return [(row.marketplace, row.value) for row in conn.execute(rows.distinct())]


def reported_orders(conn: Connection, value: str, *, below: int = _ALL) -> list[OrderRef]:
    """Return the orders of reports that a number may mean, however its dashes and spaces are written."""
    asks = {"in_log": log_of(conn), "below": below, "asked": [bare(value)]}
    rows = conn.execute(_BY_BARE, asks) if bare(value) else ()
    return list(dict.fromkeys(OrderRef(marketplace=row.marketplace, value=row.value) for row in rows))


def recent(conn: Connection, orders: Sequence[OrderRef], *, since: datetime, below: int) -> set[OrderRef]:
    """Return those of some orders that were placed since a moment."""
    return {
        one.order
        for one in facts_of(conn, orders, below=below)
        if one.placed_at is not None and one.placed_at >= since
    }


def parcels_of(conn: Connection, order: OrderRef) -> list[FoundParcel]:
    """Return the parcels that reports tell of an order."""
    return [
        FoundParcel(carrier=carrier, number=number, where="report")
        for one in facts_of(conn, [order])
        for carrier, number, _ in one.parcels
    ]


def products_of(conn: Connection, order: OrderRef) -> list[FoundProduct]:
    """Return the products that reports tell of an order."""
    return [
        FoundProduct(kind=kind, value=value, where="report")
        for one in facts_of(conn, [order])
        for kind, value in one.products
    ]


def where_of(conn: Connection, orders: Sequence[OrderRef], below: int) -> dict[str, Any]:
    """Return what the statements by order are asked with."""
    return {
        "in_log": log_of(conn),
        "below": below,
        "asked": [order.value for order in orders],
        "marketplaces": sorted({order.marketplace for order in orders}),
    }


def _links(rows: Iterable[Any], numbers: dict[str, str] | None = None) -> Iterable[KnownLink]:
    """Return each order once, by the newest report that tells it."""
    found: dict[OrderRef, KnownLink] = {}
    for row in rows:
        order = OrderRef(marketplace=row.marketplace, value=row.value)
        why = numbers.get(row.bare, "") if numbers is not None else ""
        found.setdefault(
            order, KnownLink(order=order, seq=row.by, confidence="likely", source="report", why=why)
        )
    return found.values()

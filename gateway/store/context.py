"""What was known before a message, as the rules ask for it. From messages below its seq only."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, bindparam, func, select, union

from gateway.store import tables
from gateway.store.engine import log_of
from rules.facts import Confidence, Context, KnownLink, OrderRef, OrderSince

_REFS = 200  # ids of one message that are looked up, the nearest first; a longer chain is no honest thread
_ORDERS = 200
_NEWEST = 100  # messages whose links are handed to the rules
_RETRY = timedelta(hours=24)
_RANK: dict[Confidence, int] = {"possible": 0, "likely": 1, "certain": 2}
# An identical message that did not go its way cannot stand for this one.
_GONE_NOWHERE = ("held", "dropped", "refused", "failed")

_rows = tables.messages.c
_links = tables.links.c
_refs = tables.refs.c
_LOG: ColumnElement[int] = bindparam("in_log")
_BELOW: ColumnElement[int] = bindparam("below")

_ASKED: ColumnElement[tuple[str, ...]] = bindparam("asked", expanding=True)

# Made once: this is asked for every message, and making a statement costs more than running it. Plus nothing: ordered
# by the bare column, SQLite reads the whole key backwards instead of the index by id.
_NAMED = (
    select(_rows.seq)
    .where(_rows.log == _LOG, _rows.message_id.in_(_ASKED), _rows.seq < _BELOW)
    .order_by((_rows.seq + 0).desc())
    .limit(_NEWEST)
)
_BESIDE = (
    select(_refs.message)
    .where(_refs.log == _LOG, _refs.message_id.in_(_ASKED), _refs.message < _BELOW)
    .order_by((_refs.message + 0).desc())
    .limit(_NEWEST)
)
_THREAD = union(select(_NAMED.subquery("named")), select(_BESIDE.subquery("beside")))
_SAME_ALIAS = (
    select(_rows.seq)
    .where(_rows.log == _LOG, _rows.alias == bindparam("alias"), _rows.seq < _BELOW)
    .order_by(_rows.seq.desc())
    .limit(_NEWEST)
)
_LINKED = select(_links.message, _links.marketplace, _links.value, _links.confidence).where(
    _links.log == _LOG,
    _links.message.in_(bindparam("messages", expanding=True)),
    _links.undone_by.is_(None),
)
_KNOWN = (
    select(_links.marketplace, _links.value)
    .where(
        _links.log == _LOG,
        _links.message < _BELOW,
        _links.undone_by.is_(None),
        _links.marketplace.in_(bindparam("marketplaces", expanding=True)),
        _links.value.in_(bindparam("values", expanding=True)),
    )
    .distinct()
)
_SINCE = (
    select(_links.marketplace, _links.value, func.min(_rows.occurred_at).label("at"))
    .join(tables.messages, (_rows.log == _links.log) & (_rows.seq == _links.message))
    .where(
        _links.log == _LOG,
        _links.message < _BELOW,
        _links.undone_by.is_(None),
        _links.marketplace.in_(bindparam("marketplaces", expanding=True)),
        _links.value.in_(bindparam("values", expanding=True)),
    )
    .group_by(_links.marketplace, _links.value)
)
_TWIN = select(func.min(_rows.seq)).where(
    _rows.log == _LOG,
    _rows.twin == bindparam("twin"),
    _rows.seq < _BELOW,
    _rows.occurred_at >= bindparam("since"),
    _rows.occurred_at <= bindparam("until"),
    _rows.state.not_in(_GONE_NOWHERE),
)


def context_of(
    conn: Connection,
    *,
    refers_to: Sequence[str],
    alias: str,
    orders: Collection[OrderRef],
    twin: bytes,
    at: datetime,
    below: int,
    since: bool = False,
) -> Context:
    """Return the links of the thread and of the buyer's alias, the orders known, and the message this one repeats.

    An empty ``twin`` asks for no repeat; ``since`` also asks when the first message of each of the orders occurred. ``below`` is the message's own seq and ``at`` its ``occurred_at``. A thread is the messages it refers to and those
    that refer to one of the same. Of two links between a message and an order the stronger one is told.
    """
    where = {"in_log": log_of(conn), "below": below}
    thread = _known(conn, where, _thread(conn, where, refers_to[:_REFS]))
    buyer = _known(conn, where, conn.scalars(_SAME_ALIAS, {**where, "alias": alias}) if alias else ())
    related = {*orders, *(known.order for known in (*thread, *buyer))} if since else set()
    return Context(
        thread=thread,
        alias=buyer,
        order_since=_since(conn, where, sorted(related)[:_ORDERS]),
        known_orders=_known_orders(conn, where, sorted(set(orders))[:_ORDERS]),
        retry_of=conn.scalar(_TWIN, {**where, "twin": twin, "since": at - _RETRY, "until": at})
        if twin
        else None,
    )


def _thread(conn: Connection, where: dict[str, int], asked: Sequence[str]) -> list[int]:
    """Return the newest messages of a thread."""
    if not asked:
        return []
    ids = {**where, "asked": list(asked)}
    return sorted(conn.scalars(_THREAD, ids), reverse=True)[:_NEWEST]


def _known(conn: Connection, where: dict[str, int], messages: Iterable[int]) -> tuple[KnownLink, ...]:
    """Return the standing links of messages, in the messages' order."""
    found: dict[int, dict[OrderRef, Confidence]] = {seq: {} for seq in messages}
    if not found:
        return ()
    for seq, marketplace, value, confidence in conn.execute(_LINKED, {**where, "messages": list(found)}):
        order = OrderRef(marketplace=marketplace, value=value)
        found[seq][order] = max(found[seq].get(order, confidence), confidence, key=_RANK.__getitem__)
    return tuple(
        KnownLink(order=order, seq=seq, confidence=confidence)
        for seq, links in found.items()
        for order, confidence in sorted(links.items())
    )


def _since(conn: Connection, where: dict[str, int], asked: list[OrderRef]) -> tuple[OrderSince, ...]:
    if not asked:
        return ()
    rows = conn.execute(_SINCE, {**where, **_named(asked)})
    found = {OrderRef(marketplace=row.marketplace, value=row.value): row.at for row in rows}
    return tuple(OrderSince(order=order, at=found[order]) for order in asked if order in found)


def _named(asked: list[OrderRef]) -> dict[str, list[str]]:
    return {
        "marketplaces": list({order.marketplace for order in asked}),
        "values": [order.value for order in asked],
    }


def _known_orders(conn: Connection, where: dict[str, int], asked: list[OrderRef]) -> frozenset[OrderRef]:
    if not asked:
        return frozenset()
    rows = conn.execute(_KNOWN, {**where, **_named(asked)})
    return frozenset(OrderRef(marketplace=row.marketplace, value=row.value) for row in rows) & set(asked)

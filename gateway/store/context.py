"""What was known before a message, as the rules ask for it. From messages below its seq only."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, func, or_, select

from gateway.store import tables
from gateway.store.engine import log_of
from rules.facts import Confidence, Context, KnownLink, OrderRef

_REFS = 200  # ids of one message that are looked up, the nearest first; a longer chain is no honest thread
_ORDERS = 200
_NEWEST = 100  # links handed to the rules
_RETRY = timedelta(hours=24)
_RANK: dict[Confidence, int] = {"possible": 0, "likely": 1, "certain": 2}
# An identical message that did not go its way cannot stand for this one.
_GONE_NOWHERE = ("held", "dropped", "refused", "failed")

_rows = tables.messages.c
_links = tables.links.c
_refs = tables.refs.c


def context_of(
    conn: Connection,
    *,
    refers_to: Sequence[str],
    alias: str,
    orders: Collection[OrderRef],
    twin: bytes,
    at: datetime,
    below: int,
) -> Context:
    """Return the links of the thread and of the buyer's alias, the orders known, and the message this one repeats.

    ``below`` is the message's own seq and ``at`` its ``occurred_at``. A thread is the messages it refers to and those
    that refer to one of the same. Of two links between a message and an order the stronger one is told.
    """
    log = log_of(conn)
    asked = list(refers_to)[:_REFS]
    thread: tuple[KnownLink, ...] = ()
    if asked:
        named = select(_rows.seq).where(_rows.log == log, _rows.message_id.in_(asked))
        beside = select(_refs.message).where(_refs.log == log, _refs.message_id.in_(asked))
        thread = _known(conn, below, or_(_links.message.in_(named), _links.message.in_(beside)))
    by_alias: tuple[KnownLink, ...] = ()
    if alias:
        same = select(_rows.seq).where(_rows.log == log, _rows.alias == alias)
        by_alias = _known(conn, below, _links.message.in_(same))
    return Context(
        thread=thread,
        alias=by_alias,
        known_orders=_known_orders(conn, below, orders),
        retry_of=_retry_of(conn, twin, at, below),
    )


def _known(conn: Connection, below: int, which: ColumnElement[bool]) -> tuple[KnownLink, ...]:
    found: dict[tuple[int, OrderRef], Confidence] = {}
    for row in conn.execute(
        select(_links.message, _links.marketplace, _links.value, _links.confidence)
        .where(_links.log == log_of(conn), _links.message < below, _links.undone_by.is_(None), which)
        .order_by(_links.message.desc(), _links.by, _links.place)
        .limit(_NEWEST)
    ):
        named = row.message, OrderRef(marketplace=row.marketplace, value=row.value)
        found[named] = max(found.get(named, row.confidence), row.confidence, key=_RANK.__getitem__)
    return tuple(KnownLink(order=order, seq=seq, confidence=how) for (seq, order), how in found.items())


def _known_orders(conn: Connection, below: int, orders: Collection[OrderRef]) -> frozenset[OrderRef]:
    asked = sorted(set(orders))[:_ORDERS]
    if not asked:
        return frozenset()
    rows = conn.execute(
        select(_links.marketplace, _links.value)
        .where(
            _links.log == log_of(conn),
            _links.message < below,
            _links.undone_by.is_(None),
            _links.marketplace.in_({order.marketplace for order in asked}),
            _links.value.in_({order.value for order in asked}),
        )
        .distinct()
    )
    return frozenset(OrderRef(marketplace=row.marketplace, value=row.value) for row in rows) & frozenset(
        asked
    )


def _retry_of(conn: Connection, twin: bytes, at: datetime, below: int) -> int | None:
    earliest: int | None = conn.scalar(
        select(func.min(_rows.seq)).where(
            _rows.log == log_of(conn),
            _rows.twin == twin,
            _rows.seq < below,
            _rows.occurred_at >= at - _RETRY,
            _rows.occurred_at <= at,
            _rows.state.not_in(_GONE_NOWHERE),
        )
    )
    return earliest

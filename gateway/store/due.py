"""Clocks, read: those that run, and those of an order or a message."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, func, or_, select

from gateway.store import tables
from gateway.store.clock_tables import clocks
from gateway.store.engine import log_of
from gateway.store.rows import chunks
from rules.clocks import REPLY
from rules.facts import OrderRef

_links = tables.links.c
_rows = tables.messages.c


class ClockRow(msgspec.Struct, frozen=True):
    """One clock that a message started. It runs until ``stopped_by``, an entry; ``how`` says what that entry was."""

    orders: tuple[OrderRef, ...]  # not in the table: see _rows_of
    message: int
    name: str
    by: int  # the decision that started it
    kind: str  # of the message
    mailbox: str
    marketplace: str
    started_at: datetime
    due_at: datetime
    said: str
    stopped_by: int | None = None
    stopped_at: datetime | None = None
    how: str = ""  # "answer", "site", "mark" or "closed"

    @property
    def kept(self) -> bool:
        """Whether it was stopped in time."""
        return self.stopped_at is not None and self.stopped_at <= self.due_at


_ITS = (_rows.log == clocks.c.log) & (_rows.seq == clocks.c.message)
_COLUMNS = tuple(
    _rows[name] if name in {"mailbox", "marketplace"} else clocks.c[name]
    for name in ClockRow.__struct_fields__
    if name != "orders"
)


def running(conn: Connection, limit: int | None = None) -> list[ClockRow]:
    """Return the clocks that run, the first due first."""
    chosen = _chosen(conn).where(clocks.c.stopped_by.is_(None))
    return _rows_of(conn, chosen.order_by(clocks.c.due_at, clocks.c.message, clocks.c.name).limit(limit))


def begun(
    conn: Connection, since: datetime, until: datetime, kinds: Iterable[str] | None = None
) -> list[ClockRow]:
    """Return the clocks that began in a time, the first begun first, whatever came of them; with ``kinds`` those on such messages."""
    chosen = _chosen(conn).where(clocks.c.started_at >= since, clocks.c.started_at < until)
    if kinds is not None:
        chosen = chosen.where(clocks.c.kind.in_(sorted(kinds)))
    return _rows_of(conn, chosen.order_by(clocks.c.started_at, clocks.c.message, clocks.c.name))


def clocks_on(conn: Connection, messages: Iterable[int]) -> dict[tuple[int, str], ClockRow]:
    """Return the clocks that some messages started, by message and name."""
    parts = (_chosen(conn).where(clocks.c.message.in_(chunk)) for chunk in chunks(messages))
    return {(one.message, one.name): one for part in parts for one in _rows_of(conn, part)}


def deadlines_begun(conn: Connection, since: datetime, until: datetime) -> list[ClockRow]:
    """Return, as ``begun``, the clocks that are not of a reply."""
    chosen = _chosen(conn).where(
        clocks.c.started_at >= since, clocks.c.started_at < until, clocks.c.name != REPLY
    )
    return _rows_of(conn, chosen.order_by(clocks.c.started_at, clocks.c.message, clocks.c.name))


def replies_begun(conn: Connection, since: datetime, until: datetime) -> list[ClockRow]:
    """Return the reply clocks that began in a time, and those before it that run still or that the same entries ended.

    Without the older ones nobody could say of which message on the buyer has waited: see ``reply_waits``.
    """
    mine = (clocks.c.log == log_of(conn), clocks.c.name == REPLY)
    ended = select(clocks.c.stopped_by).where(
        *mine, clocks.c.started_at >= since, clocks.c.started_at < until, clocks.c.stopped_by.is_not(None)
    )
    chosen = _chosen(conn).where(
        clocks.c.name == REPLY,
        clocks.c.started_at < until,
        or_(clocks.c.started_at >= since, clocks.c.stopped_by.is_(None), clocks.c.stopped_by.in_(ended)),
    )
    return _rows_of(conn, chosen.order_by(clocks.c.started_at, clocks.c.message))


def overdue_count(conn: Connection, now: datetime) -> int:
    """Return how many messages' clocks have run out unanswered."""
    late = select(func.count()).select_from(clocks).where(clocks.c.log == log_of(conn))
    return conn.scalar(late.where(clocks.c.stopped_by.is_(None), clocks.c.due_at < now)) or 0


def clocks_of(conn: Connection, message: int) -> list[ClockRow]:
    """Return the clocks that a message started."""
    return _rows_of(conn, _chosen(conn).where(clocks.c.message == message).order_by(clocks.c.name))


def clocks_of_order(conn: Connection, order: OrderRef) -> list[ClockRow]:
    """Return the clocks of all messages that stand linked to an order, as they were started."""
    linked = select(_links.message).where(
        _links.log == log_of(conn),
        _links.marketplace == order.marketplace,
        _links.value == order.value,
        _links.undone_by.is_(None),
    )
    chosen = _chosen(conn).where(clocks.c.message.in_(linked))
    return _rows_of(conn, chosen.order_by(clocks.c.started_at, clocks.c.message, clocks.c.name))


def oldest_waits(rows: Iterable[ClockRow]) -> list[ClockRow]:
    """Return, of the clocks that run, the oldest of each order and name; a message of no order stands for itself.

    Who writes three times is owed one answer, since the first.
    """
    first: dict[tuple[Any, str], ClockRow] = {}
    for row in sorted(rows, key=lambda one: (one.started_at, one.message)):
        if row.stopped_by is None:
            first.setdefault((row.orders[0] if row.orders else row.message, row.name), row)
    return sorted(first.values(), key=lambda one: (one.due_at, one.message, one.name))


def reply_waits(rows: Iterable[ClockRow], order: OrderRef | None = None) -> list[ClockRow]:
    """Return the waits for a reply, the first begun first; one that an answer has not ended, or a bounce reopened, still runs.

    Several messages about one order that one answer ended are one wait, from the first of them. A person's word that no
    answer is needed is no answer: the waits it ended are left out. So is what was imported, which starts no clock.
    ``order`` is the one that all rows are about; else each is of its own first order, or of none.
    """
    found: dict[tuple[Any, int | None], ClockRow] = {}
    for one in sorted(rows, key=lambda one: (one.started_at, one.message)):
        if one.name == REPLY and one.how != "mark":
            whose = order or (one.orders[0] if one.orders else one.message)
            found.setdefault((whose, one.stopped_by), one)
    return list(found.values())


def is_reply(row: ClockRow) -> bool:
    return row.name == REPLY


def _chosen(conn: Connection) -> Select[Any]:
    return select(clocks.c.message).where(clocks.c.log == log_of(conn))


def _rows_of(conn: Connection, chosen: Select[Any]) -> list[ClockRow]:
    found = conn.execute(chosen.with_only_columns(*_COLUMNS).join_from(clocks, tables.messages, _ITS)).all()
    orders = _orders_of(conn, chosen) if found else {}
    return [ClockRow(tuple(orders.get(row.message, ())), *row) for row in found]


def _orders_of(conn: Connection, messages: Select[Any]) -> dict[int, dict[OrderRef, None]]:
    """Return the orders that messages are linked to, in the order in which the links were made."""
    linked = select(_links.by, _links.place, _links.message, _links.marketplace, _links.value).where(
        _links.log == log_of(conn), _links.message.in_(messages), _links.undone_by.is_(None)
    )
    orders: dict[int, dict[OrderRef, None]] = {}
    for _, _, message, marketplace, value in sorted(tuple(one) for one in conn.execute(linked)):
        orders.setdefault(message, {})[OrderRef(marketplace=marketplace, value=value)] = None
    return orders

"""What is owed: of the clocks that run, the oldest of each order and name, without all that a message's own page tells of them."""

from collections import Counter
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, select

from gateway.store import tables
from gateway.store.clock_tables import clocks
from gateway.store.engine import log_of
from rules.clocks import REPLY
from rules.facts import OrderRef

_links = tables.links.c
_rows = tables.messages.c
_running = (clocks.c.log == bindparam("log"), clocks.c.stopped_by.is_(None))
_RUNNING = (
    select(
        clocks.c.message, clocks.c.name, clocks.c.kind, clocks.c.started_at, clocks.c.due_at, _rows.mailbox
    )
    .join(tables.messages, (_rows.log == clocks.c.log) & (_rows.seq == clocks.c.message))
    .where(*_running)
    .order_by(clocks.c.started_at, clocks.c.message, clocks.c.name)
)
_LINKED = select(_links.message, _links.by, _links.place, _links.marketplace, _links.value).where(
    _links.log == bindparam("log"),
    _links.undone_by.is_(None),
    _links.message.in_(select(clocks.c.message).where(*_running)),
)


class Owed(msgspec.Struct, frozen=True, kw_only=True):
    """The oldest of the clocks of one name that run about an order, or a clock of no order; ``count`` wait for the same answer."""

    message: int
    name: str
    kind: str  # of the message
    mailbox: str
    order: OrderRef | None
    started_at: datetime
    due_at: datetime
    count: int

    @property
    def is_reply(self) -> bool:
        return self.name == REPLY


def owed(conn: Connection) -> list[Owed]:
    """Return what is owed, the first due first: what ``due.oldest_waits`` finds, at a tenth of the cost."""
    orders = _first_orders(conn)
    found: dict[tuple[Any, str], Any] = {}
    counts = Counter[tuple[Any, str]]()
    for row in conn.execute(_RUNNING, {"log": log_of(conn)}):
        message, name, *_ = row
        key = orders.get(message, message), name
        found.setdefault(key, row)
        counts[key] += 1
    waits = [
        Owed(
            message=message,
            name=name,
            kind=kind,
            mailbox=mailbox,
            order=OrderRef(marketplace=key[0][0], value=key[0][1]) if message in orders else None,
            started_at=started_at,
            due_at=due_at,
            count=counts[key],
        )
        for key, (message, name, kind, started_at, due_at, mailbox) in found.items()
    ]
    return sorted(waits, key=lambda one: (one.due_at, one.message, one.name))


def open_counts(conn: Connection, now: datetime, kinds: AbstractSet[str]) -> tuple[int, int, int]:
    """Return how many replies are owed, how many clocks on messages of some kinds run, and how many of all have run out."""
    waits = owed(conn)
    return (
        sum(one.is_reply for one in waits),
        sum(one.kind in kinds for one in waits),
        sum(one.due_at < now for one in waits),
    )


def _first_orders(conn: Connection) -> dict[int, tuple[str, str]]:
    """Return the order, as marketplace and number, that each message with a clock that runs was linked to first."""
    first: dict[int, tuple[int, int, str, str]] = {}
    for message, *link in conn.execute(_LINKED, {"log": log_of(conn)}):
        first[message] = min(first.get(message, tuple(link)), tuple(link))
    return {message: (marketplace, value) for message, (_, _, marketplace, value) in first.items()}

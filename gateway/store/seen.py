"""Whether an entry or an order is there, for the store that is asked: a narrowed one answers for its mailboxes."""

from sqlalchemy import Connection, select

from gateway.store import tables
from gateway.store.engine import log_of
from rules.facts import OrderRef

_events = tables.events.c
_links = tables.links.c


def sees_entry(conn: Connection, seq: int) -> bool:
    return conn.scalar(select(_events.seq).where(_events.log == log_of(conn), _events.seq == seq)) is not None


def sees_order(conn: Connection, order: OrderRef) -> bool:
    """Whether any message stands linked to an order more surely than by a stranger's quoting its number."""
    linked = select(_links.message).where(
        _links.log == log_of(conn),
        _links.marketplace == order.marketplace,
        _links.value == order.value,
        _links.undone_by.is_(None),
        _links.confidence != "possible",
    )
    return conn.scalar(linked.limit(1)) is not None

"""Whether an entry or an order is there, for the store that is asked: a narrowed one answers for its mailboxes."""

from sqlalchemy import Connection, Select, select

from gateway.store import tables
from gateway.store.engine import log_of
from rules.facts import OrderRef

_events = tables.events.c
_links = tables.links.c


def sees_entry(conn: Connection, seq: int) -> bool:
    return conn.scalar(select(_events.seq).where(_events.log == log_of(conn), _events.seq == seq)) is not None


def sees_order(conn: Connection, order: OrderRef) -> bool:
    """Whether any message stands linked to an order more surely than by a stranger's quoting its number."""
    return conn.scalar(_surely(conn, order).limit(1)) is not None


def sees_all_of(conn: Connection, whole: Connection, order: OrderRef) -> bool:
    """Whether an order is seen, with all messages that stand linked to it more surely than by a stranger's quoting its number.

    ``whole`` sees every mailbox. Whoever writes to another one and quotes the number takes nothing from anybody here.
    """
    seen = set(conn.scalars(_surely(conn, order)))
    return bool(seen) and seen.issuperset(whole.scalars(_surely(whole, order)))


def unseen_of(conn: Connection, whole: Connection, order: OrderRef) -> int:
    """Return how many messages stand linked to an order, however weakly, that ``whole`` sees and ``conn`` does not."""
    return len(set(whole.scalars(_linked(whole, order))).difference(conn.scalars(_linked(conn, order))))


def _surely(conn: Connection, order: OrderRef) -> Select[tuple[int]]:
    return _linked(conn, order).where(_links.confidence != "possible")


def _linked(conn: Connection, order: OrderRef) -> Select[tuple[int]]:
    return select(_links.message).where(
        _links.log == log_of(conn),
        _links.marketplace == order.marketplace,
        _links.value == order.value,
        _links.undone_by.is_(None),
    )

"""What a mailbox's people should look at, read from the store: the clocks that run, open orders, and what came lately."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from gateway.store import due, messages, orders
from gateway.store.dossiers import dossiers
from gateway.store.due import ClockRow
from gateway.store.engine import log_of
from gateway.store.records import MessageRow
from gateway.store.rows import load_links
from rules.facts import OrderRef

_MOST_ROWS = 5000
_MOST_ORDERS = 200  # with thousands of folders each look at the list of them is slow in every mail client


@dataclass(frozen=True, slots=True, kw_only=True)
class Attention:
    """The clocks that run, each open order's messages, and every message that may be shown, all of one mailbox."""

    waits: tuple[ClockRow, ...]
    orders: dict[OrderRef, tuple[int, ...]]
    rows: tuple[MessageRow, ...]


def attention_of(conn: Connection, mailbox: str, since: datetime) -> Attention:
    """Return what wants attention in ``mailbox``, of messages that came after ``since``.

    An order is open while a clock of it runs or a dispute holds it; the most urgent 200 are shown. An order that a message merely
    may be about is none: whoever writes to us could name thousands.
    """
    waits = [one for one in due.running(conn) if one.mailbox.lower() == mailbox]
    sure = {
        (link.message, link.link.order)
        for link in load_links(conn, {one.message for one in waits})
        if link.undone_by is None and link.link.confidence != "possible"
    }
    open_ = dict.fromkeys(order for one in waits for order in one.orders if (one.message, order) in sure)
    open_ |= dict.fromkeys(_held(conn))
    lately = messages.by_mailbox(conn, mailbox, _MOST_ROWS)
    rows = {row.seq: row for row in lately if row.occurred_at >= since}
    shown: dict[OrderRef, tuple[int, ...]] = {}
    for order in list(open_)[:_MOST_ORDERS]:
        of = [row for row in orders.messages_of(conn, order) if row.mailbox.lower() == mailbox]
        rows |= {row.seq: row for row in of}
        if of:
            shown[order] = tuple(row.seq for row in of)
    return Attention(
        waits=tuple(one for one in waits if one.message in rows), orders=shown, rows=tuple(rows.values())
    )


def _held(conn: Connection) -> list[OrderRef]:
    columns = dossiers.c
    held = select(columns.marketplace, columns.value).where(
        columns.log == log_of(conn), columns.held_by.is_not(None), columns.state != "closed"
    )
    return [
        OrderRef(marketplace=row.marketplace, value=row.value)
        for row in conn.execute(held.order_by(columns.by.desc()))
    ]

"""The fold: one entry after the other becomes rows. The same entries always give the same rows.

Each entry leaves one event, keyed by its seq: the events are both every timeline and the fold's own position, so that
what an entry changed and the fact that it was applied are one commit.
"""

import logging
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, select, update

from gateway.errors import DocketError
from gateway.mail.entry import MAIL_TYPES, Entry
from gateway.store import acts, outcomes, rulings, tables
from gateway.store.arrivals import delete_message, insert_message
from gateway.store.engine import log_of
from gateway.store.payloads import About, read_payload
from gateway.store.records import MessageRow
from gateway.store.summaries import summary_of

_logger = logging.getLogger(__name__)

_LAST = select(func.max(tables.events.c.seq)).where(tables.events.c.log == bindparam("log"))
_EVENT = insert(tables.events)
_UNDECIDED = select(func.count()).where(
    tables.messages.c.log == bindparam("log"), tables.messages.c.decided_by.is_(None)
)
_APPLY = {
    "decision": rulings.apply_decision,
    "release": rulings.apply_release,
    "outcome": outcomes.apply_outcome,
    "tag": acts.apply_tag,
    "link": acts.apply_link,
}


class OutOfOrder(DocketError):
    """An entry was given to the fold before one that stands before it."""


def position(conn: Connection) -> int:
    """Return the seq of the next entry to apply."""
    last = conn.scalar(_LAST, {"log": log_of(conn)})
    return 0 if last is None else last + 1


def undecided_count(conn: Connection) -> int:
    """Return how many messages have no decision yet."""
    return conn.scalar(_UNDECIDED, {"log": log_of(conn)}) or 0


def apply(tx: Connection, entry: Entry, message: MessageRow | None) -> None:
    """Apply one entry, in order; one that was applied before changes nothing. ``message`` is given for mail entries.

    A type we do not know, and a payload we cannot read, become a bare event: an archive may outlive this program, and
    one bad entry must not stop all that follow. Raises OutOfOrder where entries are missing.
    """
    expected = position(tx)
    if entry.seq < expected:
        return
    if entry.seq > expected:
        raise OutOfOrder(
            f"the store stands at entry {expected} and was given {entry.seq}; apply them in order"
        )
    log = log_of(tx)
    about, summary = About(), dict[str, Any]()
    try:
        if entry.type in MAIL_TYPES:
            about = About(of=entry.seq, agent=message.agent if message else "")
        elif entry.payload[:1] == b"{" and entry.type != "rules":
            about = read_payload(entry.payload, About)
        summary = summary_of(entry)
        if act := _APPLY.get(entry.type):
            act(tx, log, entry)
    except (ValueError, RecursionError) as wrong:
        # Payloads are read before anything is written, so nothing of a bad entry is applied by half.
        _logger.warning(
            "entry-unreadable seq=%d type=%s error=%s", entry.seq, entry.type, type(wrong).__name__
        )
        summary = {"unreadable": True}
    if message is not None and entry.type in MAIL_TYPES:
        insert_message(tx, log, message)
    order = about.order
    tx.execute(
        _EVENT,
        {
            "log": log,
            "seq": entry.seq,
            "type": entry.type,
            "at": entry.at,
            "of": about.of,
            "marketplace": order.marketplace if order else "",
            "value": order.value if order else "",
            "agent": about.agent,
            "summary": summary,
        },
    )


def forget(tx: Connection, seq: int) -> None:
    """Take away what the store holds of an erased entry; that there was one, of its type and at its time, stays."""
    log = log_of(tx)
    delete_message(tx, log, seq)
    tx.execute(
        update(tables.events)
        .where(tables.events.c.log == log, tables.events.c.seq == seq)
        .values(summary={"erased": True}, agent="", marketplace="", value="")
    )

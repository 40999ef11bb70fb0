"""Messages, read. Every list is stable: the same question gives the same order, and pages join without a seam."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection, Select, and_, func, or_, select

from gateway.store import tables
from gateway.store.context import context_of
from gateway.store.engine import log_of
from gateway.store.records import MessageRow
from gateway.store.rows import chunks, load_messages

__all__ = [
    "MessageRow",
    "by_mailbox",
    "changed",
    "context_of",
    "counts",
    "decided_between",
    "exact_terms",
    "held",
    "last_received",
    "message",
    "messages",
    "newest_from",
    "newest_named",
    "outbound_between",
    "recent",
    "sealed_text",
    "sent_as",
    "seqs",
    "submitted_as",
    "submitted_since",
    "undecided",
]

_PEOPLE = 50  # addresses looked up at most
_rows = tables.messages.c


def message(conn: Connection, seq: int) -> MessageRow | None:
    """Return one message, or None where there is none or it was erased."""
    return load_messages(conn, [seq]).get(seq)


def messages(conn: Connection, seqs: Iterable[int]) -> dict[int, MessageRow]:
    """Return messages by seq, in the order asked for; those that are not there are left out."""
    return load_messages(conn, seqs)


def sealed_text(conn: Connection, seq: int) -> bytes | None:
    """Return a message's readable text as it is kept, under the message's own key."""
    return conn.scalar(select(_rows.sealed_text).where(_rows.log == log_of(conn), _rows.seq == seq))


def seqs(conn: Connection, start: int, stop: int) -> list[int]:
    """Return the messages among the entries from ``start`` up to, not including, ``stop``."""
    return list(
        conn.scalars(
            select(_rows.seq)
            .where(_rows.log == log_of(conn), _rows.seq >= start, _rows.seq < stop)
            .order_by(_rows.seq)
        )
    )


def undecided(conn: Connection, limit: int) -> list[int]:
    """Return the first messages that have no decision, in seq order."""
    return list(
        conn.scalars(
            select(_rows.seq)
            .where(_rows.log == log_of(conn), _rows.decided_by.is_(None))
            .order_by(_rows.seq)
            .limit(limit)
        )
    )


def changed(conn: Connection, start: int, stop: int) -> list[tuple[int, int, int]]:
    """Return what the entries from ``start`` up to, not including, ``stop`` brought or changed, in their order.

    Each is the entry, the message that it touches, and the size of that message's text. What became of sending a message
    changes nothing that it is found by.
    """
    events = tables.events.c
    found = conn.execute(
        select(events.seq, events.of, func.length(_rows.sealed_text))
        .join(tables.messages, (_rows.log == events.log) & (_rows.seq == events.of))
        .where(events.log == log_of(conn), events.seq >= start, events.seq < stop, events.type != "outcome")
        .order_by(events.seq)
    )
    return [(seq, message, size) for seq, message, size in found]


def exact_terms(conn: Connection, seqs: Iterable[int]) -> dict[int, tuple[str, ...]]:
    """Return the products' and parcels' numbers found in messages."""
    finds = tables.finds.c
    terms = defaultdict[int, dict[str, None]](dict)
    for chunk in chunks(seqs):
        for row in conn.execute(
            select(finds.message, finds.value)
            .where(finds.log == log_of(conn), finds.message.in_(chunk))
            .order_by(finds.message, finds.place)
        ):
            terms[row.message][row.value] = None
    return {seq: tuple(found) for seq, found in terms.items()}


def newest_from(conn: Connection, addresses: Sequence[str], below: int | None = None) -> MessageRow | None:
    """Return the newest inbound message that one of these lower-cased addresses wrote, of those below an entry."""
    people = tables.addresses.c
    newest = (
        select(people.message)
        .join(tables.messages, (_rows.log == people.log) & (_rows.seq == people.message))
        .where(people.log == log_of(conn), people.field == "from", _rows.direction == "inbound")
        .order_by(people.message.desc())
        .limit(1)
    )
    if below is not None:
        newest = newest.where(people.message < below)
    found = [conn.scalar(newest.where(people.folded == address)) for address in addresses[:_PEOPLE]]
    seq = max((one for one in found if one is not None), default=None)
    return None if seq is None else message(conn, seq)


def newest_named(conn: Connection, message_id: str) -> int | None:
    """Return the newest message that has a Message-ID."""
    newest = select(func.max(_rows.seq)).where(_rows.log == log_of(conn), _rows.message_id == message_id)
    found: int | None = conn.scalar(newest)
    return found


def decided_between(conn: Connection, since: datetime, until: datetime | None) -> list[tuple[int, int]]:
    """Return the decided messages of a time, each with its decision's entry, in seq order."""
    chosen = select(_rows.seq, _rows.decided_by).where(
        _rows.log == log_of(conn), _rows.occurred_at >= since, _rows.decided_by.is_not(None)
    )
    if until is not None:
        chosen = chosen.where(_rows.occurred_at < until)
    return [
        (row.seq, row.decided_by)
        for row in conn.execute(chosen.order_by(_rows.seq))
        if row.decided_by is not None
    ]


def outbound_between(conn: Connection, since: datetime, until: datetime | None) -> list[int]:
    """Return the messages of a time that we sent, or meant to, in seq order."""
    chosen = select(_rows.seq).where(
        _rows.log == log_of(conn), _rows.occurred_at >= since, _rows.direction == "outbound"
    )
    if until is not None:
        chosen = chosen.where(_rows.occurred_at < until)
    return list(conn.scalars(chosen.order_by(_rows.seq)))


def submitted_as(conn: Connection, message_id: str) -> list[int]:
    """Return the answers that agents submitted under a Message-ID and that were not refused, the first first."""
    sent = select(_rows.seq).where(
        _rows.log == log_of(conn),
        _rows.message_id == message_id,
        _rows.source == "submission",
        _rows.type.in_(("mail.out", "mail.held")),
    )
    return list(conn.scalars(sent.order_by(_rows.seq).limit(_PEOPLE)))


def submitted_since(conn: Connection, since: datetime, limit: int) -> list[MessageRow]:
    """Return the newest messages that agents sent, or have waiting, since a moment, the oldest of them first."""
    newest = (
        select(_rows.seq)
        .where(
            _rows.log == log_of(conn),
            _rows.source == "submission",
            _rows.received_at >= since,
            _rows.type.in_(("mail.out", "mail.held")),
        )
        .order_by(_rows.received_at.desc(), _rows.seq.desc())
        .limit(limit)
    )
    return list(load_messages(conn, sorted(conn.scalars(newest))).values())


def last_received(conn: Connection) -> datetime | None:
    """Return when mail last came in by itself: imports and what agents sent do not count."""
    newest = select(func.max(_rows.received_at)).where(_rows.log == log_of(conn))
    found = [conn.scalar(newest.where(_rows.source == source)) for source in ("smtp", "lmtp", "fetch")]
    return max((one for one in found if one is not None), default=None)


def last_inbound(conn: Connection, mailbox: str) -> datetime | None:
    """Return when the newest message to a mailbox was written, as far as that is known."""
    came = select(_rows.occurred_at).where(
        _rows.log == log_of(conn), _rows.mailbox == mailbox, _rows.direction == "inbound"
    )
    return conn.scalar(came.order_by(_rows.occurred_at.desc()).limit(1))


def inbound_since(conn: Connection, mailbox: str, since: datetime) -> int:
    """Return how many messages came to a mailbox since then."""
    came = select(func.count()).where(
        _rows.log == log_of(conn),
        _rows.mailbox == mailbox,
        _rows.occurred_at >= since,
        _rows.direction == "inbound",
    )
    return conn.scalar(came) or 0


def recent(conn: Connection, limit: int, before: tuple[datetime, int] | None = None) -> list[MessageRow]:
    """Return the newest messages; ``before`` is the ``(occurred_at, seq)`` of the last one on the page before."""
    return _page(conn, select(_rows.seq), limit, before)


def by_mailbox(
    conn: Connection, mailbox: str, limit: int, before: tuple[datetime, int] | None = None
) -> list[MessageRow]:
    """Return a mailbox's newest messages, paged as ``recent``."""
    return _page(conn, select(_rows.seq).where(_rows.mailbox == mailbox), limit, before)


def counts(conn: Connection) -> dict[str, dict[str, int]]:
    """Return how many messages each mailbox has in each state."""
    found = defaultdict[str, dict[str, int]](dict)
    for mailbox, state, number in conn.execute(
        select(_rows.mailbox, _rows.state, func.count())
        .where(_rows.log == log_of(conn))
        .group_by(_rows.mailbox, _rows.state)
        .order_by(_rows.mailbox, _rows.state)
    ):
        found[mailbox][state] = number
    return dict(found)


def _page(
    conn: Connection, chosen: Select[tuple[int]], limit: int, before: tuple[datetime, int] | None
) -> list[MessageRow]:
    if before is not None:
        at, seq = before
        chosen = chosen.where(or_(_rows.occurred_at < at, and_(_rows.occurred_at == at, _rows.seq < seq)))
    newest = chosen.where(_rows.log == log_of(conn)).order_by(_rows.occurred_at.desc(), _rows.seq.desc())
    return list(load_messages(conn, conn.scalars(newest.limit(limit))).values())


def sent_as(conn: Connection, message_id: str, agent: str) -> int | None:
    """Return the last answer that an agent sent under a Message-ID."""
    sent = select(func.max(_rows.seq)).where(
        _rows.log == log_of(conn),
        _rows.message_id == message_id,
        _rows.type == "mail.out",
        _rows.agent == agent,
    )
    found: int | None = conn.scalar(sent)
    return found


def held(conn: Connection, limit: int) -> list[MessageRow]:
    """Return the messages that wait for a second look, the oldest first."""
    # Asked for them in the order of their key, SQLite goes through all messages instead of using the index by state.
    waiting = conn.scalars(select(_rows.seq).where(_rows.log == log_of(conn), _rows.state == "held"))
    found = load_messages(conn, sorted(waiting)[:limit])
    return [found[seq] for seq in sorted(found)]


def held_count(conn: Connection) -> int:
    """Return how many messages wait for a second look."""
    waiting = select(func.count()).where(_rows.log == log_of(conn), _rows.state == "held")
    return conn.scalar(waiting) or 0

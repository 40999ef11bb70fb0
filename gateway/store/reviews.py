"""The review queue: what waits for a person's word, folded; a message leaves it by the act that answers."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, and_, delete, func, insert, or_, select

from gateway.store import tables
from gateway.store.engine import log_of
from gateway.store.known import groundless
from gateway.store.rows import chunks, load_links
from rules.facts import OrderRef
from rules.review import Cause, Standing, Why, why_review

_rows = tables.messages.c
_links = tables.links.c
_words = tables.verdicts.c
_queue = tables.reviews.c
_ties = tables.ties.c
_INSERT = insert(tables.reviews)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewRow:
    """One message that waits, and why."""

    message: int
    occurred_at: datetime
    mailbox: str
    why: tuple[Why, ...]


def waiting(
    conn: Connection, limit: int, *, mailbox: str = "", before: tuple[datetime, int] | None = None
) -> list[ReviewRow]:
    """Return what waits, the newest first; ``before`` is the ``(occurred_at, message)`` of the last one told."""
    chosen = select(tables.reviews).where(_queue.log == log_of(conn))
    if mailbox:
        chosen = chosen.where(_queue.mailbox == mailbox)
    if before is not None:
        at, message = before
        chosen = chosen.where(
            or_(_queue.occurred_at < at, and_(_queue.occurred_at == at, _queue.message < message))
        )
    rows = conn.execute(chosen.order_by(_queue.occurred_at.desc(), _queue.message.desc()).limit(limit))
    return [
        ReviewRow(
            message=row.message,
            occurred_at=row.occurred_at,
            mailbox=row.mailbox,
            why=msgspec.convert(row.why, tuple[Why, ...]),
        )
        for row in rows
    ]


def waiting_count(conn: Connection, *, mailbox: str = "") -> int:
    """Return how many messages wait."""
    chosen = select(func.count()).select_from(tables.reviews).where(_queue.log == log_of(conn))
    return conn.scalar(chosen.where(_queue.mailbox == mailbox) if mailbox else chosen) or 0


def causes(conn: Connection, most: int) -> Counter[Cause]:
    """Return how many of the newest messages wait for each cause; one that waits for two counts for the gravest."""
    newest = select(_queue.why).where(_queue.log == log_of(conn))
    rows = conn.scalars(newest.order_by(_queue.occurred_at.desc(), _queue.message.desc()).limit(most))
    return Counter(msgspec.convert(why, tuple[Why, ...])[0].why for why in rows)


def refresh(tx: Connection, log: int, messages: Iterable[int], *, dependants: bool = False) -> None:
    """Say anew why these messages wait, if they do; with ``dependants`` also those whose links rest on theirs."""
    for chunk in chunks(dict.fromkeys(messages)):
        wanted = set(chunk)
        if dependants:
            wanted.update(tx.scalars(select(_links.message).where(_links.log == log, _links.via.in_(chunk))))
        for part in chunks(sorted(wanted)):
            _refresh(tx, log, part)


def _refresh(tx: Connection, log: int, messages: list[int]) -> None:
    standing = [one for one in load_links(tx, messages) if one.undone_by is None]
    vias = {one.link.via for one in standing if one.link.via is not None}
    words, gone = _said(tx, log, messages), groundless(tx, log, vias)
    dropped = defaultdict[int, list[str]](list)
    for tie in tx.execute(
        select(_ties.message, _ties.value)
        .where(_ties.log == log, _ties.message.in_(messages), _ties.what == "drop")
        .order_by(_ties.message, _ties.place)
    ):
        dropped[tie.message].append(tie.value)
    by_message = defaultdict[int, list[Standing]](list)
    for one in standing:
        order = one.link.order
        by_message[one.message].append(
            Standing(
                link=one.link,
                by_hand=words.get((one.message, order)) is True,
                groundless=(one.link.via, order) in gone,
            )
        )
    tx.execute(delete(tables.reviews).where(_queue.log == log, _queue.message.in_(messages)))
    rows = [
        found
        for row in tx.execute(
            select(
                _rows.seq, _rows.direction, _rows.kind, _rows.alias, _rows.occurred_at, _rows.mailbox
            ).where(
                _rows.log == log,
                _rows.seq.in_(messages),
                _rows.decided_by.is_not(None),
                _rows.retry_of.is_(None),
            )
        )
        if (found := _row(log, row, by_message[row.seq], words, tuple(dropped[row.seq]))) is not None
    ]
    if rows:
        tx.execute(_INSERT, rows)


def _row(
    log: int,
    row: Any,
    standing: list[Standing],
    words: dict[tuple[int, OrderRef], bool],
    dropped: tuple[str, ...],
) -> dict[str, Any] | None:
    why = why_review(
        direction=row.direction,
        kind=row.kind,
        alias=row.alias,
        links=standing,
        belongs_to_none=words.get((row.seq, OrderRef(marketplace="", value=""))) is False,
        dropped=dropped,
    )
    if not why:
        return None
    return {
        "log": log,
        "message": row.seq,
        "occurred_at": row.occurred_at,
        "mailbox": row.mailbox,
        "why": msgspec.to_builtins(why),
    }


def _said(tx: Connection, log: int, messages: Iterable[int]) -> dict[tuple[int, OrderRef], bool]:
    """Return the people's words on these messages."""
    return {
        (row.message, OrderRef(marketplace=row.marketplace, value=row.value)): row.belongs
        for chunk in chunks(messages)
        for row in tx.execute(
            select(_words.message, _words.marketplace, _words.value, _words.belongs).where(
                _words.log == log, _words.message.in_(chunk)
            )
        )
    }

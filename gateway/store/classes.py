"""Retention classes, as the first decision of each message fixed them: what people do to tags later changes none."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from gateway.store import tables
from gateway.store.engine import log_of

_PREFIX = "retention:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Classed:
    """One decided message: its class, "" where no rule gave it one, and since when it is kept."""

    seq: int
    at: datetime
    class_: str


def classed_messages(conn: Connection, *, before: datetime) -> Iterator[Classed]:
    """Yield the decided messages that occurred before a time, in seq order."""
    rows, events = tables.messages.c, tables.events.c
    chosen = (
        select(rows.seq, rows.occurred_at, events.summary)
        .join(
            tables.events,
            (events.log == rows.log) & (events.of == rows.seq) & (events.type == "decision"),
        )
        .where(rows.log == log_of(conn), rows.occurred_at < before)
        .order_by(rows.seq, events.seq)
    )
    last = -1
    for seq, at, said in conn.execute(chosen):
        if seq == last:
            continue  # decided again
        last = seq
        named = [tag for tag in said.get("tags", ()) if tag.startswith(_PREFIX)]
        yield Classed(seq=seq, at=at, class_=named[-1].removeprefix(_PREFIX) if named else "")

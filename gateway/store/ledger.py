"""The log's entries, looked through: by kind, whose they are, what they are about, and time. Newest first."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, or_, select

from gateway.store import tables
from gateway.store.engine import log_of
from gateway.store.evidence import events_among
from gateway.store.records import EventRow
from rules.facts import OrderRef

_events = tables.events.c
_links = tables.links.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """Which entries are wanted; what is empty does not matter. Times are those at which entries were sealed."""

    types: frozenset[str] = frozenset()
    agent: str = ""
    order: OrderRef | None = None  # what was said of it, and all of its messages
    of: int | None = None  # a message with all that came of it
    since: datetime | None = None
    until: datetime | None = None


def entries_found(
    conn: Connection, sought: Sought, *, limit: int, below: int | None = None
) -> list[EventRow]:
    """Return at most ``limit`` entries, the newest first; ``below`` is the last one of the page before."""
    chosen = select(_events.seq).where(_events.log == log_of(conn), *_wanted(conn, sought))
    if below is not None:
        chosen = chosen.where(_events.seq < below)
    chosen = chosen.order_by(_events.seq.desc()).limit(limit)
    # One type after the other, each off the end of its own stretch of the index; together SQLite would read every entry.
    kinds = [chosen.where(_events.type == type_) for type_ in sorted(sought.types)] or [chosen]
    seqs = sorted((seq for one in kinds for seq in conn.scalars(one)), reverse=True)[:limit]
    found = events_among(conn, seqs)
    return [found[seq] for seq in seqs]


def _wanted(conn: Connection, sought: Sought) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if sought.agent:
        found += [_events.agent != "", _events.agent == sought.agent]  # the index knows of no empty ones
    if sought.of is not None:
        found.append(or_(_events.of == sought.of, _events.seq == sought.of))
    if sought.order is not None:
        one = sought.order
        linked = select(_links.message).where(
            _links.log == log_of(conn),
            _links.marketplace == one.marketplace,
            _links.value == one.value,
            _links.undone_by.is_(None),
        )
        said = and_(_events.marketplace == one.marketplace, _events.value == one.value)
        found.append(or_(said, _events.of.in_(linked)))
    if sought.since is not None:
        found.append(_events.at >= sought.since)
    if sought.until is not None:
        found.append(_events.at < sought.until)
    return found

"""What the figures of a time are counted from: messages without their texts, who wrote an answer, what the policy found."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, Text, func, select, type_coerce

from gateway.store import tables
from gateway.store.clock_tables import turns
from gateway.store.columns import microseconds
from gateway.store.engine import log_of
from gateway.store.rows import chunks

_rows = tables.messages.c
_events = tables.events.c
_tags = tables.tags.c
_UNSENT = frozenset({"held", "refused", "dropped"})
_DAY = 24 * 3600 * 1_000_000
_MINDED = '"findings":[{'  # as Json writes it


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """How many messages of a day are alike in what is counted. A client's identical second try is not counted."""

    day: date
    direction: str
    marketplace: str
    mailbox: str
    kind: str
    is_sent: bool  # it left the house, or was written on the marketplace's site
    is_failed: bool
    count: int


def counted_on(conn: Connection, begin: datetime, end: datetime, first: date) -> list[Counted]:
    """Count messages by the day on which they were written: days of 24 hours from ``first`` on, or one of another length."""
    last = max((end - begin) // timedelta(days=1) - 1, 0)
    at = type_coerce(_rows.occurred_at, BigInteger)
    day = (at - microseconds(begin)) // _DAY
    alike = (day, _rows.direction, _rows.marketplace, _rows.mailbox, _rows.kind, _rows.type, _rows.state)
    chosen = select(*alike, func.count()).where(*_between(conn, begin, end)).group_by(*alike)
    return [
        Counted(
            day=first + timedelta(days=min(number, last)),
            direction=direction,
            marketplace=marketplace,
            mailbox=mailbox,
            kind=kind,
            is_sent=direction == "outbound" and type_ != "mail.refused" and state not in _UNSENT,
            is_failed=direction == "outbound" and state == "failed",
            count=count,
        )
        for number, direction, marketplace, mailbox, kind, type_, state, count in conn.execute(chosen)
    ]


def bounced_between(conn: Connection, since: datetime, until: datetime) -> int:
    """Return how many answers of a time left the house and came back."""
    # Two questions, since few come back: in one, SQLite would begin with all that was written.
    voided = select(turns.c.voids).where(turns.c.log == log_of(conn), turns.c.voids.is_not(None)).distinct()
    sent = (
        *_between(conn, since, until),
        _rows.direction == "outbound",
        _rows.type != "mail.refused",
        _rows.state.not_in(_UNSENT),
    )
    counts = (
        conn.scalar(select(func.count()).where(_rows.seq.in_(chunk), *sent)) or 0
        for chunk in chunks(one for one in conn.scalars(voided) if one is not None)
    )
    return sum(counts)


def tags_between(conn: Connection, since: datetime, until: datetime) -> dict[str, int]:
    """Return how many messages of a time have each tag now."""
    # Outer, with what has no tag left out here: else SQLite would begin with every tag there is.
    theirs = (_tags.log == _rows.log) & (_tags.message == _rows.seq)
    tagged = (
        select(_tags.tag, func.count())
        .select_from(tables.messages.outerjoin(tables.tags, theirs))
        .where(*_between(conn, since, until))
        .group_by(_tags.tag)
    )
    return {str(tag): int(number) for tag, number in conn.execute(tagged) if tag is not None}


def writers_of(conn: Connection, endings: Iterable[int]) -> dict[int, str]:
    """Return whose message each entry is about that ended a clock; an erased one is nobody's and left out."""
    about: dict[int, int] = {}
    for chunk in chunks(dict.fromkeys(endings)):
        # With its time, since SQLite would go through the whole of an index that holds all the rest.
        told = select(_events.seq, _events.of, _events.at).where(
            _events.log == log_of(conn), _events.seq.in_(chunk)
        )
        about.update((row.seq, row.of) for row in conn.execute(told) if row.of is not None)
    agents: dict[int, str] = {}
    for chunk in chunks(dict.fromkeys(about.values())):
        wrote = select(_rows.seq, _rows.agent).where(_rows.log == log_of(conn), _rows.seq.in_(chunk))
        agents.update((row.seq, row.agent) for row in conn.execute(wrote))
    return {by: agents[of] for by, of in about.items() if of in agents}


def findings_between(conn: Connection, since: datetime, until: datetime) -> Counter[tuple[str, str]]:
    """Return how many answers of a time the policy minded, by check and what followed: refuse, hold or warn."""
    found: Counter[tuple[str, str]] = Counter()
    ours = select(_rows.seq).where(*_between(conn, since, until), _rows.direction == "outbound")
    told = select(_events.summary).where(
        _events.log == log_of(conn),
        _events.seq.in_(ours),
        # Most are not minded, and need not be read.
        type_coerce(_events.summary, Text).like(f"%{_MINDED}%"),
    )
    for said in conn.scalars(told):
        found.update(_checks(said))
    return found


def _between(conn: Connection, since: datetime, until: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        _rows.log == log_of(conn),
        _rows.occurred_at >= since,
        _rows.occurred_at < until,
        _rows.retry_of.is_(None),
    )


def _checks(said: dict[str, Any]) -> set[tuple[str, str]]:
    findings = (said.get("verdict") or {}).get("findings") or ()
    return {(str(one.get("check", "")), str(one.get("action", ""))) for one in findings}

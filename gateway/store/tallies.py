"""What the figures of a time are counted from: messages without their texts, who wrote an answer, what the policy found."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Text, func, select, type_coerce

from gateway.store import tables
from gateway.store.engine import log_of
from gateway.store.rows import chunks

_rows = tables.messages.c
_events = tables.events.c
_tags = tables.tags.c
_MINDED = '"findings":[{'  # as Json writes it


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """A message as far as it is counted. A client's identical second try is not."""

    seq: int
    type: str
    at: datetime
    direction: str
    marketplace: str
    mailbox: str
    kind: str
    state: str


def counted_between(conn: Connection, since: datetime, until: datetime) -> list[Counted]:
    """Return the messages of a time, by when they were written, in the log's order."""
    chosen = (
        select(
            *(_rows.seq, _rows.type, _rows.occurred_at, _rows.direction, _rows.marketplace),
            *(_rows.mailbox, _rows.kind, _rows.state),
        )
        .where(
            _rows.log == log_of(conn),
            _rows.occurred_at >= since,
            _rows.occurred_at < until,
            _rows.retry_of.is_(None),
        )
        .order_by(_rows.seq)
    )
    return [
        Counted(
            seq=row.seq,
            type=row.type,
            at=row.occurred_at,
            direction=row.direction,
            marketplace=row.marketplace,
            mailbox=row.mailbox,
            kind=row.kind,
            state=row.state,
        )
        for row in conn.execute(chosen)
    ]


def tags_between(conn: Connection, since: datetime, until: datetime) -> dict[str, int]:
    """Return how many messages of a time have each tag now."""
    # As a list and not as a join: SQLite would begin with every tag there is.
    theirs = select(_rows.seq).where(
        _rows.log == log_of(conn),
        _rows.occurred_at >= since,
        _rows.occurred_at < until,
        _rows.retry_of.is_(None),
    )
    tagged = (
        select(_tags.tag, func.count())
        .where(_tags.log == log_of(conn), _tags.message.in_(theirs))
        .group_by(_tags.tag)
    )
    return {str(tag): int(number) for tag, number in conn.execute(tagged)}


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


def findings_of(conn: Connection, messages: Iterable[int]) -> Counter[tuple[str, str]]:
    """Return how many of some outbound messages the policy minded, by check and what followed: refuse, hold or warn."""
    found: Counter[tuple[str, str]] = Counter()
    some = type_coerce(_events.summary, Text).like(
        f"%{_MINDED}%"
    )  # most are not minded, and need not be read
    for chunk in chunks(messages):
        told = select(_events.summary).where(_events.log == log_of(conn), _events.seq.in_(chunk), some)
        for said in conn.scalars(told):
            found.update(_checks(said))
    return found


def _checks(said: dict[str, Any]) -> set[tuple[str, str]]:
    findings = (said.get("verdict") or {}).get("findings") or ()
    return {(str(one.get("check", "")), str(one.get("action", ""))) for one in findings}

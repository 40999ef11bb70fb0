"""What a message is found by, as the store has it: a part of its record, since every message goes this way twice or more."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, get_args

from sqlalchemy import Column, Connection, Integer, Select, Table, bindparam, select

from gateway.store import tables
from gateway.store.clock_tables import clocks
from gateway.store.engine import log_of
from gateway.store.rows import chunks
from rules.clocks import REPLY
from rules.facts import Confidence

_rows = tables.messages.c
_people = tables.addresses.c
_files = tables.attachments.c
_tags = tables.tags.c
_links = tables.links.c
_CONFIDENCES = get_args(Confidence)


@dataclass(frozen=True, slots=True, kw_only=True)
class Findable:
    """One message; ``from_`` and ``to`` are names and addresses, ``decided`` says whether it has its decision."""

    seq: int
    type: str
    occurred_at: datetime
    direction: str
    mailbox: str
    agent: str
    marketplace: str
    kind: str
    subject: str
    message_id: str
    decided: bool
    from_: tuple[str, ...]
    to: tuple[str, ...]
    filenames: tuple[str, ...]
    tags: tuple[str, ...]
    orders: tuple[str, ...]
    confidences: tuple[str, ...]  # of its links, the surest first
    asks: bool  # whether it started a reply clock


def _of(table: Table, message: Column[int], *columns: Column[Any]) -> Select[Any]:
    wanted = message.in_(bindparam("asked", expanding=True))
    return select(message.label("message"), *columns).where(
        table.c.log == bindparam("in_log", type_=Integer), wanted
    )


_MESSAGES = _of(
    tables.messages,
    _rows.seq,
    *(_rows.type, _rows.occurred_at, _rows.direction, _rows.mailbox, _rows.agent),
    *(_rows.marketplace, _rows.kind, _rows.subject, _rows.message_id, _rows.decided_by),
)
_PEOPLE = _of(tables.addresses, _people.message, _people.field, _people.name, _people.address).order_by(
    _people.message, _people.place
)
_FILES = (
    _of(tables.attachments, _files.message, _files.filename)
    .where(_files.filename != "")
    .order_by(_files.message, _files.place)
)
_TAGS = _of(tables.tags, _tags.message, _tags.tag).order_by(_tags.message, _tags.tag)
_LINKS = _of(
    tables.links,
    *(_links.message, _links.by, _links.place, _links.marketplace, _links.value, _links.confidence),
).where(_links.undone_by.is_(None))
_ASKS = _of(clocks, clocks.c.message).where(clocks.c.name == REPLY)


def findables(conn: Connection, seqs: Iterable[int]) -> dict[int, Findable]:
    """Return messages by seq, in the order asked for; those that are not there are left out."""
    found: dict[int, Findable] = {}
    for chunk in chunks(dict.fromkeys(seqs)):
        where = {"in_log": log_of(conn), "asked": chunk}
        rows = {row.message: row for row in conn.execute(_MESSAGES, where)}
        people = defaultdict[tuple[int, str], list[str]](list)
        for message, field, *words in conn.execute(_PEOPLE, where):
            people[message, field] += filter(None, words)
        files, tags = defaultdict[int, list[str]](list), defaultdict[int, list[str]](list)
        for message, filename in conn.execute(_FILES, where):
            files[message].append(filename)
        for message, tag in conn.execute(_TAGS, where):
            tags[message].append(tag)
        orders = defaultdict[int, dict[tuple[str, str], None]](dict)
        confidences = defaultdict[int, set[str]](set)
        for row in sorted(conn.execute(_LINKS, where), key=lambda row: (row.by, row.place)):
            orders[row.message][row.marketplace, row.value] = None
            confidences[row.message].add(row.confidence)
        asking = set(conn.scalars(_ASKS, where))
        for seq in chunk:
            if (one := rows.get(seq)) is None:
                continue
            found[seq] = Findable(
                seq=seq,
                type=one.type,
                occurred_at=one.occurred_at,
                direction=one.direction,
                mailbox=one.mailbox,
                agent=one.agent,
                marketplace=one.marketplace,
                kind=one.kind,
                subject=one.subject,
                message_id=one.message_id,
                decided=one.decided_by is not None,
                from_=tuple(people[seq, "from"]),
                to=(*people[seq, "to"], *people[seq, "cc"]),
                filenames=tuple(files[seq]),
                tags=tuple(tags[seq]),
                orders=tuple(value for _, value in orders[seq]),
                confidences=tuple(one for one in _CONFIDENCES if one in confidences[seq]),
                asks=seq in asking,
            )
    return found

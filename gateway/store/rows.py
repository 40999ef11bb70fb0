"""From database rows to the records people get: one query a table, however many messages are asked for."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Row, Select, Table, bindparam, select

from gateway.store import tables
from gateway.store.engine import log_of
from gateway.store.records import AttachmentRow, LinkRow, MessageRow
from rules.facts import Link, OrderRef

_CHUNK = 500  # values of one IN list; SQLite takes 32,766 parameters, PostgreSQL 65,535
_OURS = frozenset({"log"})


def _choose(table: Table) -> Select[Any]:
    """Return the statement for some messages' rows, made once: making one costs more than running it."""
    column = table.c.seq if table is tables.messages else table.c.message
    chosen = select(table).where(
        table.c.log == bindparam("in_log"), column.in_(bindparam("messages", expanding=True))
    )
    # Asked for links in the order of their key, SQLite reads them all instead of using the index by message.
    return chosen if table is tables.links else chosen.order_by(*table.primary_key)


_CHOSEN = {
    table.name: _choose(table)
    for table in (
        tables.messages,
        tables.addresses,
        tables.refs,
        tables.attachments,
        tables.tags,
        tables.links,
    )
}


def chunks(values: Iterable[Any]) -> Iterator[list[Any]]:
    """Cut values into lists short enough for one statement."""
    rest = iter(values)
    while chunk := list(islice(rest, _CHUNK)):
        yield chunk


def load_messages(conn: Connection, seqs: Iterable[int]) -> dict[int, MessageRow]:
    """Return messages by seq, in the order asked for; those that are not there are left out."""
    found: dict[int, MessageRow] = {}
    for chunk in chunks(dict.fromkeys(seqs)):
        rows = {row.seq: row for row in _part(conn, tables.messages, chunk)}
        people = _grouped(_part(conn, tables.addresses, chunk))
        refs = _grouped(_part(conn, tables.refs, chunk))
        files = _grouped(_part(conn, tables.attachments, chunk))
        tags = _grouped(_part(conn, tables.tags, chunk))
        orders = defaultdict[int, dict[OrderRef, None]](dict)
        for link in load_links(conn, chunk):
            if link.undone_by is None:
                orders[link.message][link.link.order] = None
        for seq in chunk:
            if (row := rows.get(seq)) is None:
                continue
            plain = row._asdict()
            for name in _OURS:
                del plain[name]
            plain["defects"] = tuple(plain["defects"])
            found[seq] = MessageRow(
                **plain,
                from_=_pairs(people[seq], "from"),
                to=_pairs(people[seq], "to"),
                cc=_pairs(people[seq], "cc"),
                refers_to=tuple(ref.message_id for ref in refs[seq]),
                attachments=tuple(_file(file) for file in files[seq]),
                tags=tuple(tag.tag for tag in tags[seq]),
                orders=tuple(orders[seq]),
            )
    return found


def load_links(conn: Connection, messages: Iterable[int]) -> list[LinkRow]:
    """Return the links of some messages, undone ones too, in the order they were made."""
    rows = [row for chunk in chunks(messages) for row in _part(conn, tables.links, chunk)]
    rows.sort(key=lambda row: (row.by, row.place))
    return [
        LinkRow(
            message=row.message,
            link=Link(
                order=OrderRef(marketplace=row.marketplace, value=row.value),
                method=row.method,
                confidence=row.confidence,
                reason=row.reason,
                via=row.via,
                doubt=row.doubt,
            ),
            by=row.by,
            agent=row.agent,
            undone_by=row.undone_by,
        )
        for row in rows
    ]


def _part(conn: Connection, table: Table, seqs: Sequence[int]) -> Sequence[Row[Any]]:
    return conn.execute(_CHOSEN[table.name], {"in_log": log_of(conn), "messages": seqs}).all()


def _grouped(rows: Iterable[Row[Any]]) -> defaultdict[int, list[Row[Any]]]:
    groups = defaultdict[int, list[Row[Any]]](list)
    for row in rows:
        groups[row.message].append(row)
    return groups


def _pairs(people: list[Row[Any]], field: str) -> tuple[tuple[str, str], ...]:
    return tuple((one.name, one.address) for one in people if one.field == field)


def _file(row: Row[Any]) -> AttachmentRow:
    return AttachmentRow(
        part=row.part,
        filename=row.filename,
        content_type=row.content_type,
        size_bytes=row.size_bytes,
        sha256=row.sha256,
        content_id=row.content_id,
        inline=row.inline,
    )

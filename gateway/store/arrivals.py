"""Writing a message's rows, and taking them away again when it is erased."""

from dataclasses import fields
from typing import Any

from sqlalchemy import Connection, Table, bindparam, delete, insert, update

from gateway.store import clock_tables, tables
from gateway.store.records import AttachmentRow, MessageRow

# A message stands in one row of ``messages`` and in rows of these tables, which name it ``message``.
_PARTS: tuple[Table, ...] = (
    tables.addresses,
    tables.refs,
    tables.attachments,
    tables.tags,
    tables.links,
    tables.finds,
    tables.authenticity,
    tables.jobs,
    tables.verdicts,
    tables.tag_verdicts,
    tables.reviews,
    tables.ties,
    *clock_tables.TABLES,
)
_INSERTS = {table.name: insert(table) for table in (tables.messages, *_PARTS)}
_FILE = tuple(field.name for field in fields(AttachmentRow))
_PLAIN = tuple(
    field.name
    for field in fields(MessageRow)
    if field.name not in {"from_", "to", "cc", "refers_to", "attachments", "tags", "orders", "state"}
)
_BLANK = update(tables.events).where(
    tables.events.c.log == bindparam("of_log"),
    tables.events.c.of == bindparam("of_message"),
    # What people wrote about it are entries of their own, erased by their own seq.
    tables.events.c.type.not_in(("note", "tag", "link", "mark", "release")),
)


def insert_rows(tx: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    """Insert rows of one of a message's tables; none is fine."""
    if rows:
        tx.execute(_INSERTS[table.name], rows)


def insert_messages(tx: Connection, log: int, rows: list[MessageRow]) -> None:
    """Write messages that were archived and not yet decided."""
    insert_rows(
        tx,
        tables.messages,
        [
            {**{name: getattr(row, name) for name in _PLAIN}, "log": log, "state": _first_state(row)}
            for row in rows
        ],
    )
    insert_rows(tx, tables.addresses, [address for row in rows for address in _addresses(log, row)])
    insert_rows(
        tx,
        tables.refs,
        [
            {"log": log, "message": row.seq, "place": place, "message_id": message_id}
            for row in rows
            for place, message_id in enumerate(row.refers_to)
        ],
    )
    insert_rows(
        tx,
        tables.attachments,
        [
            {"log": log, "message": row.seq, "place": place, **{name: getattr(file, name) for name in _FILE}}
            for row in rows
            for place, file in enumerate(row.attachments)
        ],
    )


def delete_message(tx: Connection, log: int, seq: int, summary: dict[str, Any]) -> None:
    """Take away all rows of a message, and what its machine-made events say of it; ``summary`` stands there instead."""
    for table in _PARTS:
        tx.execute(delete(table).where(table.c.log == log, table.c.message == seq))
    tx.execute(delete(tables.messages).where(tables.messages.c.log == log, tables.messages.c.seq == seq))
    # what it was spoken of in is blank too
    tx.execute(_BLANK.values(summary=summary), {"of_log": log, "of_message": seq})


def _first_state(row: MessageRow) -> str:
    return {"mail.held": "held", "mail.refused": "refused"}.get(row.type, "waiting")


def _addresses(log: int, row: MessageRow) -> list[dict[str, Any]]:
    return [
        {
            "log": log,
            "message": row.seq,
            "field": field,
            "place": place,
            "name": name,
            "address": address,
            "folded": address.lower(),
        }
        for field, pairs in (("from", row.from_), ("to", row.to), ("cc", row.cc))
        for place, (name, address) in enumerate(pairs)
    ]

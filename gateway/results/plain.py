"""A message found, as a line of a table and as an object: the same facts in both."""

from collections.abc import Iterable
from typing import Any

from gateway.clock import when
from gateway.store.records import MessageRow

COLUMNS = (
    *("ENTRY", "AT", "RECEIVED", "DIRECTION", "MAILBOX", "AGENT", "MARKETPLACE", "KIND", "FROM", "TO", "CC"),
    *("SUBJECT", "ORDERS", "TAGS", "STATE", "ATTACHMENTS", "SIZE", "SHA256", "MESSAGEID"),
)


def cells(row: MessageRow) -> tuple[object, ...]:
    """Return a message's cells, as ``COLUMNS`` names them."""
    return (
        row.seq,
        when(row.occurred_at),
        when(row.received_at),
        row.direction,
        row.mailbox,
        row.agent,
        row.marketplace,
        row.kind,
        _people(row.from_),
        _people(row.to),
        _people(row.cc),
        row.subject,
        "; ".join(order.value for order in row.orders),
        "; ".join(row.tags),
        row.state,
        "; ".join(file.filename or file.content_type for file in row.attachments),
        row.size_bytes,
        row.sha256,
        row.message_id,
    )


def plain(row: MessageRow) -> dict[str, Any]:
    """Return a message as programs take it; the keys are those of ``docket search --json``."""
    return {
        "seq": row.seq,
        "id": row.id,
        "type": row.type,
        "at": when(row.occurred_at),
        "at_from": row.occurred_from,
        "received_at": when(row.received_at),
        "direction": row.direction,
        "mailbox": row.mailbox,
        "agent": row.agent,
        "marketplace": row.marketplace,
        "kind": row.kind,
        "from": _objects(row.from_),
        "to": _objects(row.to),
        "subject": row.subject,
        "orders": [order.value for order in row.orders],
        "tags": row.tags,
        "state": row.state,
    }


def whole(row: MessageRow) -> dict[str, Any]:
    """Return what ``plain`` does, and what tells the very message: its size, its hash, its id, its files."""
    return {
        **plain(row),
        "cc": _objects(row.cc),
        "message_id": row.message_id,
        "size_bytes": row.size_bytes,
        "sha256": row.sha256,
        "attachments": [
            {
                "filename": file.filename,
                "content_type": file.content_type,
                "size_bytes": file.size_bytes,
                "sha256": file.sha256,
            }
            for file in row.attachments
        ],
    }


def _objects(people: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "address": address} for name, address in people]


def _people(people: Iterable[tuple[str, str]]) -> str:
    return "; ".join(f"{name} <{address}>".strip() if name else address for name, address in people)

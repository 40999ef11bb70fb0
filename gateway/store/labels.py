"""Tags and links as rows: what rules and people put on messages."""

import re
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, select

from gateway.store import tables
from gateway.store.arrivals import insert_rows
from gateway.store.columns import key
from gateway.store.rows import chunks
from rules.facts import Link

_tags = tables.tags.c
_SEPARATORS = re.compile(r"[\s\-\u2010-\u2015\u2212]+")


def bare(value: str) -> str:
    """Return an order's number as it is compared: without dashes and spaces, in lower case.

    >>> bare("112-1234567 1234567")
    '11212345671234567'
    """
    return _SEPARATORS.sub("", value).lower()


def add_tags(tx: Connection, log: int, wanted: Iterable[tuple[int, str]]) -> None:
    """Put tags on messages, given as pairs of both; a tag that a message has already stays as it is."""
    new = dict.fromkeys((message, key(tag)) for message, tag in wanted)
    had: set[tuple[int, str]] = set()
    for chunk in chunks({message for message, _ in new}):
        had.update(
            (row.message, row.tag)
            for row in tx.execute(
                select(_tags.message, _tags.tag).where(_tags.log == log, _tags.message.in_(chunk))
            )
        )
    rows = [{"log": log, "message": message, "tag": tag} for message, tag in new if (message, tag) not in had]
    insert_rows(tx, tables.tags, rows)


def link_row(log: int, by: int, place: int, message: int, link: Link, agent: str = "") -> dict[str, Any]:
    """Return a link as a row of ``links``."""
    return {
        "log": log,
        "by": by,
        "place": place,
        "message": message,
        "marketplace": link.order.marketplace,
        "value": link.order.value,
        "bare": bare(link.order.value),
        "method": link.method,
        "confidence": link.confidence,
        "reason": link.reason,
        "agent": agent,
    }

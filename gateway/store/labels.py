"""Tags and links as rows: what rules and people put on messages."""

import re
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, bindparam, select

from gateway.store import tables
from gateway.store.arrivals import insert_rows
from gateway.store.columns import key
from rules.facts import Link

_tags = tables.tags.c
_TAGS = select(_tags.tag).where(_tags.log == bindparam("in_log"), _tags.message == bindparam("of_message"))
_SEPARATORS = re.compile(r"[\s\-\u2010-\u2015\u2212]+")


def bare(value: str) -> str:
    """Return an order's number as it is compared: without dashes and spaces, in lower case.

    >>> bare("112-1234567 1234567")
    '11212345671234567'
    """
    return _SEPARATORS.sub("", value).lower()


def add_tags(tx: Connection, log: int, message: int, tags: Iterable[str]) -> None:
    """Put tags on a message; one it has already stays as it is."""
    new = dict.fromkeys(key(tag) for tag in tags)
    if new:
        had = set(tx.scalars(_TAGS, {"in_log": log, "of_message": message}))
        rows = [{"log": log, "message": message, "tag": tag} for tag in new if tag not in had]
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

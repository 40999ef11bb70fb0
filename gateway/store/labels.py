"""Tags and links as rows: what rules and people put on messages."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, select

from gateway.store import tables
from gateway.store.arrivals import insert_rows
from gateway.store.columns import key
from gateway.store.rows import chunks
from gateway.store.spelling import bare
from rules.facts import Link

_tags = tables.tags.c


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


def add_links(tx: Connection, log: int, made: Sequence[tuple[int, int, tuple[Link, ...]]]) -> None:
    """Write what decisions link: (entry, message, links). What a person took back before stays taken back, for ever."""
    barred = _barred(tx, log, {message for _, message, links in made if links})
    rows = []
    for by, message, links in made:
        for place, link in enumerate(links):
            row = link_row(log, by, place, message, link)
            ref = (message, row["marketplace"], row["value"])
            row["undone_by"] = barred[ref] if ref in barred else barred.get((message, "", ""))
            rows.append(row)
    insert_rows(tx, tables.links, rows)


def _barred(tx: Connection, log: int, messages: Iterable[int]) -> dict[tuple[int, str, str], int | None]:
    """Return the act that bars a message from an order; None where a person said that they belong together.

    No order named is every order: such a word counts where none is said of the one in question.
    """
    found: dict[tuple[int, str, str], int | None] = {}
    for chunk in chunks(messages):
        for row in tx.execute(
            select(tables.verdicts).where(tables.verdicts.c.log == log, tables.verdicts.c.message.in_(chunk))
        ):
            found[row.message, row.marketplace, row.value] = None if row.belongs else row.by
    return found


def link_row(log: int, by: int, place: int, message: int, link: Link, agent: str = "") -> dict[str, Any]:
    """Return a link as a row of ``links``."""
    return {
        "log": log,
        "by": by,
        "place": place,
        "message": message,
        "marketplace": key(link.order.marketplace),
        "value": key(link.order.value),
        "bare": bare(link.order.value),
        "method": link.method,
        "confidence": link.confidence,
        "reason": link.reason,
        "agent": agent,
        "undone_by": None,
        "via": link.via,
        "doubt": link.doubt,
    }

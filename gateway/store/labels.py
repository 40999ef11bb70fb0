"""Tags and links as rows: what rules and people put on messages."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select

from gateway.store import tables
from gateway.store.arrivals import insert_rows
from gateway.store.columns import key
from gateway.store.rows import chunks
from gateway.store.spelling import bare
from rules.facts import Link

_tags = tables.tags.c
_words = tables.tag_verdicts.c
_FORGET = delete(tables.tag_verdicts).where(
    _words.log == bindparam("in_log"),
    _words.message == bindparam("of_message"),
    _words.tag == bindparam("of_tag"),
)


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


def rule_tags(tx: Connection, log: int, wanted: Iterable[tuple[int, str]]) -> None:
    """Put tags on messages that a decision asks for: all but those that a person took off."""
    pairs = list(wanted)
    said = said_of_tags(tx, log, {message for message, _ in pairs})
    add_tags(tx, log, [(message, tag) for message, tag in pairs if said[message].get(key(tag), True)])


def said_of_tags(conn: Connection, log: int, messages: Iterable[int]) -> defaultdict[int, dict[str, bool]]:
    """Return the people's last words on tags of these messages: whether each stays."""
    found = defaultdict[int, dict[str, bool]](dict)
    for chunk in chunks(messages):
        for row in conn.execute(
            select(tables.tag_verdicts).where(_words.log == log, _words.message.in_(chunk))
        ):
            found[row.message][row.tag] = row.stays
    return found


def say_of_tags(tx: Connection, log: int, message: int, words: Mapping[str, bool]) -> None:
    """Keep a person's word on tags of a message, in the place of any earlier one."""
    for tag, stays in {key(tag): stays for tag, stays in words.items()}.items():
        tx.execute(_FORGET, {"in_log": log, "of_message": message, "of_tag": tag})
        tx.execute(
            insert(tables.tag_verdicts), [{"log": log, "message": message, "tag": tag, "stays": stays}]
        )


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

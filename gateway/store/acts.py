"""Acts of people applied: tags put on and taken off, links made and undone by hand."""

from collections.abc import Sequence

from sqlalchemy import Connection, delete, select, update

from gateway.mail.entry import Entry
from gateway.store import tables
from gateway.store.arrivals import insert_rows
from gateway.store.labels import add_tags, link_row
from gateway.store.payloads import HandLink, Tag
from rules.facts import Link

_tags = tables.tags.c
_links = tables.links.c


def apply_tags(tx: Connection, log: int, run: Sequence[tuple[Entry, Tag]]) -> None:
    """Put tags on messages and take others off; a tag in both lists is off afterwards."""
    for _, act in run:
        if not _stands(tx, log, act.of):
            continue
        add_tags(tx, log, [(act.of, tag) for tag in act.add])
        for tag in act.remove:
            tx.execute(delete(tables.tags).where(_tags.log == log, _tags.message == act.of, _tags.tag == tag))


def apply_links(tx: Connection, log: int, run: Sequence[tuple[Entry, HandLink]]) -> None:
    """Link messages to orders by a person's word, or take every link between the two back."""
    for entry, act in run:
        if not _stands(tx, log, act.of):
            continue
        if act.undo:
            _undo(tx, log, entry.seq, act)
        else:
            link = Link(order=act.order, method="hand", confidence=act.confidence, reason=act.reason)
            insert_rows(tx, tables.links, [link_row(log, entry.seq, 0, act.of, link, act.agent)])


def _undo(tx: Connection, log: int, by: int, act: HandLink) -> None:
    tx.execute(
        update(tables.links)
        .where(
            _links.log == log,
            _links.message == act.of,
            _links.marketplace == act.order.marketplace,
            _links.value == act.order.value,
            _links.undone_by.is_(None),
        )
        .values(undone_by=by)
    )


def _stands(tx: Connection, log: int, seq: int) -> bool:
    rows = tables.messages.c
    return tx.scalar(select(rows.seq).where(rows.log == log, rows.seq == seq)) is not None

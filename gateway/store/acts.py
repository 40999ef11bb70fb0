"""Acts of people applied: tags put on and taken off, links made and undone by hand."""

from sqlalchemy import Connection, delete, select, update

from gateway.mail.entry import Entry
from gateway.store import tables
from gateway.store.arrivals import insert_rows
from gateway.store.labels import add_tags, link_row
from gateway.store.payloads import HandLink, Tag, read_payload
from rules.facts import Link

_tags = tables.tags.c
_links = tables.links.c


def apply_tag(tx: Connection, log: int, entry: Entry) -> None:
    """Put tags on a message and take others off; a tag in both lists is off afterwards."""
    act = read_payload(entry.payload, Tag)
    if not _stands(tx, log, act.of):
        return
    add_tags(tx, log, act.of, act.add)
    for tag in act.remove:
        tx.execute(delete(tables.tags).where(_tags.log == log, _tags.message == act.of, _tags.tag == tag))


def apply_link(tx: Connection, log: int, entry: Entry) -> None:
    """Link a message to an order by a person's word, or take every link between the two back."""
    act = read_payload(entry.payload, HandLink)
    if not _stands(tx, log, act.of):
        return
    if act.undo:
        tx.execute(
            update(tables.links)
            .where(
                _links.log == log,
                _links.message == act.of,
                _links.marketplace == act.order.marketplace,
                _links.value == act.order.value,
                _links.undone_by.is_(None),
            )
            .values(undone_by=entry.seq)
        )
        return
    link = Link(order=act.order, method="hand", confidence=act.confidence, reason=act.reason)
    insert_rows(tx, tables.links, [link_row(log, entry.seq, 0, act.of, link, act.agent)])


def _stands(tx: Connection, log: int, seq: int) -> bool:
    rows = tables.messages.c
    return tx.scalar(select(rows.seq).where(rows.log == log, rows.seq == seq)) is not None

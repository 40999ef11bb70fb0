"""Decisions made again, applied: each takes the place of the one it names, but never of what people said or what was done.

A message is then what the new decision says, with its links and tags. No job comes or goes, and nothing is sent.
"""

from collections.abc import Sequence
from dataclasses import replace

import msgspec
from sqlalchemy import Connection, bindparam, delete, select, update

from gateway.mail.entry import Entry
from gateway.store import clocks, dossiers, reviews, tables
from gateway.store.arrivals import insert_rows
from gateway.store.columns import clean, key
from gateway.store.labels import add_links, add_tags, said_of_tags
from gateway.store.payloads import Ruling
from gateway.store.readings import finds_of, recognised, ties_of
from gateway.store.rows import load_links
from rules.clocks import CLAIMS
from rules.facts import Link, OrderRef

_rows = tables.messages.c
_links = tables.links.c
_tags = tables.tags.c
_TAKE_BACK = (
    update(tables.links)
    .where(
        _links.log == bindparam("in_log"),
        _links.by == bindparam("made_by"),
        _links.marketplace == bindparam("of_marketplace"),
        _links.value == bindparam("of_value"),
    )
    .values(undone_by=bindparam("new_undone_by"))
)


def apply_revisions(tx: Connection, log: int, run: Sequence[tuple[Entry, Ruling]]) -> None:
    """Change messages to what was decided for them anew; where another decision stands by now, nothing."""
    for entry, ruling in run:
        row = tx.execute(
            select(_rows.type, _rows.kind).where(
                _rows.log == log, _rows.seq == ruling.of, _rows.decided_by == ruling.instead_of
            )
        ).one_or_none()
        if row is not None:
            _revise(tx, log, entry, ruling, type_=row.type, kind=row.kind)


def _revise(tx: Connection, log: int, entry: Entry, ruling: Ruling, *, type_: str, kind: str) -> None:
    of = ruling.of
    touched = clocks.touched(tx, log, of)
    disputed = _surely_linked(tx, of) if kind in CLAIMS else set[OrderRef]()
    tx.execute(
        update(tables.messages)
        .where(_rows.log == log, _rows.seq == of)
        .values(decided_by=entry.seq, **recognised(ruling, type_))
    )
    _link_anew(tx, log, entry.seq, ruling)
    _tag_anew(tx, log, ruling)
    for table, rows in ((tables.finds, finds_of(log, ruling)), (tables.ties, ties_of(log, ruling))):
        tx.execute(delete(table).where(table.c.log == log, table.c.message == of))
        insert_rows(tx, table, rows)
    reviews.refresh(tx, log, [of], dependants=True)
    clocks.start_anew(tx, log, entry, ruling, type_, touched)
    # A hold that a person has released is not set again: only what this decision makes a dispute of is held.
    disputes = _surely_linked(tx, of) - disputed
    links = tuple(link for link in ruling.decision.links if _kept(link).order in disputes)
    heard = msgspec.structs.replace(ruling, decision=msgspec.structs.replace(ruling.decision, links=links))
    dossiers.hold_disputed(tx, log, [(entry, heard)])


def _link_anew(tx: Connection, log: int, by: int, ruling: Ruling) -> None:
    """Take back the links that rules made and make no more, and make the new ones; those that stay are left alone."""
    wanted = {_kept(link): link for link in ruling.decision.links}
    for one in load_links(tx, [ruling.of]):
        if one.undone_by is not None or one.link.method == "hand" or wanted.pop(one.link, None) is not None:
            continue
        tx.execute(
            _TAKE_BACK,
            {
                "in_log": log,
                "made_by": one.by,
                "of_marketplace": one.link.order.marketplace,
                "of_value": one.link.order.value,
                "new_undone_by": by,
            },
        )
    add_links(tx, log, [(by, ruling.of, tuple(wanted.values()))])


def _kept(link: Link) -> Link:
    """Return a link as its row says it."""
    order = OrderRef(marketplace=key(link.order.marketplace), value=key(link.order.value))
    return replace(link, order=order, reason=clean(link.reason))


def _tag_anew(tx: Connection, log: int, ruling: Ruling) -> None:
    """Leave the tags that the decision asks for, but for those that people took off, and those that people put on."""
    said = said_of_tags(tx, log, [ruling.of])[ruling.of]
    wanted = {tag for tag in map(key, ruling.decision.tags) if said.get(tag, True)}
    wanted.update(tag for tag, stays in said.items() if stays)
    tx.execute(
        delete(tables.tags).where(_tags.log == log, _tags.message == ruling.of, _tags.tag.not_in(wanted))
    )
    add_tags(tx, log, [(ruling.of, tag) for tag in sorted(wanted)])


def _surely_linked(conn: Connection, message: int) -> set[OrderRef]:
    return {
        one.link.order
        for one in load_links(conn, [message])
        if one.undone_by is None and one.link.confidence != "possible"
    }

"""Acts of people applied: tags put on and taken off, links made, confirmed and undone by hand.

A person's last word on a message and an order is kept beside the links, so that no later decision can go behind it.
"""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, bindparam, delete, insert, select, update

from gateway.mail.entry import Entry
from gateway.store import clocks, tables
from gateway.store.arrivals import insert_rows
from gateway.store.columns import key
from gateway.store.labels import add_tags, link_row, say_of_tags
from gateway.store.payloads import HandLink, Tag
from gateway.store.reviews import refresh
from rules.facts import Link, OrderRef

_tags = tables.tags.c
_links = tables.links.c
_words = tables.verdicts.c
_ALL = OrderRef(marketplace="", value="")  # no order named: every order

_FORGET = delete(tables.verdicts).where(
    _words.log == bindparam("in_log"),
    _words.message == bindparam("of_message"),
    _words.marketplace == bindparam("of_marketplace"),
    _words.value == bindparam("of_value"),
)
_SAY = insert(tables.verdicts)


def apply_tags(tx: Connection, log: int, run: Sequence[tuple[Entry, Tag]]) -> None:
    """Put tags on messages and take others off, for good; a tag in both lists is off afterwards."""
    for _, act in run:
        if not _stands(tx, log, act.of):
            continue
        say_of_tags(tx, log, act.of, dict.fromkeys(act.add, True) | dict.fromkeys(act.remove, False))
        add_tags(tx, log, [(act.of, tag) for tag in act.add])
        for tag in act.remove:
            tx.execute(
                delete(tables.tags).where(_tags.log == log, _tags.message == act.of, _tags.tag == key(tag))
            )


def apply_links(tx: Connection, log: int, run: Sequence[tuple[Entry, HandLink]]) -> None:
    """Link messages to orders by a person's word, take every link between the two back, or say that there is no order."""
    touched: list[int] = []
    for entry, act in run:
        if not _stands(tx, log, act.of):
            continue
        touched.append(act.of)
        if act.withdraws is not None:
            _withdraw(tx, log, act.of, act.withdraws)
        elif act.none:
            _say_none(tx, log, entry.seq, act)
        elif act.order is None:
            continue
        elif act.undo:
            _undo(tx, log, entry.seq, act.of, act.order)
            _say(tx, log, entry.seq, act, act.order, belongs=False)
        else:
            link = Link(order=act.order, method="hand", confidence=act.confidence, reason=act.reason)
            insert_rows(tx, tables.links, [link_row(log, entry.seq, 0, act.of, link, act.agent)])
            _say(tx, log, entry.seq, act, act.order, belongs=True)
    refresh(tx, log, touched, dependants=True)
    clocks.refresh(tx, log, touched)


def _say_none(tx: Connection, log: int, by: int, act: HandLink) -> None:
    """Take every link back, made or to come; taking that word back itself only lets new ones stand."""
    if act.undo:
        tx.execute(_FORGET, _place(log, act.of, _ALL))
        return
    _undo(tx, log, by, act.of, None)
    tx.execute(delete(tables.verdicts).where(_words.log == log, _words.message == act.of, _words.belongs))
    _say(tx, log, by, act, _ALL, belongs=False)


def _withdraw(tx: Connection, log: int, message: int, word: int) -> None:
    """Put back what a word changed, where it still counts: its own link goes, and those that it took back stand again.

    A link that was withdrawn is undone by the entry that made it: nobody ever said that the two do not belong together.
    """
    said = (_words.log == log, _words.message == message)
    if tx.scalar(select(_words.by).where(*said, _words.by == word)) is None:
        return
    of = (_links.log == log, _links.message == message)
    tx.execute(delete(tables.verdicts).where(*said, _words.by == word))
    tx.execute(update(tables.links).where(*of, _links.undone_by == word).values(undone_by=None))
    tx.execute(
        update(tables.links)
        .where(*of, _links.by == word, _links.method == "hand", _links.undone_by.is_(None))
        .values(undone_by=word)
    )
    known = {
        OrderRef(marketplace=row.marketplace, value=row.value): row.by
        for row in tx.execute(select(tables.verdicts).where(*said))
    }
    before: dict[OrderRef, tuple[int, str, bool]] = {}  # what people had said of these orders until then
    for row in tx.execute(select(tables.links).where(*of).order_by(_links.by)):
        order = OrderRef(marketplace=row.marketplace, value=row.value)
        if row.undone_by is None and row.method == "hand":
            before[order] = (row.by, row.agent, True)
        elif row.undone_by not in (None, row.by, known.get(_ALL)):
            before.setdefault(order, (row.undone_by, "", False))
    for order, (seq, agent, belongs) in before.items():
        if order not in known:
            word_before = {"log": log, "message": message, "by": seq, "agent": agent, "belongs": belongs}
            tx.execute(_SAY, {**word_before, "marketplace": order.marketplace, "value": order.value})


def _undo(tx: Connection, log: int, by: int, message: int, order: OrderRef | None) -> None:
    which: list[ColumnElement[bool]] = [
        _links.log == log,
        _links.message == message,
        _links.undone_by.is_(None),
    ]
    if order is not None:
        which += [_links.marketplace == order.marketplace, _links.value == order.value]
    tx.execute(update(tables.links).where(*which).values(undone_by=by))


def _say(tx: Connection, log: int, by: int, act: HandLink, order: OrderRef, *, belongs: bool) -> None:
    tx.execute(_FORGET, _place(log, act.of, order))
    word = {"log": log, "message": act.of, "marketplace": order.marketplace, "value": order.value}
    tx.execute(_SAY, {**word, "belongs": belongs, "by": by, "agent": act.agent})


def _place(log: int, message: int, order: OrderRef) -> dict[str, int | str]:
    return {
        "in_log": log,
        "of_message": message,
        "of_marketplace": order.marketplace,
        "of_value": order.value,
    }


def _stands(tx: Connection, log: int, seq: int) -> bool:
    rows = tables.messages.c
    return tx.scalar(select(rows.seq).where(rows.log == log, rows.seq == seq)) is not None

"""Which answer of ours a bounce takes back: the one that it returns, and only where the buyer is who has not got it."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, or_, select, tuple_

from gateway.store import tables
from gateway.store.clock_tables import turns
from gateway.store.payloads import Ruling

_rows = tables.messages.c
_links = tables.links.c
_people = tables.addresses.c


def taken_back(tx: Connection, log: int, ruling: Ruling) -> int | None:
    """Return the answer that a bounce takes back.

    That is the one whose id it names, the id of what is returned before those that are merely mentioned. A report that
    names other mail of ours is about that. Else it is the newest answer before it in the same mailbox that was accepted for
    the same order or the same buyer; a link that is merely possible is a stranger's word, and takes nothing back.
    """
    said = ruling.decision.bounced or ()
    named = _named(tx, log, said, ruling.of)
    answers = [row for row in named if row.role == "answer"]
    if answers:
        return answers[0].seq if _missed_the_buyer(tx, log, answers[0], said) else None
    if (
        named and ruling.decision.reading.kind != "not_delivered"
    ):  # a marketplace's letter refers to whatever it likes
        return None
    mailbox = tx.scalar(select(_rows.mailbox).where(_rows.log == log, _rows.seq == ruling.of))
    newest = (
        select(turns.c.message)
        .join(tables.messages, (_rows.log == turns.c.log) & (_rows.seq == turns.c.message))
        .where(
            turns.c.log == log,
            turns.c.role == "answer",
            turns.c.message < ruling.of,
            turns.c.accepted_by.is_not(None),
            _rows.mailbox == (mailbox or ""),
        )
        .order_by(turns.c.message.desc())
        .limit(1)
    )
    sure = (link for link in ruling.decision.links if link.confidence != "possible")
    orders = [(link.order.marketplace, link.order.value) for link in sure]
    of_order = newest.join(
        tables.links, (_links.log == turns.c.log) & (_links.message == turns.c.message)
    ).where(tuple_(_links.marketplace, _links.value).in_(orders), _links.undone_by.is_(None))
    for chosen in (of_order, newest.where(_rows.alias != "", _rows.alias.in_(said))):
        found: int | None = tx.scalar(chosen)
        if found is not None:
            return found
    return None


def _named(tx: Connection, log: int, said: Sequence[str], below: int) -> list[Row[Any]]:
    """Return the messages of ours before a bounce that it names, in the order in which it names them, the newest of each first."""
    traces = [one for one in said if "@" not in one]
    chosen = (
        select(_rows.seq, _rows.message_id, _rows.id, _rows.alias, turns.c.role)
        .join(turns, (turns.c.log == _rows.log) & (turns.c.message == _rows.seq), isouter=True)
        .where(
            _rows.log == log,
            _rows.seq < below,
            or_(_rows.message_id.in_([one for one in said if "@" in one]), _rows.id.in_(traces)),
            _rows.message_id != "",
        )
        .order_by(_rows.seq.desc())
    )
    place = {one: at for at, one in reversed([*enumerate(said)])}
    found: list[Row[Any]] = list(tx.execute(chosen))
    return sorted(found, key=lambda row: min(place.get(row.message_id, 99), place.get(row.id, 99)))


def _missed_the_buyer(tx: Connection, log: int, answer: Row[Any], said: Sequence[str]) -> bool:
    """Say whether a report about an answer is about the buyer: not where it names only others whom the answer went to."""
    home = answer.alias.rpartition("@")[2]
    if not home or any(one.endswith(f"@{home}") for one in said):
        return True
    to = select(_people.folded).where(
        _people.log == log, _people.message == answer.seq, _people.field != "from", _people.folded.in_(said)
    )
    return tx.scalar(to.limit(1)) is None

"""What may stop a clock, read from the store as plain values for ``rules.reckoning``."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from sqlalchemy import ColumnElement, Connection, Select, Table, or_, select, tuple_

from gateway.store import tables
from gateway.store.clock_tables import clocks, marks, turns
from gateway.store.engine import log_of
from gateway.store.rows import chunks
from rules.facts import OrderRef
from rules.reckoning import Answer, How, Mark, Question

_rows = tables.messages.c
_links = tables.links.c
_refs = tables.refs.c
_people = tables.addresses.c
_HOW: dict[str, How] = {"answer": "answer", "site": "site", "closed": "closed"}


def question_of(conn: Connection, log: int, message: int, clock: str) -> Question:
    """Return what an answer to a message may be known by."""
    row = conn.execute(
        select(_rows.kind, _rows.message_id, _rows.alias).where(_rows.log == log, _rows.seq == message)
    ).one()
    sender = conn.scalar(
        select(_people.folded)
        .where(_people.log == log, _people.message == message, _people.field == "from")
        .order_by(_people.place)
        .limit(1)
    )
    return Question(
        seq=message,
        clock=clock,
        kind=row.kind,
        message_id=row.message_id,
        alias=row.alias,
        sender=sender or "",
        orders=orders_of(conn, log, [message])[message],
        shown=orders_of(conn, log, [message], possible=True)[message],
    )


def answers_to(conn: Connection, log: int, question: Question) -> list[Answer]:
    """Return the accepted answers and closing notices after a question that could have to do with it."""
    found: set[int] = set()
    after = (turns.c.log == log, turns.c.message > question.seq, turns.c.accepted_by.is_not(None))
    if question.orders:
        found.update(conn.scalars(_joined(tables.links, after).where(_is_any(question.orders))))
    if question.alias:
        same = select(turns.c.message).join(
            tables.messages, (_rows.log == turns.c.log) & (_rows.seq == turns.c.message)
        )
        found.update(conn.scalars(same.where(*after, _rows.alias == question.alias)))
    if question.message_id:
        found.update(conn.scalars(_joined(tables.refs, after).where(_refs.message_id == question.message_id)))
    if question.sender:
        named = _joined(tables.addresses, after).where(
            _people.folded == question.sender, _people.field != "from"
        )
        found.update(conn.scalars(named))
    return [one for chunk in chunks(sorted(found)) for one in _load(conn, log, chunk)]


def marks_on(conn: Connection, log: int, question: Question) -> list[Mark]:
    """Return what people said of a question or of its orders."""
    meant: ColumnElement[bool] = marks.c.message == question.seq
    if question.shown:
        pairs = [(one.marketplace, one.value) for one in question.shown]
        meant = or_(meant, tuple_(marks.c.marketplace, marks.c.value).in_(pairs))
    return [
        Mark(
            by=row.by,
            at=row.at,
            clock=row.clock,
            of=row.message,
            order=OrderRef(marketplace=row.marketplace, value=row.value) if row.value else None,
            undone=row.undone_by is not None,
        )
        for row in conn.execute(select(marks).where(marks.c.log == log, meant))
    ]


def touched_by(conn: Connection, log: int, turn: int, accepted_by: int) -> set[tuple[int, str]]:
    """Return the clocks before a turn that it may stop or has stopped, whatever it was linked to once."""
    open_ = or_(clocks.c.stopped_by.is_(None), clocks.c.stopped_by >= accepted_by)
    chosen = select(clocks.c.message, clocks.c.name).where(
        clocks.c.log == log, clocks.c.message < turn, open_
    )
    linked = select(_links.marketplace, _links.value).where(_links.log == log, _links.message == turn)
    alias = select(_rows.alias).where(_rows.log == log, _rows.seq == turn, _rows.alias != "")
    named = select(_refs.message_id).where(_refs.log == log, _refs.message == turn)
    to = select(_people.folded).where(_people.log == log, _people.message == turn, _people.field != "from")
    mail = (_rows.log == clocks.c.log) & (_rows.seq == clocks.c.message)
    ways = (
        chosen.join(tables.links, (_links.log == clocks.c.log) & (_links.message == clocks.c.message)).where(
            tuple_(_links.marketplace, _links.value).in_(linked)
        ),
        chosen.join(tables.messages, mail).where(
            or_(_rows.alias.in_(alias), _rows.message_id.in_(named.where(_refs.message_id != "")))
        ),
        chosen.join(
            tables.addresses, (_people.log == clocks.c.log) & (_people.message == clocks.c.message)
        ).where(_people.field == "from", _people.folded.in_(to)),
    )
    return {(row.message, row.name) for way in ways for row in conn.execute(way)}


def orders_of(
    conn: Connection, log: int, messages: Sequence[int], *, possible: bool = False
) -> defaultdict[int, frozenset[OrderRef]]:
    """Return the orders that messages surely or likely belong to: what a stranger merely quotes stops nothing.

    With ``possible`` also those that they may belong to, as people see them.
    """
    found = defaultdict[int, frozenset[OrderRef]](frozenset)
    for row in conn.execute(
        select(_links.message, _links.marketplace, _links.value, _links.confidence).where(
            _links.log == log, _links.message.in_(messages), _links.undone_by.is_(None)
        )
    ):
        if possible or row.confidence != "possible":
            found[row.message] |= {OrderRef(marketplace=row.marketplace, value=row.value)}
    return found


def came_back(conn: Connection, seqs: Iterable[int]) -> set[int]:
    """Return those of some messages that a bounce said were not delivered, though they had been accepted."""
    log = log_of(conn)
    return {one for chunk in chunks(dict.fromkeys(seqs)) for one in _voided(conn, log, chunk)}


def returned_by(conn: Connection, bounce: int, *, first: bool = False) -> int | None:
    """Return the answer of ours that a bounce takes back; with ``first`` only where no report before it has."""
    log = log_of(conn)
    found: int | None = conn.scalar(
        select(turns.c.voids).where(turns.c.log == log, turns.c.message == bounce)
    )
    if found is None or not first:
        return found
    before = select(turns.c.message).where(
        turns.c.log == log, turns.c.voids == found, turns.c.message < bounce
    )
    return None if conn.scalar(before.limit(1)) is not None else found


def _voided(conn: Connection, log: int, seqs: Sequence[int]) -> set[int]:
    chosen = select(turns.c.voids).where(turns.c.log == log, turns.c.voids.in_(seqs))
    return {one for one in conn.scalars(chosen) if one is not None}


def _load(conn: Connection, log: int, seqs: list[int]) -> list[Answer]:
    refs = defaultdict[int, tuple[str, ...]](tuple)
    for row in conn.execute(select(tables.refs).where(_refs.log == log, _refs.message.in_(seqs))):
        refs[row.message] += (row.message_id,)
    bounced = _voided(conn, log, seqs)
    orders = orders_of(conn, log, seqs)
    chosen = select(turns, _rows.alias, _rows.kind).join(
        tables.messages, (_rows.log == turns.c.log) & (_rows.seq == turns.c.message)
    )
    return [
        Answer(
            seq=row.message,
            by=row.accepted_by,
            at=row.accepted_at,
            how=_HOW[row.role],
            kind=row.kind,
            refers_to=refs[row.message],
            alias=row.alias,
            recipients=frozenset(row.recipients),
            orders=orders[row.message],
            bounced=row.message in bounced,
        )
        for row in conn.execute(chosen.where(turns.c.log == log, turns.c.message.in_(seqs)))
    ]


def _joined(table: Table, after: tuple[ColumnElement[bool], ...]) -> Select[tuple[int]]:
    return (
        select(turns.c.message)
        .join(table, (table.c.log == turns.c.log) & (table.c.message == turns.c.message))
        .where(*after)
    )


def _is_any(orders: Iterable[OrderRef]) -> ColumnElement[bool]:
    pairs = [(one.marketplace, one.value) for one in orders]
    return tuple_(_links.marketplace, _links.value).in_(pairs) & (_links.undone_by.is_(None))

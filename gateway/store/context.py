"""What was known before a message, as the rules ask for it. From messages below its seq only."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, bindparam, exists, func, select, union

from gateway.store import reports, tables
from gateway.store.clock_tables import turns
from gateway.store.engine import log_of
from gateway.store.known import EVERY, known_links, opened, pairs, said_no, told_of
from gateway.store.prospects import Prospects, prospects_of, worth
from gateway.store.spelling import bare
from gateway.store.tied import carried, tied
from rules.facts import Context, OrderRef, OrderSince

_REFS = 200  # ids of one message that are looked up, the nearest first; a longer chain is no honest thread
_ORDERS = 200
_NEWEST = 100  # messages whose links are handed to the rules
_PARCELS = 20
_RETRY = timedelta(hours=24)
# An identical message that did not go its way cannot stand for this one.
_GONE_NOWHERE = ("held", "dropped", "refused", "failed")

_rows = tables.messages.c
_links = tables.links.c
_refs = tables.refs.c
_LOG: ColumnElement[int] = bindparam("in_log")
_BELOW: ColumnElement[int] = bindparam("below")

_ASKED: ColumnElement[tuple[str, ...]] = bindparam("asked", expanding=True)

# Made once: this is asked for every message, and making a statement costs more than running it. Plus nothing: ordered
# by the bare column, SQLite reads the whole key backwards instead of the index by id.
_NAMED = (
    select(_rows.seq)
    .where(_rows.log == _LOG, _rows.message_id.in_(_ASKED), _rows.seq < _BELOW)
    .order_by((_rows.seq + 0).desc())
    .limit(_NEWEST)
)
_BESIDE = (
    select(_refs.message)
    .where(_refs.log == _LOG, _refs.message_id.in_(_ASKED), _refs.message < _BELOW)
    .order_by((_refs.message + 0).desc())
    .limit(_NEWEST)
)
_THREAD = union(select(_NAMED.subquery("named")), select(_BESIDE.subquery("beside")))
_SAME_ALIAS = (
    select(_rows.seq)
    .where(_rows.log == _LOG, _rows.alias == bindparam("alias"), _rows.seq < _BELOW)
    .order_by(_rows.seq.desc())
    .limit(_NEWEST)
)
_KNOWN = (
    select(_links.marketplace, _links.value)
    .where(
        _links.log == _LOG,
        _links.message < _BELOW,
        _links.undone_by.is_(None),
        _links.marketplace.in_(bindparam("marketplaces", expanding=True)),
        _links.value.in_(bindparam("values", expanding=True)),
    )
    .distinct()
)
_SINCE = (
    select(_links.marketplace, _links.value, func.min(_rows.occurred_at).label("at"))
    .join(tables.messages, (_rows.log == _links.log) & (_rows.seq == _links.message))
    .where(
        _links.log == _LOG,
        _links.message < _BELOW,
        _links.undone_by.is_(None),
        _links.marketplace.in_(bindparam("marketplaces", expanding=True)),
        _links.value.in_(bindparam("values", expanding=True)),
    )
    .group_by(_links.marketplace, _links.value)
)
_LIKE = (
    select(_links.marketplace, _links.value, _links.message)
    .where(_links.log == _LOG, _links.bare == bindparam("bare"), _links.undone_by.is_(None))
    .limit(10_000)
)
_TWIN = select(func.min(_rows.seq)).where(
    _rows.log == _LOG,
    _rows.twin == bindparam("twin"),
    _rows.seq < _BELOW,
    _rows.occurred_at >= bindparam("since"),
    _rows.occurred_at <= bindparam("until"),
    _rows.state.not_in(_GONE_NOWHERE),
    # what came back may be sent again: nobody has it
    ~exists().where(turns.c.log == _rows.log, turns.c.voids == _rows.seq, turns.c.message < _BELOW),
)


def context_of(
    conn: Connection,
    *,
    refers_to: Sequence[str],
    alias: str,
    orders: Collection[OrderRef],
    twin: bytes,
    at: datetime,
    below: int,
    since: bool = False,
    senders: Sequence[str] = (),
    tokens: Sequence[str] = (),
    people: Sequence[str] = (),
    parcels: Sequence[str] = (),
    prospects: Prospects | None = None,
) -> Context:
    """Return the links of the thread, of the buyer and of the parcels, what reports say, and the message this one repeats.

    An empty ``twin`` asks for no repeat; ``since`` also asks when each order's first message occurred. ``below`` is the message's own seq and ``at`` its ``occurred_at``. A thread is
    the messages it refers to, those that refer to one of the same, and those with one of its ``tokens``. Of two links
    between a message and an order the stronger one is told. ``senders`` are the addresses that wrote it. ``prospects``
    are those of a round of messages that this one is of.
    """
    where = {"in_log": log_of(conn), "below": below}
    refers_to, tokens, people, parcels = refers_to[:_REFS], tokens[:_REFS], people[:_REFS], parcels[:_PARCELS]
    if prospects is None:
        ties = (*tokens, *people)
        prospects = prospects_of(
            conn, (below,), refers_to=refers_to, ties=ties, parcels=parcels, twins=(twin,)
        )
    beside = tied(conn, "token", worth(tokens, prospects.tied, below), below=below)
    thread = sorted({*_thread(conn, where, worth(refers_to, prospects.named, below)), *beside}, reverse=True)[
        :_NEWEST
    ]
    known = sorted(set(orders))[:_ORDERS]
    words = {below: set(), **said_no(conn, where, {*thread, *prospects.denied.intersection((below,))})}
    asked = reports.Asked(orders=tuple(known), alias=alias, parcels=tuple(parcels), at=at, below=below)
    told = reports.told(conn, asked)
    by_alias = known_links(conn, where, conn.scalars(_SAME_ALIAS, {**where, "alias": alias}) if alias else ())
    parcel = carried(conn, worth(parcels, prospects.carried, below), below=below)
    persons = tied(conn, "person", worth(people, prospects.tied, below), below=below)
    answered = told_of(conn, where, known_links(conn, where, thread), senders, alias)
    buyer = opened(conn, where, (*by_alias, *told.alias), at)
    related = {*orders, *(link.order for link in (*answered, *buyer))} if since else set()
    return Context(
        thread=answered,
        alias=buyer,
        order_since=ages_of(conn, related, below=below),
        known_orders=known_orders(conn, known, below=below) | {one.order for one in told.orders},
        retry_of=conn.scalar(_TWIN, {**where, "twin": twin, "since": at - _RETRY, "until": at})
        if prospects.twins.get(twin, below) < below
        else None,
        parcel=(*told.parcel, *known_links(conn, where, parcel, why=parcel)),
        customer=opened(conn, where, known_links(conn, where, persons, why=persons), at),
        reported=told.orders,
        covered=told.covered,
        taken_back=frozenset(words[below] - {EVERY}),
        severed=_severed(conn, where, refers_to, words),
        no_order=EVERY in words[below],
    )


def known_orders(conn: Connection, orders: Collection[OrderRef], *, below: int) -> frozenset[OrderRef]:
    """Return those of some orders that a message below an entry is linked to."""
    asked = sorted(set(orders))[:_ORDERS]
    if not asked:
        return frozenset()
    rows = conn.execute(_KNOWN, {"in_log": log_of(conn), "below": below, **pairs(asked)})
    return frozenset(OrderRef(marketplace=row.marketplace, value=row.value) for row in rows) & set(asked)


def orders_like(conn: Connection, ref: str, *, below: int) -> tuple[OrderRef, ...]:
    """Return the orders that a reference may mean, however it is written, known from messages and reports below an entry."""
    if not (wanted := bare(ref)):
        return ()
    rows = conn.execute(_LIKE, {"in_log": log_of(conn), "bare": wanted})
    found = {
        OrderRef(marketplace=row.marketplace, value=row.value)
        for row in rows
        if row.message < below  # asked of the database, this would make SQLite read the key of the message
    }
    return tuple(sorted(found.union(reports.reported_orders(conn, ref, below=below))))


def orders_of_alias(conn: Connection, alias: str, *, below: int) -> tuple[OrderRef, ...]:
    """Return the orders of a buyer's earlier messages and of reports, the newest first."""
    where = {"in_log": log_of(conn), "below": below}
    seqs = conn.scalars(_SAME_ALIAS, {**where, "alias": alias})
    known = (*known_links(conn, where, seqs), *reports.links_of_alias(conn, alias, below=below))
    return tuple(dict.fromkeys(link.order for link in known))


def _thread(conn: Connection, where: dict[str, int], asked: list[str]) -> list[int]:
    """Return the newest messages of a thread."""
    return sorted(conn.scalars(_THREAD, {**where, "asked": asked}), reverse=True) if asked else []


def _severed(
    conn: Connection, where: dict[str, int], asked: Sequence[str], words: dict[int, set[OrderRef]]
) -> frozenset[OrderRef]:
    """Return what people took back from the messages that are named; that is seldom, so it is looked up last."""
    if not asked or not any(words[seq] for seq in words if seq != where["below"]):
        return frozenset()
    named = conn.scalars(_NAMED, {**where, "asked": list(asked)})
    return frozenset(order for seq in named for order in words.get(seq, set()) - {EVERY})


def ages_of(conn: Connection, orders: Collection[OrderRef], *, below: int) -> tuple[OrderSince, ...]:
    """Return when the first message of each order occurred, of those below an entry."""
    return _since(conn, {"in_log": log_of(conn), "below": below}, sorted(set(orders))[:_ORDERS])


def _since(conn: Connection, where: dict[str, int], asked: list[OrderRef]) -> tuple[OrderSince, ...]:
    if not asked:
        return ()
    rows = conn.execute(_SINCE, {**where, **pairs(asked)})
    found = {OrderRef(marketplace=row.marketplace, value=row.value): row.at for row in rows}
    return tuple(OrderSince(order=order, at=found[order]) for order in asked if order in found)

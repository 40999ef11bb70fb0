"""Links that earlier messages carry, as the rules are told of them: the strongest of each, and what people said of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType

from sqlalchemy import ColumnElement, Connection, bindparam, select

from gateway.store import reports, tables
from gateway.store.rows import chunks
from rules.confidence import RANK
from rules.facts import KnownLink, OrderRef

EVERY = OrderRef(marketplace="", value="")  # a person's word on a message and no order in particular
_ORDERS = 200
_SENDERS = 200
_OPEN = timedelta(days=90)  # as long as a buyer may open a claim

_rows = tables.messages.c
_links = tables.links.c
_people = tables.addresses.c
_words = tables.verdicts.c
_LOG: ColumnElement[int] = bindparam("in_log")
_BELOW: ColumnElement[int] = bindparam("below")

_PART = select(_people.message).where(
    _people.log == _LOG,
    _people.message.in_(bindparam("messages", expanding=True)),
    _people.folded.in_(bindparam("senders", expanding=True)),
)
_OF_ALIAS = select(_rows.seq).where(
    _rows.log == _LOG, _rows.seq.in_(bindparam("messages", expanding=True)), _rows.alias == bindparam("alias")
)
_LINKED = select(
    _links.message, _links.marketplace, _links.value, _links.confidence, _links.agent, _links.via
).where(
    _links.log == _LOG,
    _links.message.in_(bindparam("messages", expanding=True)),
    _links.undone_by.is_(None),
)
_SAID_NO = select(_words.message, _words.marketplace, _words.value).where(
    _words.log == _LOG, _words.message.in_(bindparam("messages", expanding=True)), _words.belongs.is_(False)
)
_RECENT = (
    select(_links.marketplace, _links.value)
    .join(tables.messages, (_rows.log == _links.log) & (_rows.seq == _links.message))
    .where(
        _links.log == _LOG,
        _links.message < _BELOW,
        _links.undone_by.is_(None),
        _links.marketplace.in_(bindparam("marketplaces", expanding=True)),
        _links.value.in_(bindparam("values", expanding=True)),
        _rows.occurred_at >= bindparam("since"),
        _rows.occurred_at <= bindparam("until"),
    )
    .distinct()
)


def known_links(
    conn: Connection,
    where: dict[str, int],
    messages: Iterable[int],
    *,
    why: Mapping[int, str] = MappingProxyType({}),
) -> tuple[KnownLink, ...]:
    """Return the standing links of messages, in the messages' order, the strongest of each; none that has lost its ground."""
    wanted = list(messages)
    if not wanted:
        return ()
    rows = conn.execute(_LINKED, {**where, "messages": wanted}).all()
    gone = groundless(conn, where["in_log"], {row.via for row in rows if row.via is not None})
    found: dict[int, dict[OrderRef, KnownLink]] = {seq: {} for seq in wanted}
    for row in rows:
        order = OrderRef(marketplace=row.marketplace, value=row.value)
        if (row.via, order) in gone:
            continue
        one = KnownLink(
            order=order,
            seq=row.message,
            confidence=row.confidence,
            agent=row.agent,
            root=row.via,
            why=why.get(row.message, ""),
        )
        other = found[row.message].get(order)
        if other is None or _strength(one) > _strength(other):
            found[row.message][order] = one
    return tuple(links[order] for links in found.values() for order in sorted(links))


def groundless(conn: Connection, log: int, messages: Iterable[int]) -> set[tuple[int, OrderRef]]:
    """Return the links that these messages had and have no more: what rests on them has lost its ground."""
    standing: set[tuple[int, OrderRef]] = set()
    gone: set[tuple[int, OrderRef]] = set()
    for chunk in chunks(messages):
        for row in conn.execute(
            select(_links.message, _links.marketplace, _links.value, _links.undone_by).where(
                _links.log == log, _links.message.in_(chunk)
            )
        ):
            link = (row.message, OrderRef(marketplace=row.marketplace, value=row.value))
            (standing if row.undone_by is None else gone).add(link)
    return gone - standing


def _strength(link: KnownLink) -> tuple[int, bool, bool]:
    return RANK[link.confidence], bool(link.agent), link.root is None


def opened(
    conn: Connection, where: dict[str, int], links: tuple[KnownLink, ...], at: datetime
) -> tuple[KnownLink, ...]:
    """Say of each link whether its order is open: mail or a report speaks of it in the last months."""
    orders = sorted({link.order for link in links})
    if len(orders) < 2:
        return links
    asks = {**where, **pairs(orders[:_ORDERS]), "since": at - _OPEN, "until": at}
    recent = {OrderRef(marketplace=row.marketplace, value=row.value) for row in conn.execute(_RECENT, asks)}
    recent |= reports.recent(conn, orders[:_ORDERS], since=at - _OPEN, below=where["below"])
    return tuple(replace(link, open=link.order in recent) for link in links)


def pairs(orders: Sequence[OrderRef]) -> dict[str, list[str]]:
    return {
        "marketplaces": sorted({order.marketplace for order in orders}),
        "values": [order.value for order in orders],
    }


def said_no(conn: Connection, where: dict[str, int], messages: Iterable[int]) -> dict[int, set[OrderRef]]:
    """Return the orders that people said these messages do not belong to."""
    said: dict[int, set[OrderRef]] = {seq: set() for seq in messages}
    for row in conn.execute(_SAID_NO, {**where, "messages": list(said)}) if said else ():
        said[row.message].add(OrderRef(marketplace=row.marketplace, value=row.value))
    return said


def told_of(
    conn: Connection,
    where: dict[str, int],
    links: tuple[KnownLink, ...],
    senders: Sequence[str],
    alias: str,
) -> tuple[KnownLink, ...]:
    """Say of each link whether its message is a stranger's to these senders: they neither wrote nor got it.

    Without a sender nobody is asked about.
    """
    messages = sorted({link.seq for link in links})
    if not messages or not (senders or alias):
        return links
    asks = {**where, "messages": messages}
    part = set(conn.scalars(_PART, {**asks, "senders": list(senders[:_SENDERS])})) if senders else set()
    if alias:
        part.update(conn.scalars(_OF_ALIAS, {**asks, "alias": alias}))
    return tuple(replace(link, stranger=link.seq not in part) for link in links)

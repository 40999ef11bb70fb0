"""What an erasure reaches: the messages and entries of one person or order, and what stands in its way."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, or_, select

from gateway.store import tables
from gateway.store.clock_tables import clocks
from gateway.store.columns import key
from gateway.store.dossiers import DossierRow, dossier_of
from gateway.store.engine import log_of
from gateway.store.payloads import FetchedPlace, StoppedClock
from gateway.store.report_tables import reported
from gateway.store.rows import chunks
from rules.facts import OrderRef

_links = tables.links.c
_events = tables.events.c
_WEAK = "possible"  # a number that a stranger quoted makes nobody's message part of an order


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """An entry as far as an erasure needs it."""

    seq: int
    type: str
    of: int | None
    order: OrderRef | None
    agent: str
    is_erased: bool
    source: str = ""


def messages_with(conn: Connection, address: str) -> list[int]:
    """Return the messages that an address wrote or was sent, or that came under it as a buyer's alias."""
    people, rows = tables.addresses.c, tables.messages.c
    wrote = select(people.message).where(people.log == log_of(conn), people.folded == key(address))
    alias = select(rows.seq).where(rows.log == log_of(conn), rows.alias == key(address))
    return sorted({*conn.scalars(wrote), *conn.scalars(alias)})


def orders_of(conn: Connection, messages: Iterable[int]) -> dict[int, list[OrderRef]]:
    """Return the orders to which messages are linked, more surely than by a stranger's quoting a number."""
    found: dict[int, list[OrderRef]] = {}
    for chunk in chunks(messages):
        rows = conn.execute(
            select(_links.message, _links.marketplace, _links.value).where(
                _links.log == log_of(conn),
                _links.message.in_(chunk),
                _links.undone_by.is_(None),
                _links.confidence != _WEAK,
            )
        )
        for row in rows:
            ref = OrderRef(marketplace=row.marketplace, value=row.value)
            if ref not in found.setdefault(row.message, []):
                found[row.message].append(ref)
    return found


def quoted_in(conn: Connection, messages: Iterable[int]) -> set[OrderRef]:
    """Return the orders that messages may belong to, for all that is known."""
    found: set[OrderRef] = set()
    for chunk in chunks(messages):
        rows = conn.execute(
            select(_links.marketplace, _links.value).where(
                _links.log == log_of(conn),
                _links.message.in_(chunk),
                _links.undone_by.is_(None),
                _links.confidence == _WEAK,
            )
        )
        found.update(OrderRef(marketplace=row.marketplace, value=row.value) for row in rows)
    return found


def messages_of(conn: Connection, orders: Iterable[OrderRef], *, weakly: bool = False) -> set[int]:
    """Return the messages linked to orders, those that only quote the number left out; ``weakly``, only those."""
    found: set[int] = set()
    for order in orders:
        linked = select(_links.message).where(
            _links.log == log_of(conn),
            _links.marketplace == order.marketplace,
            _links.value == order.value,
            _links.undone_by.is_(None),
            _links.confidence == _WEAK if weakly else _links.confidence != _WEAK,
        )
        found.update(conn.scalars(linked))
    return found


def entries_of(conn: Connection, messages: Iterable[int], orders: Iterable[OrderRef]) -> list[Event]:
    """Return all entries of messages, themselves included, and what was said of orders."""
    found: dict[int, Event] = {}
    about: list[ColumnElement[bool]] = [_events.of.in_(chunk) for chunk in chunks(messages)]
    about += [(_events.marketplace == one.marketplace) & (_events.value == one.value) for one in orders]
    for which in about:
        for row in conn.execute(select(tables.events).where(_events.log == log_of(conn), which)):
            order = OrderRef(marketplace=row.marketplace, value=row.value) if row.value else None
            found[row.seq] = Event(
                seq=row.seq,
                type=row.type,
                of=row.of,
                order=order,
                agent=row.agent,
                is_erased=bool(row.summary.get("erased")),
                source=str(row.summary.get("source", "")),
            )
    return [found[seq] for seq in sorted(found)]


def holds_of(conn: Connection, orders: Iterable[OrderRef]) -> list[DossierRow]:
    """Return the dossiers among these that are held."""
    return [row for row in (dossier_of(conn, order) for order in orders) if row.held_by is not None]


def reports_of(conn: Connection, orders: Iterable[OrderRef], alias: str) -> list[int]:
    """Return the order reports that tell of these orders, or of a buyer by their alias."""
    told: list[ColumnElement[bool]] = [
        (reported.c.marketplace == one.marketplace) & (reported.c.value == one.value) for one in orders
    ]
    if alias:
        told.append(reported.c.alias == alias)
    found: set[int] = set()
    for chunk in chunks(told):
        found.update(conn.scalars(select(reported.c.by).where(reported.c.log == log_of(conn), or_(*chunk))))
    return sorted(found)


def unfinished(conn: Connection, messages: Iterable[int]) -> dict[int, str]:
    """Return the messages that still have something before them, and what that is."""
    rows, jobs = tables.messages.c, tables.jobs.c
    found: dict[int, str] = {}
    for chunk in chunks(messages):
        waiting = select(rows.seq).where(
            rows.log == log_of(conn), rows.seq.in_(chunk), rows.decided_by.is_(None)
        )
        found.update(dict.fromkeys(conn.scalars(waiting), "it is not decided yet"))
        held = select(rows.seq).where(rows.log == log_of(conn), rows.seq.in_(chunk), rows.state == "held")
        found.update(dict.fromkeys(conn.scalars(held), "it is held for a second look"))
        under_way = select(jobs.message).where(
            jobs.log == log_of(conn), jobs.message.in_(chunk), jobs.state.not_in(("done", "dead", "dropped"))
        )
        found.update(dict.fromkeys(conn.scalars(under_way), "it is on its way out"))
    return dict(sorted(found.items()))


def places_of(conn: Connection, messages: Iterable[int], entries: set[int]) -> list[FetchedPlace]:
    """Return where messages lie in IMAP accounts, as far as only entries that go say it."""
    places = tables.places.c
    found = []
    for chunk in chunks(messages):
        rows = conn.execute(
            select(tables.places).where(places.log == log_of(conn), places.message.in_(chunk))
        )
        found += [
            FetchedPlace(row.by, row.message, row.place, row.uidvalidity, row.uid)
            for row in rows
            if row.by in entries
        ]
    return sorted(found, key=lambda one: one.by)


def stopped_by(conn: Connection, messages: set[int], entries: Iterable[int]) -> list[StoppedClock]:
    """Return the clocks of messages that stay which entries that go have stopped."""
    found = []
    for chunk in chunks(entries):
        rows = conn.execute(
            select(clocks).where(clocks.c.log == log_of(conn), clocks.c.stopped_by.in_(chunk))
        )
        found += [
            StoppedClock(row.message, row.name, row.stopped_by, row.stopped_at, row.how)
            for row in rows
            if row.message not in messages
        ]
    return sorted(found, key=lambda one: (one.message, one.name))


def mailboxes_of(conn: Connection, messages: Iterable[int]) -> dict[str, dict[str, int]]:
    """Return which mailboxes hold copies of messages, and how many went out or were delivered there."""
    jobs, rows = tables.jobs.c, tables.messages.c
    found: dict[str, dict[str, int]] = {}
    for chunk in chunks(messages):
        done = (
            select(rows.mailbox, jobs.kind)
            .join(tables.jobs, (jobs.log == rows.log) & (jobs.message == rows.seq))
            .where(rows.log == log_of(conn), rows.seq.in_(chunk), jobs.state == "done")
        )
        for mailbox, kind in conn.execute(done):
            kinds = found.setdefault(mailbox, {})
            kinds[kind] = kinds.get(kind, 0) + 1
    return found

"""How orders' dossiers stand: open, waiting or closed, whose they are, and whether a dispute holds all that is in them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    PrimaryKeyConstraint,
    Table,
    delete,
    insert,
    select,
    tuple_,
    update,
)

from gateway.mail.entry import Entry
from gateway.store.columns import Key, Words
from gateway.store.engine import log_of
from gateway.store.payloads import DossierAct, Ruling
from gateway.store.rows import chunks
from gateway.store.tables import metadata
from rules.clocks import CLAIMS
from rules.facts import OrderRef

STATES = ("open", "waiting", "closed")

dossiers = Table(
    "dossiers",
    metadata,
    Column("log", Integer, nullable=False, autoincrement=False),
    Column("marketplace", Key, nullable=False),
    Column("value", Key, nullable=False),
    Column("state", Words, nullable=False),
    Column("owner", Words, nullable=False),
    Column("by", BigInteger, nullable=False, autoincrement=False),  # the entry that changed it last
    Column("held_by", BigInteger, nullable=True, autoincrement=False),
    Column("held_why", Words, nullable=False),
    PrimaryKeyConstraint("log", "marketplace", "value"),
)
_PLACE = ("log", "marketplace", "value")


@dataclass(frozen=True, slots=True, kw_only=True)
class DossierRow:
    """A dossier as it stands; ``by`` is the entry that said so last, None where nobody has said anything yet."""

    order: OrderRef
    state: str = "open"
    owner: str = ""
    by: int | None = None
    held_by: int | None = None  # the entry that holds it: nothing of it may be erased
    held_why: str = ""


def dossier_of(conn: Connection, order: OrderRef) -> DossierRow:
    """Return how an order's dossier stands."""
    row = conn.execute(select(dossiers).where(*_is(log_of(conn), order))).one_or_none()
    if row is None:
        return DossierRow(order=order)
    plain = {name: value for name, value in row._asdict().items() if name not in _PLACE}
    return DossierRow(order=order, **plain)


def owners_of(conn: Connection, orders: Iterable[OrderRef]) -> dict[OrderRef, str]:
    """Return whose the dossiers of orders are; those that are nobody's are left out."""
    columns, found = dossiers.c, dict[OrderRef, str]()
    for chunk in chunks({(one.marketplace, one.value) for one in orders}):
        rows = conn.execute(
            select(columns.marketplace, columns.value, columns.owner).where(
                columns.log == log_of(conn),
                columns.owner != "",
                tuple_(columns.marketplace, columns.value).in_(chunk),
            )
        )
        found.update((OrderRef(marketplace=row.marketplace, value=row.value), row.owner) for row in rows)
    return found


def apply_acts(tx: Connection, log: int, run: Sequence[tuple[Entry, DossierAct]]) -> None:
    """Change states, owners and holds by people's word."""
    for entry, act in run:
        if act.order is None:
            continue
        new: dict[str, Any] = {}
        if act.state is not None:
            new["state"] = act.state
        if act.owner is not None:
            new["owner"] = act.owner
        if act.hold is not None:
            new |= {"held_by": entry.seq if act.hold else None, "held_why": act.reason if act.hold else ""}
        _change(tx, log, act.order, {**new, "by": entry.seq})


def hold_disputed(tx: Connection, log: int, run: Sequence[tuple[Entry, Ruling]]) -> None:
    """Hold the dossiers that disputes are about, at once, and open those that were closed."""
    for entry, ruling in run:
        kind = ruling.decision.reading.kind
        if not ruling.live or kind not in CLAIMS or not ruling.decision.clocks:
            continue
        for link in ruling.decision.links:
            if link.confidence != "possible":
                why = f"{kind.replace('_', ' ')}, message {ruling.of}"
                new = {"state": "open", "held_by": entry.seq, "held_why": why, "by": entry.seq}
                _change(tx, log, link.order, new)


def open_again(tx: Connection, log: int, run: Sequence[tuple[Entry, Ruling]]) -> None:
    """Open closed dossiers whose order somebody wants something of: what starts a clock, and an answer that came back."""
    for entry, ruling in run:
        decided = ruling.decision
        if not ruling.live or not (decided.clocks or decided.bounced is not None):
            continue
        for link in decided.links:
            if link.confidence != "possible":
                closed = (*_is(log, link.order), dossiers.c.state == "closed")
                tx.execute(update(dossiers).where(*closed).values(state="open", by=entry.seq))


def _change(tx: Connection, log: int, order: OrderRef, new: dict[str, Any]) -> None:
    if not tx.execute(update(dossiers).where(*_is(log, order)).values(**new)).rowcount:
        fresh = {"state": "open", "owner": "", "held_by": None, "held_why": "", **new}
        place = {"log": log, "marketplace": order.marketplace, "value": order.value}
        tx.execute(insert(dossiers), [place | fresh])


def _is(log: int, order: OrderRef) -> tuple[Any, ...]:
    columns = dossiers.c
    return columns.log == log, columns.marketplace == order.marketplace, columns.value == order.value


def forget(tx: Connection, log: int, erased: Iterable[int]) -> None:
    """Take away how dossiers stand whose last word is an entry that was erased."""
    for chunk in chunks(erased):
        tx.execute(delete(dossiers).where(dossiers.c.log == log, dossiers.c.by.in_(chunk)))

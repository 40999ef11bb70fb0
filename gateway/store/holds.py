"""What is held: dossiers of which nothing may be erased, by a dispute's notice or a person's word."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from gateway.store import tables
from gateway.store.dossiers import dossiers
from gateway.store.engine import log_of
from rules.facts import OrderRef


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldRow:
    """A dossier that is held: since when, by whose word, why, and on which day somebody is to look at it again."""

    order: OrderRef
    by: int
    at: datetime
    owner: str
    reason: str
    review: str


def held_dossiers(conn: Connection) -> list[HeldRow]:
    """Return the dossiers that are held."""
    rows, events = dossiers.c, tables.events.c
    chosen = (
        select(rows.marketplace, rows.value, rows.held_by, rows.held_why, events.at, events.summary)
        .join(tables.events, (events.log == rows.log) & (events.seq == rows.held_by))
        .where(rows.log == log_of(conn), rows.held_by.is_not(None))
        .order_by(rows.held_by)
    )
    return [
        HeldRow(
            order=OrderRef(marketplace=row.marketplace, value=row.value),
            by=row.held_by,
            at=row.at,
            owner=str(row.summary.get("hold_owner", "")),
            reason=row.held_why,
            review=str(row.summary.get("review", "")),
        )
        for row in conn.execute(chosen)
    ]

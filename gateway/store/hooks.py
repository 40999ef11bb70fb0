"""How far each receiver of webhooks has been told: a place in the log, kept in the accounts' database.

No queue stands beside the log: what was not taken yet is what stands behind the place.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, insert, select, update

from gateway.store.accounts_tables import hooks
from gateway.store.engine import Store, log_of

_columns = hooks.c


@dataclass(frozen=True, slots=True, kw_only=True)
class HookRow:
    """``position`` is the next entry to tell of, ``failures`` how often that failed in a row, ``said`` how it failed last."""

    name: str
    position: int
    failures: int
    next_at: datetime | None
    told_at: datetime | None
    said: str


class HookPlaces:
    """The places. Safe in threads, one for each receiver."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def place(self, name: str, start: int) -> HookRow:
        """Return where a receiver stands; a new one begins at ``start``."""
        with self._store.write() as tx:
            row = tx.execute(select(hooks).where(*_its(tx, name))).first()
            if row is None:
                new = {"position": start, "failures": 0, "next_at": None, "told_at": None, "said": ""}
                tx.execute(insert(hooks), {"log": log_of(tx), "name": name, **new})
                return HookRow(name=name, position=start, failures=0, next_at=None, told_at=None, said="")
        return _row(row)

    def all(self) -> list[HookRow]:
        with self._store.read() as conn:
            rows = conn.execute(select(hooks).where(_columns.log == log_of(conn)).order_by(_columns.name))
            return [_row(row) for row in rows]

    def passed(self, name: str, position: int, told_at: datetime | None = None) -> None:
        """Go on to an entry; with ``told_at`` the one before it was taken then."""
        values: dict[str, Any] = {"position": position, "failures": 0, "next_at": None, "said": ""}
        self._set(name, values if told_at is None else values | {"told_at": told_at})

    def failed(self, name: str, failures: int, next_at: datetime, said: str) -> None:
        self._set(name, {"failures": failures, "next_at": next_at, "said": said[:500]})

    def _set(self, name: str, values: dict[str, Any]) -> None:
        with self._store.write() as tx:
            tx.execute(update(hooks).where(*_its(tx, name)).values(**values))


def _its(tx: Connection, name: str) -> tuple[ColumnElement[bool], ...]:
    return (_columns.log == log_of(tx), _columns.name == name)


def _row(row: Row[Any]) -> HookRow:
    return HookRow(
        name=row.name,
        position=row.position,
        failures=row.failures,
        next_at=row.next_at,
        told_at=row.told_at,
        said=row.said,
    )

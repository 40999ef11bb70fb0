"""What ties messages together besides their ids, asked one key after another: each answer is read off an index's end.

Asked for all keys at once, SQLite would read every message that has one of them and sort; a stranger could make that many.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, bindparam, select

from gateway.store import tables
from gateway.store.engine import log_of

COMMON = 30  # messages; what stands in more tells no customer from another
_NEWEST = 100  # messages of one key

_LOG: ColumnElement[int] = bindparam("in_log")
_BELOW: ColumnElement[int] = bindparam("below")


def _having(table: Table, most: int) -> Select[Any]:
    """Return the statement for the newest messages with one key."""
    return (
        select(table.c.message)
        .where(
            table.c.log == _LOG,
            table.c.value == bindparam("value"),
            table.c.message < _BELOW,
            table.c.what == bindparam("what"),
        )
        .order_by(table.c.message.desc())
        .limit(most)
    )


_TIED = _having(tables.ties, _NEWEST)
_CARRIED = _having(tables.finds, _NEWEST)
_COMMON = _having(tables.ties, COMMON + 1)


def tied(conn: Connection, what: str, values: Sequence[str], *, below: int) -> dict[int, str]:
    """Return the newest messages with one of these conversation tokens or customer's keys, each with the key it has."""
    return _newest(conn, _TIED, what, values, below)


def carried(conn: Connection, numbers: Sequence[str], *, below: int) -> dict[int, str]:
    """Return the newest messages that name one of these parcels, each with the number."""
    return _newest(conn, _CARRIED, "parcel", numbers, below)


def how_many(conn: Connection, key: str, *, below: int) -> int:
    """Return how many messages have a customer's key; beyond COMMON they are not counted."""
    asks = {"in_log": log_of(conn), "below": below, "value": key, "what": "person"}
    return len(conn.execute(_COMMON, asks).all())


def _newest(
    conn: Connection, statement: Select[Any], what: str, values: Iterable[str], below: int
) -> dict[int, str]:
    where = {"in_log": log_of(conn), "below": below, "what": what}
    found = {row.message: one for one in values for row in conn.execute(statement, {**where, "value": one})}
    return {seq: found[seq] for seq in sorted(found, reverse=True)[:_NEWEST]}

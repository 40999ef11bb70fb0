"""What a round of messages can find in the store at all: asked once for all of them, so that most ask nothing alone."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy import Column, Connection, Select, bindparam, func, select

from gateway.store import tables
from gateway.store.columns import key
from gateway.store.engine import log_of
from gateway.store.rows import chunks

_Value = TypeVar("_Value", str, bytes)
_rows = tables.messages.c
_words = tables.verdicts.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Prospects:
    """The earliest message that each value stands in, and the messages that people took orders from.

    A message asks only for values that one before it has; which message that is, it asks itself. What it is told is the
    same as without.
    """

    named: Mapping[str, int] = field(
        default_factory=dict
    )  # Message-IDs, of messages and of what they refer to
    tied: Mapping[str, int] = field(default_factory=dict)
    carried: Mapping[str, int] = field(default_factory=dict)
    twins: Mapping[bytes, int] = field(default_factory=dict)
    denied: frozenset[int] = frozenset()


def prospects_of(
    conn: Connection,
    seqs: Collection[int],
    *,
    refers_to: Iterable[str],
    ties: Iterable[str],
    parcels: Iterable[str],
    twins: Iterable[bytes] = (),
) -> Prospects:
    """Look up what a round of messages asks for, whichever of them does. The same ``conn`` must then be asked for more."""
    ids = set(refers_to)
    named = _earliest(conn, _BY_ID, ids)
    for value, seq in _earliest(conn, _BY_REF, ids).items():
        named[value] = min(seq, named.get(value, seq))
    return Prospects(
        named=named,
        tied=_earliest(conn, _BY_TIE, set(ties)),
        carried=_earliest(conn, _BY_PARCEL, set(parcels)),
        twins=_earliest(conn, _BY_TWIN, {twin for twin in twins if twin}),
        denied=frozenset(
            seq
            for chunk in chunks(seqs)
            for seq in conn.scalars(_DENIED, {"in_log": log_of(conn), "asked": chunk})
        ),
    )


def worth(asked: Sequence[str], earliest: Mapping[str, int], below: int) -> list[str]:
    """Return those values that a message before ``below`` has."""
    return [value for value in asked if earliest.get(key(value), below) < below]


def _first(value: Column[_Value], message: Column[int]) -> Select[_Value, int]:
    table = value.table
    return (
        select(value.label("value"), func.min(message).label("message"))
        .where(table.c.log == bindparam("in_log"), value.in_(bindparam("asked", expanding=True)))
        .group_by(value)
    )


_BY_ID = _first(_rows.message_id, _rows.seq)
_BY_REF = _first(tables.refs.c.message_id, tables.refs.c.message)
_BY_TIE = _first(tables.ties.c.value, tables.ties.c.message)
_BY_TWIN = _first(_rows.twin, _rows.seq)
_BY_PARCEL = _first(tables.finds.c.value, tables.finds.c.message)
_DENIED = select(_words.message).where(
    _words.log == bindparam("in_log"),
    _words.message.in_(bindparam("asked", expanding=True)),
    _words.belongs.is_(False),
)


def _earliest(
    conn: Connection, statement: Select[_Value, int], values: Collection[_Value]
) -> dict[_Value, int]:
    return {
        row.value: row.message
        for chunk in chunks(sorted(values))
        for row in conn.execute(statement, {"in_log": log_of(conn), "asked": chunk})
    }

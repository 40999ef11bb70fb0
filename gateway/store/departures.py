"""Which messages have left a folder by a hand that the record names: what was told of moving and removing, read."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Connection, select

from gateway.store import tables
from gateway.store.engine import log_of
from gateway.store.rows import chunks

_events = tables.events.c
_AWAY = frozenset({"moved", "expunged", "left"})


def is_read_through_us(conn: Connection) -> bool:
    """Say whether anybody has read mail through Docket's port yet."""
    one = select(_events.seq).where(_events.log == log_of(conn), _events.type == "imap").limit(1)
    return conn.scalar(one) is not None


def told_of(conn: Connection, folder: str, uidvalidity: int, messages: Iterable[int]) -> list[str]:
    """Return the sets of UIDs that were told to have left a folder, by deeds on these messages or on many at once."""
    which: list[ColumnElement[bool]] = [_events.of.in_(chunk) for chunk in chunks(messages)]
    return [
        str(said.get("uids", ""))
        for one in (*which, _events.of.is_(None))
        for said in conn.scalars(_deeds(conn, one))
        if said.get("did") in _AWAY
        and said.get("folder") == folder
        and said.get("uidvalidity") == uidvalidity
    ]


def _deeds(conn: Connection, which: ColumnElement[bool]) -> Any:
    return select(_events.summary).where(_events.log == log_of(conn), _events.type == "imap", which)

"""Where fetched messages lie in IMAP accounts, as their origins say: the mark up to which a folder has been read.

An erased message keeps its places: else it would be missing there, and be fetched again.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, select

from gateway.mail.entry import Entry
from gateway.store import tables
from gateway.store.columns import key
from gateway.store.engine import log_of
from gateway.store.payloads import Sighting

_places = tables.places.c
_INSERT = insert(tables.places)
_HERE = (
    _places.log == bindparam("log"),
    _places.place == bindparam("place"),
    _places.uidvalidity == bindparam("uidvalidity"),
)
_HIGHEST = select(func.max(_places.uid)).where(*_HERE)
_UIDS = select(_places.uid, _places.message).where(*_HERE)
# account/folder/uidvalidity/uid: folders may have slashes in their names
_ORIGIN = re.compile(r"(.+)/([0-9]{1,10})/([0-9]{1,10})", re.DOTALL)


def apply_arrivals(tx: Connection, log: int, entries: Iterable[Entry]) -> None:
    """Note where fetched messages lie; mail that came another way lies nowhere."""
    fetched = [entry for entry in entries if entry.meta.get("source") == "fetch"]
    _insert(tx, (_row(log, entry.seq, entry.seq, str(entry.meta.get("origin", ""))) for entry in fetched))


def apply_sightings(tx: Connection, log: int, run: Sequence[tuple[Entry, Sighting]]) -> None:
    """Note where else the same bytes lie."""
    fetched = [(entry, seen) for entry, seen in run if seen.source == "fetch"]
    _insert(tx, (_row(log, entry.seq, seen.of, seen.origin) for entry, seen in fetched))


def highest_uid(conn: Connection, place: str, uidvalidity: int) -> int:
    """Return the highest UID that the archive has of a folder, 0 for none."""
    return conn.scalar(_HIGHEST, _bound(conn, place, uidvalidity)) or 0


def messages_at(conn: Connection, place: str, uidvalidity: int) -> dict[int, int]:
    """Return which message lies at which UID of a folder."""
    return {row.uid: row.message for row in conn.execute(_UIDS, _bound(conn, place, uidvalidity))}


def _bound(conn: Connection, place: str, uidvalidity: int) -> dict[str, Any]:
    return {"log": log_of(conn), "place": key(place), "uidvalidity": uidvalidity}


def _insert(tx: Connection, rows: Iterable[dict[str, Any] | None]) -> None:
    if known := [row for row in rows if row is not None]:
        tx.execute(_INSERT, known)


def _row(log: int, by: int, message: int, origin: str) -> dict[str, Any] | None:
    parts = _ORIGIN.fullmatch(origin)
    if parts is None:
        return None
    return {
        "log": log,
        "by": by,
        "message": message,
        "place": parts[1],
        "uidvalidity": int(parts[2]),
        "uid": int(parts[3]),
    }

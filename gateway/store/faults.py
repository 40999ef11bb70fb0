"""What a database's error means where it is the store's: its file is damaged, its disk is full, or it is away for a while."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from gateway.errors import DiskFull, DocketError, Temporary

_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_AWAY = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_READONLY,
}
# the shared memory file beside the database could not grow
_SHM = {sqlite3.SQLITE_IOERR_SHMSIZE, sqlite3.SQLITE_IOERR_SHMMAP, sqlite3.SQLITE_IOERR_SHMOPEN}
_PG_CORRUPT = "XX"
_PG_DISK_FULL = "53100"


class StoreDamaged(DocketError):
    """A database beside the archive holds what it cannot hold. The text says how to have it whole again."""


@contextmanager
def faults_told(engine: Engine, mend: str) -> Iterator[None]:
    """Turn an error that says how the database's file or server is into ours; all others stay as they are."""
    try:
        yield
    except DBAPIError as wrong:
        name, cause = engine.url.database, wrong.orig
        extended = getattr(cause, "sqlite_errorcode", None) or 0
        code = extended & 0xFF
        state = getattr(cause, "sqlstate", None) or ""
        if code in _DAMAGED or state.startswith(_PG_CORRUPT):
            raise StoreDamaged(f"{name} is damaged ({cause}); {mend}") from wrong
        if code == sqlite3.SQLITE_FULL or extended in _SHM or state == _PG_DISK_FULL:
            raise DiskFull(f"there is no room on the disk to write {name}") from wrong
        if code in _AWAY or wrong.connection_invalidated:
            raise Temporary(f"{name} cannot be read or written now: {cause}") from wrong
        raise

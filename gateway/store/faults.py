"""What a database's error means where it is the store's: its file is damaged, and what to do about it."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from gateway.errors import DocketError

_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_PG_CORRUPT = "XX"


class StoreDamaged(DocketError):
    """A database beside the archive holds what it cannot hold. The text says how to have it whole again."""


@contextmanager
def damage_told(engine: Engine, mend: str) -> Iterator[None]:
    """Turn an error that says the database's file is damaged into ours; all others stay as they are."""
    try:
        yield
    except DBAPIError as wrong:
        cause = wrong.orig
        code = getattr(cause, "sqlite_errorcode", None)
        state = getattr(cause, "sqlstate", None) or ""
        if (code is not None and code & 0xFF in _DAMAGED) or state.startswith(_PG_CORRUPT):
            raise StoreDamaged(f"{engine.url.database} is damaged ({cause}); {mend}") from wrong
        raise

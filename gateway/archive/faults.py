"""What can be wrong with an archive, and what a database's error means for whoever is waiting for an acknowledgement."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError

from gateway.errors import ArchiveBroken, DiskFull, DocketError, Temporary

_FULL = "452 4.3.1 Insufficient system storage"
_SHM = {sqlite3.SQLITE_IOERR_SHMSIZE, sqlite3.SQLITE_IOERR_SHMMAP, sqlite3.SQLITE_IOERR_SHMOPEN}
_UNREADABLE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_ERROR}
_PG_DISK_FULL = "53100"


class Damaged(DocketError):
    """What is stored is not what was archived. ``seq`` names the entry, None where no single one is meant."""

    def __init__(self, what: str, seq: int | None = None) -> None:
        super().__init__(what if seq is None else f"entry {seq}: {what}")
        self.what = what
        self.seq = seq


class Grown(Temporary):
    """The log has grown since it was looked at."""


def meaning_of(wrong: BaseException) -> DocketError:
    """Return what a failed append means: Temporary where nothing was written, ArchiveBroken where nothing is sure."""
    if isinstance(wrong, DocketError):
        return ArchiveBroken(str(wrong)) if isinstance(wrong, Damaged) else wrong
    if isinstance(wrong, MemoryError):
        return Temporary("there is not memory enough to archive this", _FULL)
    if not isinstance(wrong, DBAPIError):
        # Our own fault, then; the transaction was rolled back, so nothing is half written and others may go on.
        return Temporary(f"the archive stumbled: {wrong!r}")
    cause = wrong.orig
    if isinstance(cause, sqlite3.Error):
        return _of_sqlite(cause)
    state = getattr(cause, "sqlstate", None) or ""
    if state == _PG_DISK_FULL:
        return DiskFull("the database server's disk is full; make room and mail is taken again")
    if state.startswith(("23", "XX")):  # integrity violated, or data corrupted
        return ArchiveBroken(f"the archive's database contradicts itself; run docket verify: {cause}")
    return Temporary(f"the archive's database does not answer: {cause}")


@contextmanager
def reading() -> Iterator[None]:
    """Turn a database's errors into ours while it is only read: Damaged where its file is, else Temporary."""
    try:
        yield
    except (DBAPIError, OverflowError, UnicodeDecodeError) as wrong:
        cause = wrong.orig if isinstance(wrong, DBAPIError) else wrong
        code = getattr(cause, "sqlite_errorcode", None)
        state = getattr(cause, "sqlstate", None) or ""
        if state.startswith("XX") or (code is not None and code & 0xFF in _UNREADABLE):
            raise Damaged(f"the database is damaged: {cause}") from wrong
        if isinstance(wrong, DBAPIError) and (code is not None or state or wrong.connection_invalidated):
            raise Temporary(f"the database cannot be read now: {cause}") from wrong
        raise Damaged(f"the database holds what it cannot hold: {cause}") from wrong


def _of_sqlite(cause: sqlite3.Error) -> DocketError:
    extended = getattr(cause, "sqlite_errorcode", 0)
    match extended & 0xFF:
        case sqlite3.SQLITE_FULL:
            return DiskFull("the disk is full; make room and mail is taken again")
        case sqlite3.SQLITE_IOERR if extended in _SHM:
            # the shared memory file beside the database could not grow: no page of it was written
            return DiskFull("the disk is full; make room and mail is taken again")
        case sqlite3.SQLITE_IOERR:
            return ArchiveBroken(
                f"the disk failed while mail was being written ({cause}); check the disk, run docket verify, start again"
            )
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB | sqlite3.SQLITE_CONSTRAINT:
            return ArchiveBroken(f"the archive's file contradicts itself ({cause}); run docket verify")
        case _:
            return Temporary(f"the archive's file cannot be written now: {cause}")

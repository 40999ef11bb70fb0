"""Destroying entries' keys, so that nothing of them stays in the file: by the word of an ``erasure`` entry in the log.

The row of a destroyed key stays, and names that entry: ``kek`` is ``erased``, ``wrapped`` its seq in decimal.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

import msgspec
from sqlalchemy import Engine, bindparam, select, update
from sqlalchemy.exc import OperationalError

from gateway.archive.faults import Damaged
from gateway.archive.tables import entries, keys
from gateway.errors import Temporary
from gateway.mail.entry import Erased

ERASED = "erased"
_CHUNK = 500


class Gone(Damaged):
    """An entry was erased, lawfully and on record; ``by`` says when, why and by which entry."""

    def __init__(self, seq: int, by: Erased) -> None:
        super().__init__(f"it was erased on {by.at:%Y-%m-%d}: {by.reason} (entry {by.by})", seq)
        self.by = by


class _Named(msgspec.Struct, frozen=True):
    erased: tuple[tuple[int, int | None], ...]  # (entry, the message it was about)
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Erasure:
    """What one ``erasure`` entry has destroyed."""

    by: int
    at: datetime
    reason: str
    erased: dict[int, int | None]

    @classmethod
    def read(cls, seq: int, at: datetime, payload: bytes) -> "Erasure":
        try:
            named = msgspec.json.decode(payload, type=_Named)
        except (msgspec.DecodeError, ValueError) as wrong:
            raise Damaged(f"it is an erasure that nobody can read: {wrong}", seq) from None
        return cls(seq, at, named.reason, {one: of for one, of in named.erased if one < seq})

    def of(self, seq: int) -> Erased:
        """Return what is told of one entry; raises Damaged where this erasure does not name it."""
        if seq not in self.erased:
            raise Damaged(
                f"its key was destroyed, and entry {self.by}, which is to say why, does not name it", seq
            )
        return Erased(by=self.by, at=self.at, reason=self.reason, of=self.erased[seq])


def tombstone_of(kek: str, wrapped: object) -> int | None:
    """Return the erasure that a key's row names, None for a key that is there; raises Damaged for what is neither."""
    if kek != ERASED:
        return None
    if isinstance(wrapped, bytes) and wrapped.isdigit() and len(wrapped) < 19:
        return int(wrapped)
    raise Damaged("its key was destroyed, and its row does not say by which erasure")


def present(archive: Engine, keyring: Engine, log: int, seqs: Iterable[int]) -> list[int]:
    """Return those of some entries whose keys are there."""
    found: list[int] = []
    for chunk in _chunks(seqs):
        ids = _ids(archive, log, chunk)
        alive = select(keys.c.id).where(keys.c.log == log, keys.c.id.in_(list(ids)), keys.c.kek != ERASED)
        with keyring.connect() as conn:
            found += [ids[id_] for id_ in conn.scalars(alive)]
    return sorted(found)


def destroy(archive: Engine, keyring: Engine, log: int, by: int, seqs: Iterable[int]) -> int:
    """Overwrite entries' keys and everything that the file still holds of them; return how many were there.

    All are overwritten in one transaction. Doing it again finds nothing to overwrite, and makes the file clean once more.
    """
    chunks = [list(_ids(archive, log, chunk)) for chunk in _chunks(seqs)]
    gone = (
        update(keys)
        .where(keys.c.log == log, keys.c.id.in_(bindparam("ids", expanding=True)), keys.c.kek != ERASED)
        .values(kek=ERASED, wrapped=str(by).encode())
    )
    with keyring.execution_options(docket_begin="BEGIN IMMEDIATE").begin() as conn:
        count = sum(conn.execute(gone, {"ids": ids}).rowcount for ids in chunks)
    # From here nobody opens them any more; what follows takes away what the file still holds in free space and its log.
    compact(keyring)
    return count


def compact(engine: Engine) -> None:
    """Write a database's file anew without anything that was deleted from it, its write-ahead log included."""
    raw = engine.raw_connection()
    try:
        link = raw.driver_connection
        assert link is not None
        if engine.dialect.name == "postgresql":
            link.rollback()
            link.autocommit = True
            link.execute("VACUUM FULL")  # what its own logs and backups hold is beyond us
            link.autocommit = False
            return
        for step in ("PRAGMA wal_checkpoint(TRUNCATE)", "VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"):
            row = link.execute(step).fetchone()
            if row is not None and row[0]:
                raise Temporary(
                    f"{engine.url.database} is being read, so that its log cannot be emptied; try again"
                )
    except OperationalError as busy:
        raise Temporary(f"{engine.url.database} cannot be written anew now: {busy}") from busy
    except Exception as wrong:
        if type(wrong).__module__.startswith(("sqlite3", "psycopg")):
            raise Temporary(f"{engine.url.database} cannot be written anew now: {wrong}") from wrong
        raise
    finally:
        raw.close()


def _ids(archive: Engine, log: int, seqs: Sequence[int]) -> dict[str, int]:
    with archive.connect() as conn:
        rows = conn.execute(
            select(entries.c.id, entries.c.seq).where(entries.c.log == log, entries.c.seq.in_(seqs))
        )
        return {row.id: row.seq for row in rows}


def _chunks(seqs: Iterable[int]) -> Iterator[list[int]]:
    rest = iter(seqs)
    while chunk := list(islice(rest, _CHUNK)):
        yield chunk

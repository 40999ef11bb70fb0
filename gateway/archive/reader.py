"""The read side: entries opened and checked, in batches whose memory is bounded, with their keys fetched in bulk."""

import threading
from collections import OrderedDict
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, select

from gateway.archive.destruction import Erasure, Gone, tombstone_of
from gateway.archive.faults import Damaged, reading
from gateway.archive.leaf import Leaf, leaf_of_row
from gateway.archive.rows import (
    BATCH,
    Rows,
    blobs_of,
    head_of,
    rows_at,
    rows_between,
    runs_of,
    wrapped_keys,
)
from gateway.archive.tables import entries
from gateway.archive.tree import ReadTile
from gateway.archive.vault import Vault
from gateway.archive.writer import read_tile, seqs_of
from gateway.errors import WrongUse
from gateway.mail.entry import Entry, Erased

_RARE = 10_000  # entries of one type that are remembered
_KEYS = 16_384  # entries' keys kept unwrapped, about 200 bytes each: what was archived is soon read again


class Reader:
    """Reads one log. Any thread may use it; it sees what any process has committed."""

    def __init__(self, archive: Engine, keyring: Engine, vault: Vault, *, log: int) -> None:
        self._archive = archive
        self._keyring = keyring
        self._vault = vault
        self._log = log
        self._deks: OrderedDict[int, bytes] = OrderedDict()
        self._erasures: dict[int, Erasure] = {}
        # by type: up to where was looked, and what was found
        self._rare: dict[str, tuple[int, tuple[int, ...]]] = {}
        self._lock = threading.Lock()

    def head(self) -> tuple[int, str]:
        """Return the log's size and its signed checkpoint."""
        with self._transaction(self._archive) as conn:
            return self._head(conn)

    @contextmanager
    def snapshot(self) -> Iterator[tuple[int, str, ReadTile]]:
        """Give size, checkpoint and tiles that belong together: a longer tile begins with every shorter one."""
        with self._transaction(self._archive) as conn:
            size, note = self._head(conn)
            yield size, note, lambda level, number: read_tile(conn, self._log, level, number)

    def entry(self, seq: int, *, erased: bool = False) -> Entry:
        """Return one entry; raises WrongUse where there is none, Damaged where it is not what was archived."""
        for entry in self.entries(seq, seq + 1, erased=erased):
            return entry
        raise WrongUse(f"there is no entry {seq} in the archive")

    def entries(
        self,
        start: int,
        stop: int | None = None,
        types: Collection[str] | None = None,
        *,
        erased: bool = False,
    ) -> Iterator[Entry]:
        """Yield entries in order, from ``start`` up to ``stop`` or to the head as it stands when asked.

        Those that were erased come, empty, where ``erased`` asks for them; else the first raises Gone.

        Raises Damaged, naming the seq, at the first that is not what was archived, and for one that is missing.
        """
        end = self.head()[0]
        end = end if stop is None else min(stop, end)
        start = max(start, 0)
        while start < end:
            upto = end if types is not None else min(start + BATCH, end)
            rows = self._rows(start, upto, types)
            if types is not None and len(rows) == BATCH:  # the rare ones are looked for in all that is left
                upto = rows[-1].seq + 1
            for run in runs_of(rows):
                yield from self._open(run, erased=erased)
            start = upto

    def tail_of(self, types: Collection[str]) -> int:
        """Return the place behind the last entry that is of none of these types."""
        last = (
            select(entries.c.seq)
            .where(entries.c.log == self._log, entries.c.type.not_in(types))
            .order_by(entries.c.seq.desc())
            .limit(1)
        )
        with self._transaction(self._archive) as conn:
            found = conn.execute(last).scalar()
        return 0 if found is None else found + 1

    def seqs_of_type(self, type_: str) -> list[int]:
        """Return the entries of a type that is rare; those that were looked at before are not looked at again."""
        with self._transaction(self._archive) as conn:
            size, _ = self._head(conn)
            seen, found = self._rare.get(type_, (0, ()))
            fresh = select(entries.c.seq).where(
                entries.c.log == self._log,
                entries.c.seq >= seen,
                entries.c.seq < size,
                entries.c.type == type_,
            )
            found = (*found, *conn.scalars(fresh.order_by(entries.c.seq)))
        if len(found) <= _RARE:
            self._rare[type_] = max(seen, size), found
        return list(found)

    def find(self, fp: bytes) -> int | None:
        """Return the first entry with this fingerprint."""
        with self._transaction(self._archive) as conn:
            return seqs_of(conn, self._log, [fp]).get(fp)

    def leaf(self, seq: int) -> bytes:
        """Return an entry's leaf as it stands in the tree; raises WrongUse where there is no such entry."""
        rows = self._rows(seq, seq + 1, None)
        if not rows:
            raise WrongUse(f"there is no entry {seq} in the archive")
        _leaf(rows[0])
        leaf: bytes = rows[0].leaf
        return leaf

    def dek(self, seq: int, *, fresh: bool = True) -> bytes:
        """Return an entry's own key; raises WrongUse where there is no such entry, Damaged where its key is lost.

        One that was just read may be known still: what opens anything asks ``fresh``, since its key may be destroyed since.
        """
        with self._lock:
            if not fresh and seq in self._deks:
                self._deks.move_to_end(seq)
                return self._deks[seq]
        rows = self._rows(seq, seq + 1, None)
        if not rows:
            raise WrongUse(f"there is no entry {seq} in the archive")
        leaf = _leaf(rows[0])
        return self._unwrap(leaf, self._wrapped([leaf.id]))

    def deks(self, seqs: Collection[int]) -> dict[int, bytes | Damaged]:
        """Return entries' own keys, asked for together and afresh; in place of one that cannot be had, why."""
        with self._transaction(self._archive) as conn:
            rows = {row.seq: row for row in rows_at(conn, self._log, seqs)}
        wrapped = self._wrapped([row.id for row in rows.values()])
        found: dict[int, bytes | Damaged] = {}
        for seq in seqs:
            try:
                if seq not in rows:
                    raise Damaged("it is missing", seq)
                found[seq] = self._unwrap(_leaf(rows[seq]), wrapped)
            except Damaged as wrong:
                found[seq] = wrong
        return found

    def forget(self, seqs: Collection[int]) -> None:
        """Forget entries' keys."""
        with self._lock:
            for seq in seqs:
                self._deks.pop(seq, None)

    def erasure(self, by: int) -> Erasure:
        """Return what an ``erasure`` entry destroyed; raises Damaged where there is none."""
        found = self._erasures.get(by)
        if found is None:
            rows = self._rows(by, by + 1, ["erasure"])
            entry = next(self._open(rows, erased=False), None) if rows else None
            if entry is None:
                raise Damaged(f"its key was destroyed, and entry {by}, which is to say why, is no erasure")
            found = self._erasures[by] = Erasure.read(by, entry.at, entry.payload)
        return found

    def _head(self, conn: Connection) -> tuple[int, str]:
        found = head_of(conn, self._log)
        if found is None:
            raise Damaged(f"log {self._log} is gone from the archive")
        return found

    def _rows(self, start: int, stop: int, types: Collection[str] | None) -> Rows:
        with self._transaction(self._archive) as conn:
            rows = rows_between(conn, self._log, start, stop, types)
        if types is not None:
            return rows
        for seq, row in enumerate(rows, start):
            if row.seq != seq:
                raise Damaged("it is missing", seq)
        if len(rows) < stop - start and start + len(rows) < self.head()[0]:
            raise Damaged("it is missing", start + len(rows))
        return rows

    def _open(self, rows: Rows, *, erased: bool) -> Iterator[Entry]:
        with self._transaction(self._archive) as conn:
            sealed = blobs_of(conn, self._log, [row.seq for row in rows])
        wrapped = self._wrapped([row.id for row in rows])
        for row in rows:
            leaf = _leaf(row)
            blob = sealed.get(leaf.seq)
            if not isinstance(blob, bytes):
                raise Damaged("its ciphertext is missing", leaf.seq)
            why: Erased | None = None
            payload, meta = b"", dict[str, Any]()
            try:
                payload, meta = self._vault.open(leaf, self._unwrap(leaf, wrapped), blob)
            except Gone as gone:
                if not erased:
                    raise
                why = gone.by
            except Damaged as wrong:
                raise Damaged(wrong.what, leaf.seq) from wrong
            yield Entry(
                log=self._log,
                seq=leaf.seq,
                id=leaf.id,
                type=leaf.type,
                at=datetime.fromtimestamp(leaf.at, UTC),
                leaf=row.leaf,
                payload=payload,
                meta=meta,
                erased=why,
            )

    def _wrapped(self, ids: Sequence[str]) -> dict[str, tuple[str, bytes]]:
        with self._transaction(self._keyring) as conn:
            return wrapped_keys(conn, self._log, ids)

    def _unwrap(self, leaf: Leaf, wrapped: dict[str, tuple[str, bytes]]) -> bytes:
        if leaf.id not in wrapped:
            raise Damaged("its key is gone", leaf.seq)
        try:
            if (by := tombstone_of(*wrapped[leaf.id])) is not None:
                raise Gone(leaf.seq, self.erasure(by).of(leaf.seq))
            dek = self._vault.unwrap(leaf.id, *wrapped[leaf.id])
        except Gone:
            raise
        except Damaged as wrong:
            raise Damaged(wrong.what, leaf.seq) from wrong
        with self._lock:
            self._deks[leaf.seq] = dek
            if len(self._deks) > _KEYS:
                self._deks.popitem(last=False)
        return dek

    @contextmanager
    def _transaction(self, engine: Engine) -> Iterator[Connection]:
        with reading(), engine.connect() as conn:
            yield conn


def _leaf(row: Row[Any]) -> Leaf:
    try:
        return leaf_of_row(row.seq, row.id, row.type, row.at, row.leaf)
    except Damaged as wrong:
        raise Damaged(wrong.what, row.seq) from wrong

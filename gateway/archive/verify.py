"""Check a whole archive from what is stored alone. Whatever was not checked is a finding, so ``ok`` means all of it."""

import base64
import hashlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, func, select

from gateway.archive.checkpoint import Verifier, open_checkpoint
from gateway.archive.compared import foreign_handovers
from gateway.archive.database import connect, refuse_one_file
from gateway.archive.destruction import Erasure, tombstone_of
from gateway.archive.faults import Damaged, reading
from gateway.archive.findings import MOST, Finding, Findings
from gateway.archive.kek import KEK_FILE, KekSource
from gateway.archive.keyguard import keys_held
from gateway.archive.keys import Wrapper, load_fingerprints, load_verifier
from gateway.archive.leaf import leaf_of_row
from gateway.archive.reader import Reader
from gateway.archive.rows import blobs_of, runs_of, wrapped_keys
from gateway.archive.tables import FORMAT, blobs, entries, keyrings, logs, tiles
from gateway.archive.tree import TILE_WIDTH
from gateway.archive.treecheck import TreeCheck
from gateway.archive.vault import Vault
from gateway.archive.writer import read_tile
from gateway.errors import Temporary

Progress = Callable[[int, int], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was found. ``root`` is the base64 of the tree hash as recomputed from the leaves."""

    size: int
    root: str
    origin: str
    erased: int  # entries whose keys were destroyed, as the log itself says
    bad: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        return not self.bad


def verify_archive(
    archive_url: str,
    keys_url: str,
    secrets: Path,
    *,
    log: int = 0,
    progress: Progress | None = None,
    keks: KekSource = KEK_FILE,
) -> Report:
    """Check every leaf, tile, signature, key and payload of a log; a service may go on appending meanwhile.

    Raises WrongUse where there is no archive or no secrets; whatever is wrong with what is there is a finding, with the
    entry's seq, or None where no single entry is meant.
    """
    refuse_one_file(archive_url, keys_url)
    verifier = load_verifier(secrets)
    with keys_held(secrets):
        vault = Vault(verifier.name, Wrapper(keks.read(secrets)), load_fingerprints(secrets))
        archive, keys = connect(archive_url), connect(keys_url)
        try:
            return _Check(archive, keys, verifier, vault, log, progress).run()
        finally:
            archive.dispose()
            keys.dispose()


class _Check:
    def __init__(
        self,
        archive: Engine,
        keys: Engine,
        verifier: Verifier,
        vault: Vault,
        log: int,
        progress: Progress | None,
    ) -> None:
        if archive.dialect.name == "postgresql":
            archive = archive.execution_options(isolation_level="REPEATABLE READ")
        self._archive = archive
        self._keys = keys
        self._verifier = verifier
        self._vault = vault
        self._log = log
        self._progress = progress or (lambda _done, _size: None)
        self._bad = Findings()
        self._tree = TreeCheck(self._bad.add)
        self._size = 0
        self._erased = 0
        self._erasures: dict[int, Erasure] = {}  # by each entry that they name

    def run(self) -> Report:
        self._files()
        done = False
        with self._bad.catch():
            self._keyring()
            self._read_erasures()
            while not done:
                done = self._step()
        if not done and not self._bad.kept:
            self._bad.add(None, "not checked to its end")
        return Report(
            size=self._size,
            root=base64.b64encode(self._tree.root()).decode(),
            origin=self._verifier.name,
            erased=self._erased,
            bad=self._bad.all(),
        )

    def _files(self) -> None:
        """Have SQLite check its own pages; what it finds may lie where no entry is."""
        for name, engine in (("archive", self._archive), ("keys", self._keys)):
            if engine.dialect.name != "sqlite":
                continue
            with self._bad.catch(), reading(), engine.connect() as conn:
                for (line,) in conn.exec_driver_sql("PRAGMA integrity_check(100)"):
                    if line != "ok":
                        self._bad.add(None, f"the file of the {name} database is damaged: {line}")

    def _keyring(self) -> None:
        said = select(keyrings.c.format, keyrings.c.origin).where(keyrings.c.log == self._log)
        with reading(), self._keys.connect() as conn:
            row = conn.execute(said).one_or_none()
        if row is None or tuple(row) != (FORMAT, self._verifier.name):
            self._bad.add(None, f"the keys database does not say that it is that of {self._verifier.name}")

    def _read_erasures(self) -> None:
        """Learn what the log says was erased; an erasure that cannot be opened is told of in its turn."""
        reader = Reader(self._archive, self._keys, self._vault, log=self._log)
        for seq in reader.seqs_of_type("erasure"):
            with suppress(Damaged, Temporary):
                told = reader.erasure(seq)
                self._erasures.update({one: told for one in told.erased if one not in self._erasures})

    def _step(self) -> bool:
        """Check one tile's width of entries in a transaction of its own; say whether the end was reached in it.

        The tiles at the right edge and the checkpoint belong to one moment, so the last step checks them together.
        """
        with reading(), self._archive.connect() as conn:
            size = self._truth(conn, report=False)
            start = self._tree.size
            if start > size:
                raise Damaged(f"the log shrank to {size} entries while it was being checked")
            stop = min(start + TILE_WIDTH, size)
            if start < stop:
                self._entries(conn, start, stop)
                self._progress(stop, size)
            if stop < size or stop - start == TILE_WIDTH:
                return False
            self._size = self._truth(conn, report=True)
            self._tree.finish(lambda level, number: read_tile(conn, self._log, level, number))
            self._strays(conn, size)
            return True

    def _truth(self, conn: Connection, *, report: bool) -> int:
        """Return how many entries there should be: what the signed checkpoint says, or else what the rows say."""
        row = conn.execute(select(logs).where(logs.c.log == self._log)).one_or_none()
        last = conn.execute(select(func.max(entries.c.seq)).where(entries.c.log == self._log)).scalar()
        rows = last + 1 if isinstance(last, int) else 0
        if row is None:
            if report:
                self._bad.add(None, f"log {self._log} has no head")
            return rows
        try:
            if not isinstance(row.checkpoint, str):
                raise Damaged("the checkpoint is not text")
            checkpoint = open_checkpoint(row.checkpoint, self._verifier)
        except Damaged as wrong:
            if report:
                self._bad.add(None, wrong.what)
            return rows
        if report:
            said = (row.format, row.origin, row.size)
            if said != (FORMAT, self._verifier.name, checkpoint.size):
                self._bad.add(None, "the head's format, origin or size is not what the checkpoint says")
            self._tree.expect(checkpoint.root)
            for what in foreign_handovers(self._verifier, checkpoint, partial(read_tile, conn, self._log)):
                self._bad.add(None, what)
        return checkpoint.size

    def _entries(self, conn: Connection, start: int, stop: int) -> None:
        rows: dict[int, Any] = {}
        try:
            with reading():
                rows = {row.seq: row for row in self._rows(conn, start, stop)}
        except (Damaged, Temporary):  # a page of the file cannot be read: find out whose it is
            for seq in range(start, stop):
                with self._bad.catch(seq):
                    rows.update({row.seq: row for row in self._rows(conn, seq, seq + 1)})
        hashes = {
            seq: hashlib.sha256(b"\x00" + row.leaf).digest()
            for seq, row in rows.items()
            if isinstance(row.leaf, bytes)
        }
        tile = b""
        with self._bad.catch(start):
            tile = read_tile(conn, self._log, 0, start // TILE_WIDTH)
        self._tree.add(start, stop, hashes, tile)
        for seq in sorted(set(range(start, stop)) - rows.keys()):
            self._bad.add(seq, "it is missing")
        wrapped: dict[str, tuple[str, bytes]] = {}
        with self._bad.catch(start), self._keys.connect() as keys:
            wrapped = wrapped_keys(keys, self._log, [str(row.id) for row in rows.values()])
        for run in runs_of(list(rows.values())):
            sealed: dict[int, bytes] = {}
            try:
                with reading():
                    sealed = blobs_of(conn, self._log, [row.seq for row in run])
            except (Damaged, Temporary):
                for row in run:
                    with self._bad.catch(row.seq):
                        sealed |= blobs_of(conn, self._log, [row.seq])
            for row in run:
                with self._bad.catch(row.seq):
                    self._entry(row, sealed.get(row.seq), wrapped)

    def _entry(self, row: Any, blob: object, wrapped: dict[str, tuple[str, bytes]]) -> None:
        leaf = leaf_of_row(row.seq, row.id, row.type, row.at, row.leaf)
        if not isinstance(blob, bytes):
            raise Damaged("its ciphertext is missing")
        if hashlib.sha256(blob).digest() != leaf.ct:
            raise Damaged("its ciphertext is not the one that was archived")
        told = self._erasures.get(leaf.seq)
        by = tombstone_of(*wrapped[leaf.id]) if leaf.id in wrapped else None
        if told is not None and (by == told.by or leaf.id not in wrapped):
            self._erased += 1
            return
        if told is not None:
            raise Damaged(
                f"entry {told.by} erased it, and its key is there: run docket erasures finish; keys.db may be an older copy"
            )
        if by is not None:
            raise Damaged("its key was destroyed, and no erasure in the log says why")
        if leaf.id not in wrapped:
            raise Damaged("its key is gone")
        payload, _ = self._vault.open(leaf, self._vault.unwrap(leaf.id, *wrapped[leaf.id]), blob)
        if row.fp != self._vault.fingerprint(leaf.type, payload):
            raise Damaged("its fingerprint is not that of its payload")

    def _rows(self, conn: Connection, start: int, stop: int) -> list[Any]:
        wanted = (
            select(
                *(entries.c.seq, entries.c.id, entries.c.type, entries.c.t.label("at"), entries.c.leaf),
                entries.c.fp,
                func.length(blobs.c.blob).label("size"),
            )
            .outerjoin(blobs, (blobs.c.log == entries.c.log) & (blobs.c.seq == entries.c.seq))
            .where(entries.c.log == self._log, entries.c.seq >= start, entries.c.seq < stop)
            .order_by(entries.c.seq)
        )
        return list(conn.execute(wanted).all())

    def _strays(self, conn: Connection, size: int) -> None:
        """Find rows that belong to no entry of the log."""
        for table, name in ((entries, "a row"), (blobs, "a ciphertext")):
            out = (table.c.seq < 0) | (table.c.seq >= size)
            for (seq,) in conn.execute(select(table.c.seq).where(table.c.log == self._log, out).limit(MOST)):
                where = seq if isinstance(seq, int) else None
                self._bad.add(where, f"there is {name} at {seq!r}, which the log does not have")
        known = select(tiles.c.level, tiles.c.number).where(tiles.c.log == self._log)
        for level, number in conn.execute(known):
            whole = isinstance(level, int) and isinstance(number, int) and 0 <= level < 8 and number >= 0
            if not whole or number > (size - 1) >> (8 * level + 8) or size >> (8 * level) == 0:
                self._bad.add(
                    None, f"there is a tile at level {level}, number {number}, which the log does not have"
                )

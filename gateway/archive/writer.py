"""The one transaction that appends: head, keys, leaves, tiles, blobs, signed checkpoint. Any process may run it.

What each failure leaves behind (tests/gateway/archive/test_crash.py breaks every write):

    before the keys' commit      nothing
    before the archive's commit  keys that no entry uses; harmless
    after the archive's commit   the entries, whole; whoever was not answered may send again
"""

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from sqlalchemy import Connection, Engine, bindparam, func, select

from gateway.archive.checkpoint import Checkpoint, Signer, open_checkpoint
from gateway.archive.compared import compare
from gateway.archive.faults import Grown
from gateway.archive.leaf import write_leaf
from gateway.archive.outside import OutsideHead
from gateway.archive.proof import is_consistent, prove_consistency
from gateway.archive.tables import FORMAT, Statements, entries, tiles
from gateway.archive.tree import Edge, ReadTile
from gateway.archive.vault import Sealed
from gateway.clock import Clock
from gateway.errors import ArchiveBroken
from gateway.mail.entry import Appended

_IN = 500  # values in one IN list
_TILE = select(tiles.c.hashes).where(
    tiles.c.log == bindparam("of"), tiles.c.level == bindparam("at"), tiles.c.number == bindparam("nth")
)


class _Head(NamedTuple):
    """The head as this process last saw it committed, and the edge that belongs to it."""

    size: int
    note: str
    edge: Edge


class Writer:
    """Appends groups to one log. For one thread at a time; other processes are held off by the database's lock."""

    def __init__(
        self,
        archive: Engine,
        keys: Engine,
        signer: Signer,
        clock: Clock,
        *,
        log: int,
        outside: OutsideHead | None = None,
    ) -> None:
        self._archive = archive.execution_options(docket_begin="BEGIN IMMEDIATE")
        self._keys = keys.execution_options(docket_begin="BEGIN IMMEDIATE")
        self._signer = signer
        self._clock = clock
        self._log = log
        self._outside = outside
        self._sql = Statements.for_dialect(archive.dialect)
        self._key_sql = Statements.for_dialect(keys.dialect)
        self._head: _Head | None = None

    def append(self, group: Sequence[Sealed]) -> list[Appended]:
        """Append all of a group or nothing; when this returns, all of it is on disk."""
        with self._archive.begin() as conn:
            head = self._locked_head(conn)
            if any(one.head not in {None, head.size} for one in group):
                raise Grown("the log has grown since it was looked at; nothing was written")
            appended, fresh = self._places(conn, group, head.size)
            if fresh:
                # Durable first: an entry without its key could never be opened, a key without its entry hurts nobody.
                with self._keys.begin() as keys:
                    rows = [(self._log, one.id, one.kek, one.wrapped) for one in fresh]
                    keys.exec_driver_sql(self._key_sql.add_key, rows)
                head = self._write(conn, head, fresh)
        # From here a crash loses nothing.
        self._head = head
        if fresh and self._outside is not None:
            self._outside.keep(head.note)
        return appended

    def _locked_head(self, conn: Connection) -> _Head:
        """Return the log's head, held until the transaction ends. What it says is proved before anything is built on it."""
        row = conn.exec_driver_sql(self._sql.lock_head, (self._log,)).one_or_none()
        if row is None or row[0] != FORMAT:
            raise ArchiveBroken(
                f"log {self._log} is gone from the archive, or of another format than this program's"
            )
        size, note = row[2], row[3]
        known = self._head
        if known is not None and (known.size, known.note) == (size, note):
            return known
        checkpoint = open_checkpoint(note, self._signer.verifier)
        if checkpoint.size < self._signer.verifier.since:
            raise ArchiveBroken(
                f"the archive has {size} entries, and had {self._signer.verifier.since} when its signing key was exchanged: it "
                "was put back from an older copy, or somebody signs with the old key; run docket verify"
            )
        read = self._tile_reader(conn)
        edge = Edge.load(size, read)
        if checkpoint.size != size or checkpoint.root != edge.root():
            raise ArchiveBroken(
                f"the archive's tiles do not match its signed checkpoint of size {size}; run docket verify"
            )
        if known is not None:
            self._refuse_fork(read, known, size, edge.root())
        elif self._outside is not None:
            self._refuse_rollback(self._outside, note, read)
        return _Head(size, note, edge)

    def _refuse_rollback(self, outside: OutsideHead, note: str, read: ReadTile) -> None:
        """Never sign for a log that is not the continuation of what any process on this machine signed last."""
        kept = outside.last()
        compared = compare(kept, self._signer.verifier, note, read) if kept is not None else None
        if compared is not None and not compared.ok:
            raise ArchiveBroken(
                f"nothing is signed: by the head kept outside ({outside.place}), {compared.what}. Put back the newest copy, "
                'or have a person state what happened and go on without the lost entries: docket gap --reason "..."'
            )

    def _refuse_fork(self, read: ReadTile, known: _Head, size: int, root: bytes) -> None:
        """Never sign for a log that is not the continuation of the one this process has seen."""
        if size < known.size:
            raise ArchiveBroken(
                f"the archive had {known.size} entries and now has {size}: it was rolled back, perhaps by restoring a copy"
            )
        proof = prove_consistency(read, known.size, size)
        if not is_consistent(known.size, size, known.edge.root(), root, proof):
            raise ArchiveBroken(f"the archive's first {known.size} entries are not those it had before")

    def _tile_reader(self, conn: Connection) -> ReadTile:
        """Return what reads tiles, each once: an edge and the proof that it goes on from another ask for the same few."""
        return cache(lambda level, number: read_tile(conn, self._log, level, number))

    def _places(
        self, conn: Connection, group: Sequence[Sealed], size: int
    ) -> tuple[list[Appended], list[Sealed]]:
        """Return where each draft of the group stands, and those that are new, in order."""
        wanted = list({one.fp for one in group if one.once})
        there: dict[bytes, int] = {}
        for at in range(0, len(wanted), _IN):
            there.update(seqs_of(conn, self._log, wanted[at : at + _IN]))
        appended: list[Appended] = []
        fresh: list[Sealed] = []
        for one in group:
            if one.once and one.fp in there:
                appended.append(Appended(seq=there[one.fp], existing=True))
                continue
            seq = size + len(fresh)
            there.setdefault(one.fp, seq)
            fresh.append(one)
            appended.append(Appended(seq=seq))
        return appended, fresh

    def _write(self, conn: Connection, head: _Head, fresh: list[Sealed]) -> _Head:
        log = self._log
        at = int(self._clock.now().timestamp())
        leaves = [
            write_leaf(
                type_=one.type, id_=one.id, seq=seq, at=at, ct=one.ct, commit=one.commit, meta=one.meta
            )
            for seq, one in enumerate(fresh, head.size)
        ]
        edge = head.edge.copy()
        changed = edge.extend(leaves)
        checkpoint = Checkpoint(origin=self._signer.verifier.name, size=edge.size, root=edge.root())
        note = self._signer.sign(checkpoint.text())
        run = conn.exec_driver_sql
        run(
            self._sql.add_entry,
            [
                (log, seq, one.id, one.type, at, leaf, one.fp)
                for seq, (one, leaf) in enumerate(zip(fresh, leaves, strict=True), head.size)
            ],
        )
        run(self._sql.add_blob, [(log, seq, one.blob) for seq, one in enumerate(fresh, head.size)])
        run(self._sql.put_tile, [(log, level, number, hashes) for (level, number), hashes in changed.items()])
        run(self._sql.set_head, (edge.size, note, log))
        return _Head(edge.size, note, edge)


def read_tile(conn: Connection, log: int, level: int, number: int) -> bytes:
    """Return a tile's hashes, b"" where there is none."""
    hashes = conn.execute(_TILE, {"of": log, "at": level, "nth": number}).scalar()
    return hashes if isinstance(hashes, bytes) else b""


def seqs_of(conn: Connection, log: int, fps: Sequence[bytes]) -> dict[bytes, int]:
    """Return the first entry of each fingerprint that has one."""
    found = (
        select(entries.c.fp, func.min(entries.c.seq))
        .where(entries.c.log == log, entries.c.fp.in_(fps))
        .group_by(entries.c.fp)
    )
    return {row[0]: row[1] for row in conn.execute(found)}

"""The fold into the index: entries in order, a commit a batch, its position in the same commit.

Runs behind ``process`` in the worker. After a crash the index says itself which entries it has seen; the rest is
given to it again, and replacing a document by its seq makes a double impossible.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection

from gateway.analyses import Analyses
from gateway.archive.archive import Archive
from gateway.shape import document_of
from gateway.store import fold, messages
from gateway.store.authenticity import authentic_of
from gateway.store.engine import Store
from gateway.store.findable import findables
from gateway.store.records import MessageRow
from index.analyzer import analyze
from index.backend import Backend
from index.document import Document
from index.rebuild import rebuild

_BATCH = 2048  # entries
_BATCH_BYTES = 32 << 20  # of the texts of the messages they touch
_ALL = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class Indexer:
    """Bring an index up to the store. Only the worker that holds the lock may call ``advance``, from one thread."""

    archive: Archive
    store: Store
    backend: Backend
    analyses: Analyses = field(default_factory=Analyses)

    def advance(self, *, quiet: bool = True) -> int:
        """Index what changed since the index's own position; return how many entries it moved on.

        Entries that change no document are only worth a commit when it is ``quiet``: else the next one takes them along.
        """
        start = self.backend.position()
        with self.store.read() as conn:
            there = fold.position(conn)
            if there <= start:
                return 0
            stop = min(there, start + _BATCH)
            touched, stop = _batch(messages.changed(conn, start, stop), stop)
            if (
                stop < there
            ):  # what the next batch touches again, most often by its decision, is written there and not twice
                again = {message for _, message, _ in messages.changed(conn, stop, min(there, stop + _BATCH))}
                touched = [seq for seq in touched if seq not in again]
            documents = list(_documents(self.archive, self.analyses, conn, touched, decided=True))
        if not documents and not quiet and stop == there:
            return 0
        self.backend.write(documents, stop)
        return stop - start


def rebuild_index(archive: Archive, store: Store, analyses: Analyses, engine: str, place: Path) -> int:
    """Build the index anew beside the old one and put it in its place; return the position it stands at."""
    with store.read() as conn:
        position = fold.position(conn)
    rebuild(place, engine, _every(archive, store, analyses, position), position)
    return position


def _every(archive: Archive, store: Store, analyses: Analyses, position: int) -> Iterator[Document]:
    for start in range(0, position, _ALL):
        with store.read() as conn:
            seqs = messages.seqs(conn, start, min(start + _ALL, position))
            yield from _documents(archive, analyses, conn, seqs)


def _batch(changed: Iterable[tuple[int, int, int]], stop: int) -> tuple[list[int], int]:
    """Return the messages of one batch and the entry it ends before: one message of any size, or so many bytes of text.

    One message may be touched by many entries of a batch: it is written once, as it stands now.
    """
    touched: set[int] = set()
    size = 0
    for seq, message, text_bytes in changed:
        if message in touched:
            continue
        size += text_bytes
        if touched and size > _BATCH_BYTES:
            return sorted(touched), seq
        touched.add(message)
    return sorted(touched), stop


def _documents(
    archive: Archive, analyses: Analyses, conn: Connection, seqs: list[int], *, decided: bool = False
) -> Iterator[Document]:
    """Make documents; with ``decided`` only of messages that are: the decision's own entry brings in the others."""
    exact, found = messages.exact_terms(conn, seqs), authentic_of(conn, seqs)
    for seq, row in findables(conn, seqs).items():
        if decided and not row.decided:
            continue
        analysis = analyses.take(seq)
        if analysis is None:
            analysis = analyze(_text(archive, seq, messages.sealed_text(conn, seq) or b""))
        yield document_of(row, analysis, exact.get(seq, ()), found.get(seq))


def text_of(archive: Archive, row: MessageRow) -> str:
    """Return a message's readable text, unsealed."""
    return _text(archive, row.seq, row.sealed_text)


def _text(archive: Archive, seq: int, sealed: bytes) -> str:
    return archive.open_for(seq, "text", sealed).decode("utf-8", "replace")

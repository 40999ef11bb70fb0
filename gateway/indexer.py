"""The fold into the index: entries in order, a commit a batch, its position in the same commit.

Runs behind ``process`` in the worker. After a crash the index says itself which entries it has seen; the rest is
given to it again, and replacing a document by its seq makes a double impossible.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from gateway.archive.archive import Archive
from gateway.shape import document_of
from gateway.store import fold, messages
from gateway.store.engine import Store
from gateway.store.records import MessageRow
from index.backend import Backend
from index.document import Document
from index.rebuild import rebuild

log = logging.getLogger(__name__)

_BATCH = 512
_ALL = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class Indexer:
    """Bring an index up to the store. Only the worker that holds the lock may call ``advance``."""

    archive: Archive
    store: Store
    backend: Backend

    def advance(self) -> int:
        """Index what changed since the index's own position; return how many entries it moved on."""
        start = self.backend.position()
        with self.store.read() as conn:
            stop = min(fold.position(conn), start + _BATCH)
            if stop <= start:
                return 0
            touched = messages.changed(conn, start, stop)
            documents = list(self._documents(conn, touched))
        self.backend.write(documents, stop)
        return stop - start

    def all_documents(self) -> tuple[Iterator[Document], int]:
        """Return every message as a document, and the entry position they stand for."""
        with self.store.read() as conn:
            position = fold.position(conn)
        return self._every(position), position

    def _every(self, position: int) -> Iterator[Document]:
        for start in range(0, position, _ALL):
            with self.store.read() as conn:
                seqs = messages.seqs(conn, start, min(start + _ALL, position))
                yield from self._documents(conn, seqs)

    def _documents(self, conn: Connection, seqs: list[int]) -> Iterator[Document]:
        rows = messages.messages(conn, seqs)
        exact = messages.exact_terms(conn, seqs)
        for seq, row in rows.items():
            yield document_of(row, text_of(self.archive, row), exact.get(seq, ()))


def text_of(archive: Archive, row: MessageRow) -> str:
    """Return a message's readable text, unsealed."""
    return archive.open_for(row.seq, "text", row.sealed_text).decode("utf-8", "replace")


def rebuild_index(indexer: Indexer, engine: str, place: Path) -> int:
    """Build the index anew beside the old one and put it in its place; return the position it stands at."""
    documents, position = indexer.all_documents()
    rebuild(place, engine, documents, position)
    return position

"""A store that has its tables already: the steps that make them are taken once, and the file is copied. And one without room."""

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import event

from gateway.store.engine import Store, open_store


def new_store(place: Path) -> Store:
    """Open a store in a file that is not there yet."""
    place.parent.mkdir(parents=True, exist_ok=True)
    if not place.exists():
        place.touch(0o600)
        place.write_bytes(_empty())
    return open_store(f"sqlite:///{place}")


@cache
def _empty() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "store.db"
        open_store(f"sqlite:///{place}").close()
        with sqlite3.connect(place) as link:  # the write-ahead log is brought into the file
            link.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        link.close()
        return place.read_bytes()


@contextmanager
def no_room(store: Store) -> Iterator[None]:
    """Let a store's file grow no more, as on a full disk: every connection gets the same refusal."""
    engine = store._engine

    def held(raw: Any, *_: object) -> None:
        raw.execute("PRAGMA max_page_count=1")  # SQLite takes what there is for the least

    event.listen(engine, "checkout", held)
    try:
        yield
    finally:
        event.remove(engine, "checkout", held)

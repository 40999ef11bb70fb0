"""The store's door: transactions that say what they are for. A disposable fold of the archive, on SQLite or PostgreSQL.

SQLite runs with synchronous=NORMAL: a power cut may cost the last commits, never the file's soundness, and what is lost
is folded again from the archive, whose own file is synchronous=FULL (docs/decisions/store.md).
"""

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, delete, event, make_url
from sqlalchemy.exc import ArgumentError

from gateway.errors import Temporary, WrongUse
from gateway.store import tables
from gateway.store.faults import StoreDamaged, faults_told
from gateway.store.migrations import migrate

REBUILD = "nothing stands there alone: run docket rebuild, which makes it anew from the archive"
_BUSY_S = 30
_BUSY_AGAIN_S = 0.005
_MOST_BESIDE = 32  # sets of mailboxes that people have


class Store:
    """Transactions over one database. ``write`` takes the writer's lock at once; ``read`` sees one moment throughout.

    Both raise StoreDamaged where the file is; ``mend`` says what to do then. DiskFull and Temporary where trying again helps.
    """

    def __init__(self, engine: Engine, *, log: int = 0, mend: str = REBUILD) -> None:
        self._mend = mend
        self._log = log
        self._is_whole = True
        self._first: Callable[[Connection], None] = lambda _: None
        self._last: Callable[[], object] = lambda: None
        self._beside: dict[tuple[str, ...], Store] = {}
        self._opening = threading.Lock()
        self._engine = engine.execution_options(docket_log=log)
        self._writer = self._engine.execution_options(docket_begin="BEGIN IMMEDIATE")
        self._reader = self._engine
        if engine.dialect.name == "postgresql":
            self._reader = self._engine.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Open a transaction that may write; commits at its end, rolls back when anything is raised."""
        if not self._is_whole:
            raise PermissionError("who sees a part of a store does not write it")
        with faults_told(self._engine, self._mend), self._writer.begin() as conn:
            self._first(conn)
            yield conn
            self._last()

    def after(self, first: Callable[[Connection], None]) -> "Store":
        """Return this store with ``first`` done at the beginning of each transaction that writes; what it raises ends that."""
        one: Store = copy(self)
        one._first = first
        return one

    def before(self, last: Callable[[], object]) -> "Store":
        """Return this store with ``last`` done before each transaction that writes is committed; what it raises undoes that."""
        one: Store = copy(self)
        one._last = last
        return one

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a transaction that only reads."""
        with faults_told(self._engine, self._mend), self._reader.begin() as conn:
            yield conn

    def beside(self, views: tuple[str, ...]) -> "Store":
        """Return a store to read the same database with, each connection through temporary views; closed with this one.

        A statement names the schema of the tables themselves as ``{schema}``. What was opened once is given again.
        """
        with self._opening:
            found = self._beside.get(views)
            if found is None:
                if len(self._beside) >= _MOST_BESIDE:
                    self._beside.pop(next(iter(self._beside))).close()
                found = self._beside[views] = self._looking_through(views)
            return found

    def _looking_through(self, views: tuple[str, ...]) -> "Store":
        engine = connect(self._engine.url, synchronous="NORMAL")
        schema = "main"
        if engine.dialect.name == "postgresql":
            with self.read() as conn:
                schema = str(conn.exec_driver_sql("SELECT current_schema()").scalar())

        @event.listens_for(engine, "connect")
        def look(raw: Any, _record: object) -> None:
            for view in views:
                raw.execute(view.replace("{schema}", f'"{schema}"'))
            if engine.dialect.name == "postgresql":
                raw.commit()

        seen = Store(engine.execution_options(docket_schema=schema), log=self._log, mend=self._mend)
        seen._is_whole = False
        return seen

    def clear(self) -> None:
        """Forget everything folded of this log; the next entry to apply is 0."""
        with self.write() as tx:
            for table in tables.metadata.tables.values():
                tx.execute(delete(table).where(table.c.log == log_of(tx)))

    def compact(self) -> None:
        """Write SQLite's file anew, without anything that was deleted from it; its write-ahead log is emptied too."""
        if self._engine.dialect.name != "sqlite":
            return
        raw = self._engine.raw_connection()
        try:
            link: Any = raw.driver_connection
            for step in ("PRAGMA wal_checkpoint(TRUNCATE)", "VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"):
                row = link.execute(step).fetchone()
                if row is not None and row[0]:
                    raise Temporary(f"{self._engine.url.database} is being read, and cannot be written anew")
        except sqlite3.Error as busy:
            raise Temporary(f"{self._engine.url.database} cannot be written anew now: {busy}") from busy
        finally:
            raw.close()

    def check(self) -> None:
        """Raise StoreDamaged where SQLite finds a fault in its own file; reads the whole of it."""
        with self.read() as conn:
            found = (
                conn.exec_driver_sql("PRAGMA quick_check(1)").scalar()
                if conn.dialect.name == "sqlite"
                else "ok"
            )
        if found != "ok":
            raise StoreDamaged(f"{self._engine.url.database} is damaged ({found}); {self._mend}")

    def close(self) -> None:
        for one in self._beside.values():
            one.close()
        self._engine.dispose()


def open_store(url: str, *, log: int = 0) -> Store:
    """Open the store at a SQLAlchemy URL, making or migrating its tables first.

    Raises WrongUse for a URL that names no database we know and for a store written by a newer Docket, StoreDamaged where
    its file is.
    """
    engine = connect(url, synchronous="NORMAL")
    try:
        with faults_told(engine, REBUILD):
            migrate(engine)
    except BaseException:
        engine.dispose()
        raise
    return Store(engine, log=log)


def delete_store(url: str) -> None:
    """Delete a store's file, with those that SQLite puts beside it; nobody may have it open. Not for a database server."""
    where = make_url(url)
    if where.get_backend_name() != "sqlite" or not where.database:
        raise WrongUse(
            f"the store's database {where} is damaged; drop it, make an empty one, and run docket rebuild"
        )
    for ending in ("-wal", "-shm", ""):
        Path(where.database + ending).unlink(missing_ok=True)


def log_of(conn: Connection) -> int:
    """Return which log a connection of a Store speaks for."""
    return int(conn.get_execution_options()["docket_log"])


def whole_of(conn: Connection) -> dict[str, Any]:
    """Return the options with which a statement reads the tables themselves, whatever views stand before them."""
    schema = conn.get_execution_options().get("docket_schema")
    return {"schema_translate_map": {None: schema}} if schema else {}


def connect(url: str | URL, *, synchronous: str) -> Engine:
    """Return an engine for a database file or server; ``synchronous`` is SQLite's pragma of that name."""
    try:
        where = make_url(url)
    except ArgumentError as wrong:
        raise WrongUse(
            f"{url!r} is no database URL; write one such as sqlite:////var/lib/docket/store.db"
        ) from wrong
    match where.get_backend_name():
        case "sqlite":
            return _sqlite(where, synchronous)
        case "postgresql":
            return create_engine(where, pool_pre_ping=True)
        case other:
            raise WrongUse(f"a database of the kind {other!r} is not supported; use sqlite or postgresql")


def _sqlite(where: URL, synchronous: str) -> Engine:
    if where.database and where.database != ":memory:":
        place = Path(where.database)
        place.parent.mkdir(parents=True, exist_ok=True)
        # Made by us, so that it and the files SQLite puts beside it are for its owner's eyes only.
        if (
            not place.exists()
        ):  # opening and closing a file that is in use would drop the locks SQLite has on it
            os.close(os.open(place, os.O_RDWR | os.O_CREAT, 0o600))
    engine = create_engine(where, connect_args={"timeout": _BUSY_S})

    @event.listens_for(engine, "connect")
    def prepare(raw: Any, _record: object) -> None:
        raw.isolation_level = (
            None  # we say BEGIN ourselves: the driver's own would come too late for IMMEDIATE
        )
        _log_ahead(raw)
        raw.execute(f"PRAGMA synchronous={synchronous}")

    @event.listens_for(engine, "begin")
    def begin(conn: Connection) -> None:
        conn.exec_driver_sql(conn.get_execution_options().get("docket_begin", "BEGIN"))

    return engine


def _log_ahead(raw: Any) -> None:
    """Turn a database to its write-ahead log: on a new one that another turns too, SQLite says busy and does not wait."""
    until = time.monotonic() + _BUSY_S
    while True:
        try:
            raw.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as busy:
            if busy.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(_BUSY_AGAIN_S)

"""The two databases of an archive: how they are opened so that a commit means that the disk has it."""

import os
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from gateway.durable import sync_folder
from gateway.errors import ArchiveBroken, WrongUse

_LOCK_S = 60
_WAL_BYTES = 16 << 20
_COMMIT_BYTES = 64 << 10  # of pages that each commit writes, about


def connect(url: str, *, create: bool = False) -> Engine:
    """Return an engine whose transactions are durable at their commit; raises WrongUse for a URL or file that is none.

    A connection with the execution option ``docket_begin="BEGIN IMMEDIATE"`` takes SQLite's write lock at once. An SQLite
    file that does not exist is made only with ``create``, readable by its owner only.
    """
    try:
        where = make_url(url)
    except ArgumentError:
        raise WrongUse(
            f"{url!r} is no database URL; write one such as sqlite:////var/lib/docket/archive.db"
        ) from None
    match where.get_backend_name():
        case "sqlite":
            return _sqlite(where, create=create)
        case "postgresql":
            return _postgresql(where)
        case other:
            raise WrongUse(
                f"a database of the kind {other!r} cannot hold an archive; use sqlite or postgresql"
            )


def refuse_one_file(archive_url: str, keys_url: str) -> None:
    """Raise WrongUse where both URLs name one SQLite file: keys must be durable first, which one file cannot do."""
    one, other = make_url(archive_url), make_url(keys_url)
    if one.get_backend_name() == other.get_backend_name() == "sqlite" and one.database == other.database:
        raise WrongUse("the archive and its keys need two files: give them different names")


def _sqlite(where: URL, *, create: bool) -> Engine:
    if not where.database or where.database == ":memory:":
        raise WrongUse("an archive in memory would promise what it cannot keep; name a file")
    place = Path(where.database)
    if create:
        place.parent.mkdir(parents=True, exist_ok=True)
        if (
            not place.exists()
        ):  # opening and closing a file that is in use would drop the locks SQLite has on it
            os.close(os.open(place, os.O_RDWR | os.O_CREAT, 0o600))  # its side files get the same rights
    elif not place.is_file():
        raise WrongUse(f"{place} is gone, and nothing else can stand in for it: put back a copy of it")
    engine = create_engine(where, connect_args={"timeout": _LOCK_S})

    @event.listens_for(engine, "connect")
    def prepare(raw: Any, _record: object) -> None:
        raw.isolation_level = None  # BEGIN is ours to say: the driver's own would come too late for IMMEDIATE
        raw.execute("PRAGMA journal_mode=WAL")
        raw.execute("PRAGMA synchronous=FULL")
        raw.execute("PRAGMA cache_size=-16384")  # KiB: fingerprints fall anywhere in their index
        raw.execute("PRAGMA secure_delete=ON")  # a destroyed key must not linger in a free page
        # SQLite checkpoints its WAL inside a commit and tells nobody when that fails; the committer does it and looks.
        raw.execute("PRAGMA wal_autocheckpoint=0")
        # From its first read on the write-ahead log is there, and stays as long as a connection is open. SQLite does not
        # say when making its name durable fails; we sync the folder ourselves, because without the name all is lost.
        raw.execute("SELECT count(*) FROM sqlite_master").fetchone()
        _sync_folder(place.parent)

    @event.listens_for(engine, "begin")
    def begin(conn: Connection) -> None:
        conn.exec_driver_sql(conn.get_execution_options().get("docket_begin", "BEGIN"))

    return engine


def _sync_folder(folder: Path) -> None:
    try:
        sync_folder(folder)
    except OSError as wrong:
        raise ArchiveBroken(
            f"the folder {folder} cannot be made durable ({wrong.strerror}); check the disk"
        ) from wrong


def _postgresql(where: URL) -> Engine:
    # positional parameters, so that one tuple serves both kinds of database
    engine = create_engine(where, paramstyle="format", pool_pre_ping=True)

    @event.listens_for(engine, "connect")
    def prepare(raw: Any, _record: object) -> None:
        with raw.cursor() as cursor:
            cursor.execute(f"SET lock_timeout = '{_LOCK_S}s'")
            # A server may be set to acknowledge commits before they are on disk; for us it must not.
            cursor.execute(
                "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
            )
        raw.commit()

    return engine


class Tidier:
    """Moves what SQLite's write-ahead logs have gathered into their files, once that is worth it. Called after a commit.

    The log itself is durable already, so nobody waits for this; but a failed fsync here is one all the same, and raises.
    A log's size does not tell how much there is to move: once written it stays, and is written anew from its beginning.
    SQLite's index of it would, but must not be looked at: closing that file drops the locks that SQLite has on it.
    """

    def __init__(self, *engines: Engine) -> None:
        self._engines = [engine for engine in engines if engine.dialect.name == "sqlite"]
        self._gathered = sum(_wal_bytes(engine) for engine in self._engines)  # at most: others left it

    def __call__(self, written: int) -> None:
        """Count a commit that wrote so many bytes of blobs."""
        self._gathered += written + _COMMIT_BYTES
        if self._gathered < _WAL_BYTES:
            return
        self._gathered = 0
        for engine in self._engines:
            with engine.connect() as conn:
                conn.exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)").all()


def _wal_bytes(engine: Engine) -> int:
    try:
        return Path(f"{engine.url.database}-wal").stat().st_size
    except FileNotFoundError:
        return 0

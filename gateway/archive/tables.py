"""The archive's tables, and its statements, each written once for its database. docs/archive-format.md explains them.

There is no migration: a change of these tables is a new format version, which older programs refuse.
"""

from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    Column,
    Dialect,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    insert,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql import Executable

FORMAT = 1


class Bytes(LargeBinary):
    """Bytes as the driver returns them. A damaged file may hold anything here: who reads looks before believing."""

    cache_ok = True

    def result_processor(self, dialect: Dialect, coltype: object) -> None:  # noqa: ARG002
        return None


archive = MetaData()
logs = Table(
    "logs",
    archive,
    Column("log", Integer, primary_key=True, autoincrement=False),
    Column("format", Integer, nullable=False),
    Column("origin", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("checkpoint", Text, nullable=False),  # the signed note of this size
)
entries = Table(
    "entries",
    archive,
    Column("log", Integer, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("id", String(26), nullable=False),
    Column("type", String(32), nullable=False),
    Column("t", BigInteger, nullable=False),  # seconds since 1970 UTC
    Column("leaf", Bytes, nullable=False),
    Column("fp", Bytes, nullable=False),
    Index("entries_by_fp", "log", "fp", "seq"),
    sqlite_with_rowid=False,
)
blobs = Table(
    "blobs",
    archive,
    Column("log", Integer, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("blob", Bytes, nullable=False),
)
tiles = Table(
    "tiles",
    archive,
    Column("log", Integer, primary_key=True, autoincrement=False),
    Column("level", Integer, primary_key=True, autoincrement=False),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("hashes", Bytes, nullable=False),
    sqlite_with_rowid=False,
)

keyring = MetaData()
keyrings = Table(
    "keyrings",
    keyring,
    Column("log", Integer, primary_key=True, autoincrement=False),
    Column("format", Integer, nullable=False),
    Column("origin", Text, nullable=False),
)
keys = Table(
    "keys",
    keyring,
    Column("log", Integer, primary_key=True, autoincrement=False),
    Column("id", String(26), primary_key=True),
    Column("kek", String(8), nullable=False),
    Column("wrapped", Bytes, nullable=False),
    sqlite_with_rowid=False,
)


@dataclass(frozen=True, slots=True)
class Statements:
    """The writer's statements as the database's own text, with positional parameters in the order of the columns."""

    lock_head: str
    set_head: str
    add_entry: str
    add_blob: str
    put_tile: str
    add_key: str

    @classmethod
    def for_dialect(cls, dialect: Dialect) -> "Statements":
        def text(statement: Executable) -> str:
            return str(statement.compile(dialect=dialect))  # type: ignore[attr-defined]

        upsert = postgresql.insert if dialect.name == "postgresql" else sqlite.insert
        put = upsert(tiles)
        put = put.on_conflict_do_update(
            index_elements=["log", "level", "number"], set_={"hashes": put.excluded.hashes}
        )
        mark = "%s" if dialect.name == "postgresql" else "?"
        locking = (
            " FOR UPDATE" if dialect.name == "postgresql" else ""
        )  # SQLite holds its lock since BEGIN IMMEDIATE
        return cls(
            lock_head=f"SELECT format, origin, size, checkpoint FROM logs WHERE log = {mark}{locking}",  # noqa: S608
            set_head=f"UPDATE logs SET size = {mark}, checkpoint = {mark} WHERE log = {mark}",  # noqa: S608
            add_entry=text(insert(entries)),
            add_blob=text(insert(blobs)),
            put_tile=text(put),
            add_key=text(insert(keys)),
        )

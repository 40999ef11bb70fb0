"""The tables of clocks: what runs, what stops it, and what people said of it. All of it folded from entries."""

from sqlalchemy import BigInteger, Column, Index, Integer, PrimaryKeyConstraint, Table

from gateway.store.columns import Json, Key, Moment, Words
from gateway.store.tables import metadata


def _number(name: str, *, nullable: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=nullable, autoincrement=False)


def _log() -> Column[int]:
    return Column("log", Integer, nullable=False, autoincrement=False)


# A clock that a message started; the one that runs has not been stopped by any entry.
clocks = Table(
    "clocks",
    metadata,
    _log(),
    _number("message"),
    Column("name", Key, nullable=False),
    _number("by"),  # the decision that started it
    Column("kind", Words, nullable=False),  # of the message
    Column("started_at", Moment, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("said", Words, nullable=False),
    _number("stopped_by", nullable=True),
    Column("stopped_at", Moment, nullable=True),
    Column("how", Words, nullable=False),
    PrimaryKeyConstraint("log", "message", "name"),
    Index("clocks_by_due", "log", "stopped_by", "due_at", "message"),
)

# What may stop clocks, or set them going again: answers of ours, copies from a marketplace's site, closing notices, bounces.
turns = Table(
    "turns",
    metadata,
    _log(),
    _number("message"),
    Column("role", Words, nullable=False),  # "answer", "site", "closed" or "bounce"
    _number("accepted_by", nullable=True),
    Column("accepted_at", Moment, nullable=True),
    Column("recipients", Json, nullable=False),  # whom the remote took it for
    _number("voids", nullable=True),  # of a bounce: the answer that it takes back
    PrimaryKeyConstraint("log", "message"),
    Index("turns_by_voids", "log", "voids"),
)

# What people said of clocks: that no answer is needed, or that it was given elsewhere.
marks = Table(
    "marks",
    metadata,
    _log(),
    _number("by"),
    _number("message", nullable=True),
    Column("marketplace", Key, nullable=False),
    Column("value", Key, nullable=False),
    Column("clock", Key, nullable=False),
    Column("at", Moment, nullable=False),
    _number("undone_by", nullable=True),
    PrimaryKeyConstraint("log", "by"),
    Index("marks_by_message", "log", "message"),
    Index("marks_by_order", "log", "marketplace", "value"),
)

TABLES = (clocks, turns)  # of a message

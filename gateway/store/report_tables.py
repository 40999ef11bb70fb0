"""The tables of what order reports tell: each entry's rows stand beside the older ones, and the newest speak first."""

from sqlalchemy import BigInteger, Column, Index, Integer, PrimaryKeyConstraint, Table

from gateway.store.columns import Json, Key, Moment, Words
from gateway.store.tables import metadata


def _places() -> tuple[Column[int], Column[int], Column[int]]:
    """Return the key's columns: ``by`` is the entry that tells it."""
    return (
        Column("log", Integer, nullable=False, autoincrement=False),
        Column("by", BigInteger, nullable=False, autoincrement=False),
        Column("place", Integer, nullable=False),
    )


reported = Table(
    "reported",
    metadata,
    *_places(),
    Column("marketplace", Key, nullable=False),
    Column("value", Key, nullable=False),
    Column("bare", Key, nullable=False),
    Column("alias", Key, nullable=False),
    Column("placed_at", Moment, nullable=True),
    Column("products", Json, nullable=False),  # [[kind, value]]
    PrimaryKeyConstraint("log", "by", "place"),
    Index("reported_by_order", "log", "marketplace", "value", "by"),
    Index("reported_by_bare", "log", "bare", "by"),
    Index("reported_by_alias", "log", "alias", "by"),
)

reported_parcels = Table(
    "reported_parcels",
    metadata,
    *_places(),
    Column("marketplace", Key, nullable=False),
    Column("value", Key, nullable=False),
    Column("carrier", Words, nullable=False),
    Column("number", Words, nullable=False),
    Column("bare", Key, nullable=False),
    Column("shipped_at", Moment, nullable=True),
    PrimaryKeyConstraint("log", "by", "place"),
    Index("reported_parcels_by_order", "log", "marketplace", "value", "by"),
    Index("reported_parcels_by_number", "log", "bare", "by"),
)

# The days that a report speaks for, by marketplace.
reported_days = Table(
    "reported_days",
    metadata,
    *_places(),
    Column("marketplace", Key, nullable=False),
    Column("first_at", Moment, nullable=False),
    Column("last_at", Moment, nullable=False),
    PrimaryKeyConstraint("log", "by", "place"),
    Index("reported_days_by_marketplace", "log", "marketplace", "first_at", "last_at", "by"),
)

TABLES = (reported, reported_parcels, reported_days)

"""The store's tables: what people ask for, folded from entries. Every key starts with ``log``.

Nothing here refers to another table by a foreign key: an entry may speak of a message that was erased since, and the
fold must take it all the same.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    text,
)

from gateway.store.columns import Json, Key, Moment, Words

metadata = MetaData()


def _log() -> Column[int]:
    return Column("log", Integer, nullable=False, autoincrement=False)


def _seq(name: str, *, nullable: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=nullable, autoincrement=False)


def _words(name: str) -> Column[str]:
    return Column(name, Words, nullable=False)


def _key(name: str) -> Column[str]:
    return Column(name, Key, nullable=False)


messages = Table(
    "messages",
    metadata,
    _log(),
    _seq("seq"),
    _words("type"),
    _words("id"),
    _words("direction"),
    _words("source"),
    _key("mailbox"),
    _words("agent"),
    Column("received_at", Moment, nullable=False),
    Column("occurred_at", Moment, nullable=False),
    _words("occurred_from"),
    _words("subject"),
    _key("message_id"),
    Column("size_bytes", BigInteger, nullable=False),
    _words("sha256"),
    Column("twin", LargeBinary, nullable=False),
    Column("defects", Json, nullable=False),
    _seq("decided_by", nullable=True),
    _words("marketplace"),
    _words("kind"),
    _key("alias"),
    _seq("retry_of", nullable=True),
    _words("state"),
    Column("sealed_text", LargeBinary, nullable=False),  # last, so that SQLite reads past it only when asked
    PrimaryKeyConstraint("log", "seq"),
    Index("messages_by_id", "log", "message_id", "seq"),
    Index("messages_by_twin", "log", "twin", "seq"),
    Index("messages_by_alias", "log", "alias", "seq"),
    Index("messages_by_time", "log", "occurred_at", "seq"),
    Index("messages_by_mailbox", "log", "mailbox", "occurred_at", "seq"),
    Index("messages_by_state", "log", "state", "mailbox"),
    Index("messages_by_source", "log", "source", "received_at"),
    Index("messages_by_decision", "log", "decided_by", "seq"),
)

addresses = Table(
    "addresses",
    metadata,
    _log(),
    _seq("message"),
    _words("field"),  # "from", "to" or "cc"
    Column("place", Integer, nullable=False),
    _words("name"),
    _words("address"),  # as written
    _key("folded"),  # in lower case, to look it up
    PrimaryKeyConstraint("log", "message", "field", "place"),
    Index("addresses_by_address", "log", "folded", "message"),
)

refs = Table(
    "refs",
    metadata,
    _log(),
    _seq("message"),
    Column("place", Integer, nullable=False),  # 0 is the nearest
    _key("message_id"),
    PrimaryKeyConstraint("log", "message", "place"),
    Index("refs_by_id", "log", "message_id", "message"),
)

attachments = Table(
    "attachments",
    metadata,
    _log(),
    _seq("message"),
    Column("place", Integer, nullable=False),
    _words("part"),
    _words("filename"),
    _words("content_type"),
    Column("size_bytes", BigInteger, nullable=False),
    _words("sha256"),
    _words("content_id"),
    Column("inline", Boolean, nullable=False),
    PrimaryKeyConstraint("log", "message", "place"),
)

tags = Table(
    "tags",
    metadata,
    _log(),
    _seq("message"),
    _key("tag"),
    PrimaryKeyConstraint("log", "message", "tag"),
    Index("tags_by_tag", "log", "tag", "message"),
)

links = Table(
    "links",
    metadata,
    _log(),
    _seq("by"),  # the entry that made it
    Column("place", Integer, nullable=False),
    _seq("message"),
    _key("marketplace"),
    _key("value"),
    _key("bare"),  # the value without dashes and spaces, in lower case: how people may write it
    _words("method"),
    _words("confidence"),
    _words("reason"),
    _words("agent"),
    _seq("undone_by", nullable=True),
    _seq("via", nullable=True),  # the message whose link this one rests on
    _words("doubt"),
    PrimaryKeyConstraint("log", "by", "place"),
    Index("links_by_message", "log", "message"),
    Index("links_by_via", "log", "via", "message"),
    Index("links_by_order", "log", "marketplace", "value", "message"),
    Index("links_by_bare", "log", "bare"),
)

# The last word a person said of a message and an order; with no order named: of the message and all orders.
verdicts = Table(
    "verdicts",
    metadata,
    _log(),
    _seq("message"),
    _key("marketplace"),
    _key("value"),
    Column("belongs", Boolean, nullable=False),
    _seq("by"),
    _words("agent"),
    PrimaryKeyConstraint("log", "message", "marketplace", "value"),
)

# The last word a person said of a tag on a message: whether it stays, whatever is decided anew.
tag_verdicts = Table(
    "tag_verdicts",
    metadata,
    _log(),
    _seq("message"),
    _key("tag"),
    Column("stays", Boolean, nullable=False),
    PrimaryKeyConstraint("log", "message", "tag"),
)

# What waits for a person's word, and why; made anew whenever what it rests on changes.
reviews = Table(
    "reviews",
    metadata,
    _log(),
    _seq("message"),
    Column("occurred_at", Moment, nullable=False),
    _key("mailbox"),
    Column("why", Json, nullable=False),
    PrimaryKeyConstraint("log", "message"),
    Index("reviews_by_time", "log", "occurred_at", "message"),
    Index("reviews_by_mailbox", "log", "mailbox", "occurred_at", "message"),
)

# What ties messages together besides their ids: conversation tokens, and what tells a customer on any channel.
ties = Table(
    "ties",
    metadata,
    _log(),
    _seq("message"),
    Column("place", Integer, nullable=False),
    _words("what"),  # "token" or "person"
    _key("value"),
    PrimaryKeyConstraint("log", "message", "place"),
    Index("ties_by_value", "log", "value", "message"),
)

finds = Table(
    "finds",
    metadata,
    _log(),
    _seq("message"),
    Column("place", Integer, nullable=False),
    _words("what"),  # "product" or "parcel"
    _words("kind"),  # a product's kind, a parcel's carrier
    _key("value"),
    _words("where"),
    PrimaryKeyConstraint("log", "message", "place"),
    Index("finds_by_value", "log", "value", "message"),
)

authenticity = Table(
    "authenticity",
    metadata,
    _log(),
    _seq("message"),
    _seq("by"),  # the entry that holds all findings and the DNS answers they rest on
    _words("result"),
    Column("found", Json, nullable=False),  # rules.facts.Authentic
    PrimaryKeyConstraint("log", "message"),
)

# Where a fetched message lies in an IMAP account: how far a folder has been read, and what an agent's client names.
places = Table(
    "places",
    metadata,
    _log(),
    _seq("by"),  # the entry that tells it: the message itself, or a sighting
    _seq("message"),
    _key("place"),  # account/folder
    Column("uidvalidity", BigInteger, nullable=False, autoincrement=False),
    Column("uid", BigInteger, nullable=False, autoincrement=False),
    PrimaryKeyConstraint("log", "by"),
    Index("places_by_uid", "log", "place", "uidvalidity", "uid"),
    Index("places_by_message", "log", "message"),
)

_ACTED = text("agent != ''")
events = Table(
    "events",
    metadata,
    _log(),
    _seq("seq"),
    _words("type"),
    Column("at", Moment, nullable=False),
    _seq("of", nullable=True),
    _key("marketplace"),  # with value: the order it is about; both empty for none
    _key("value"),
    _words("agent"),
    Column("summary", Json, nullable=False),
    PrimaryKeyConstraint("log", "seq"),
    Index("events_by_message", "log", "of", "seq"),
    Index("events_by_order", "log", "marketplace", "value", "seq"),
    Index("events_by_type", "log", "type", "seq"),
    Index("events_by_agent", "log", "agent", "seq", sqlite_where=_ACTED, postgresql_where=_ACTED),
)

jobs = Table(
    "jobs",
    metadata,
    _log(),
    _seq("message"),
    Column("number", BigInteger, nullable=False, autoincrement=False),
    _words("kind"),
    Column("task", Json, nullable=False),
    _words("state"),
    Column("attempts", Integer, nullable=False),  # those whose outcome is archived
    Column("next_at", Moment, nullable=False),
    Column("lost", Boolean, nullable=False),  # some recipient has refused it for good
    _words("last"),
    Column("lane", Words, nullable=False, server_default=""),  # where it goes
    _words("lease"),  # who is at it and until when: of this process's life, never folded
    Column("leased_until", Moment, nullable=True),
    PrimaryKeyConstraint("log", "message", "number"),
    Index("jobs_by_due", "log", "state", "next_at", "message", "number"),
)

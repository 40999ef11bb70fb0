"""The accounts' tables and their version. SQLite runs them with synchronous=FULL: a change that was told is kept."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
    insert,
    select,
    text,
    update,
)

from gateway.errors import WrongUse
from gateway.store.columns import Json, Key, Moment, Words
from gateway.store.engine import Store, connect

_VERSION = 6  # a later one adds its steps to open_accounts, and a test opens a file of each version before
_LOCK = 0x6163636F756E74  # "account": one process at a time makes the tables on PostgreSQL

_metadata = MetaData()
_about = Table(
    "accounts_schema", _metadata, Column("version", Integer, primary_key=True, autoincrement=False)
)

agents = Table(
    "agents",
    _metadata,
    Column("log", Integer, nullable=False, autoincrement=False),
    Column("name", Key, nullable=False),  # folded
    Column("full_name", Words, nullable=False),
    Column("mailboxes", Json, nullable=False),
    Column("role", Words, nullable=False),
    Column("password", Words, nullable=False),  # argon2id, with its parameters and salt
    Column("disabled", Boolean, nullable=False),
    Column("made_at", Moment, nullable=False),
    PrimaryKeyConstraint("log", "name"),
)

sessions = Table(
    "sessions",
    _metadata,
    Column("log", Integer, nullable=False, autoincrement=False),
    Column("token", Key, nullable=False),  # its SHA-256: who reads the file cannot log in with it
    Column("agent", Key, nullable=False),
    Column("expires_at", Moment, nullable=False),
    PrimaryKeyConstraint("log", "token"),
    Index("sessions_by_agent", "log", "agent"),
)

origins = Table(  # since version 5: where a session was begun
    "origins",
    _metadata,
    Column("log", Integer, nullable=False, autoincrement=False),
    Column("token", Key, nullable=False),  # as in sessions
    Column("made_at", Moment, nullable=False),
    Column("peer", Words, nullable=False),
    Column("client", Words, nullable=False),  # what the browser says that it is
    PrimaryKeyConstraint("log", "token"),
)

app_passwords = Table(  # since version 2
    "app_passwords",
    _metadata,
    Column("log", Integer, nullable=False, autoincrement=False),
    Column("agent", Key, nullable=False),
    Column("id", Key, nullable=False),
    Column("label", Words, nullable=False),
    Column("key", Words, nullable=False),
    Column("mac", Words, nullable=False),  # HMAC-SHA256 of the password under the key
    Column("made_at", Moment, nullable=False),
    Column("used_at", Moment, nullable=True),
    PrimaryKeyConstraint("log", "agent", "id"),
)

tokens = Table(  # since version 3
    "tokens",
    _metadata,
    Column("log", Integer, nullable=False, autoincrement=False),
    Column("id", Key, nullable=False),
    Column("agent", Key, nullable=False),
    Column("label", Words, nullable=False),
    Column("scopes", Json, nullable=False),
    Column("mailboxes", Json, nullable=False),
    Column("key", Words, nullable=False),
    Column("mac", Words, nullable=False),  # HMAC-SHA256 of the token under the key
    Column("made_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=True),
    Column("used_at", Moment, nullable=True),
    PrimaryKeyConstraint("log", "id"),
)

requests = Table(  # since version 3: what was asked for under an Idempotency-Key, and what was answered
    "requests",
    _metadata,
    Column("log", Integer, nullable=False, autoincrement=False),
    Column("token", Key, nullable=False),
    Column("name", Key, nullable=False),  # the SHA-256 of the key
    Column("print", Words, nullable=False),  # of the request
    Column("at", Moment, nullable=False),
    Column("status", Integer, nullable=False),  # 0: under way
    Column("answer", Json, nullable=False),
    PrimaryKeyConstraint("log", "token", "name"),
)

hooks = Table(  # since version 3: how far each receiver has been told
    "hooks",
    _metadata,
    Column("log", Integer, nullable=False, autoincrement=False),
    Column("name", Key, nullable=False),
    Column("position", BigInteger, nullable=False, autoincrement=False),  # the next entry to tell of
    Column("failures", Integer, nullable=False),  # in a row
    Column("next_at", Moment, nullable=True),
    Column("told_at", Moment, nullable=True),
    Column("said", Words, nullable=False),  # the last thing that went wrong
    PrimaryKeyConstraint("log", "name"),
)

searches = Table(  # since version 4
    "searches",
    _metadata,
    Column("log", Integer, nullable=False, autoincrement=False),
    Column("id", Key, nullable=False),
    Column("agent", Key, nullable=False),
    Column("name", Words, nullable=False),
    Column("query", Words, nullable=False),
    Column("sort", Words, nullable=False),
    Column("shared", Boolean, nullable=False),
    Column("pinned", Boolean, nullable=False),
    Column("made_at", Moment, nullable=False),
    PrimaryKeyConstraint("log", "id"),
)

invitations = Table(  # since version 6: who may set a first or a new password, once
    "invitations",
    _metadata,
    Column("log", Integer, nullable=False, autoincrement=False),
    Column("code", Key, nullable=False),  # its SHA-256
    Column("agent", Key, nullable=False),
    Column("expires_at", Moment, nullable=False),
    PrimaryKeyConstraint("log", "code"),
)

factors = Table(  # since version 6: what else than a password somebody logs in with
    "factors",
    _metadata,
    Column("log", Integer, nullable=False, autoincrement=False),
    Column("id", Key, nullable=False),  # of a passkey the SHA-256 of what it calls itself
    Column("agent", Key, nullable=False),
    Column("kind", Words, nullable=False),  # totp, passkey, recovery
    Column("label", Words, nullable=False),
    Column("about", Json, nullable=False),
    Column("uses", BigInteger, nullable=False, autoincrement=False),  # the last step or use that was seen
    Column("made_at", Moment, nullable=False),
    Column("used_at", Moment, nullable=True),
    PrimaryKeyConstraint("log", "id"),
    Index("factors_by_agent", "log", "agent"),
)

attempts = Table(  # since version 6: logins and set-ups that are under way, each good for one answer
    "attempts",
    _metadata,
    Column("log", Integer, nullable=False, autoincrement=False),
    Column("token", Key, nullable=False),  # its SHA-256
    Column("kind", Words, nullable=False),
    Column("about", Json, nullable=False),
    Column("expires_at", Moment, nullable=False),
    PrimaryKeyConstraint("log", "token"),
)

identities = Table(  # since version 6: who somebody is to an identity provider
    "identities",
    _metadata,
    Column("log", Integer, nullable=False, autoincrement=False),
    Column("issuer", Key, nullable=False),
    Column("subject", Key, nullable=False),
    Column("agent", Key, nullable=False),
    Column("made_at", Moment, nullable=False),
    PrimaryKeyConstraint("log", "issuer", "subject"),
    UniqueConstraint("log", "issuer", "agent"),
)

preferences = Table(  # since version 6
    "preferences",
    _metadata,
    Column("log", Integer, nullable=False, autoincrement=False),
    Column("agent", Key, nullable=False),
    Column("language", Words, nullable=False),
    PrimaryKeyConstraint("log", "agent"),
)

_MEND = "put back a copy of it, or delete it and make the agents again with docket agent add"


def open_accounts(url: str, *, log: int = 0) -> Store:
    """Open the accounts database, making its tables first; raises WrongUse when a newer Docket wrote it."""
    engine = connect(url, synchronous="FULL")
    store = Store(engine, log=log, mend=_MEND)
    try:
        with store.write() as tx:
            if engine.dialect.name == "postgresql":
                tx.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            _metadata.create_all(tx)  # adds what a version before had not: tables only, so far
            version = tx.scalar(select(_about.c.version))
            if version is None:
                tx.execute(insert(_about), {"version": _VERSION})
            elif version < _VERSION:
                tx.execute(update(_about).values(version=_VERSION))
            elif version > _VERSION:
                raise WrongUse(
                    f"the accounts in {engine.url.database} were written by a newer Docket (schema {version});"
                    " run that one, or restore a backup of its time"
                )
    except BaseException:
        store.close()
        raise
    return store

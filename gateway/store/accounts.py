"""Who may come in: agents with their password hashes, and the web view's sessions.

A database of its own, durable and backed up with the keys: nothing in it can be rebuilt from the archive, and nothing in
it belongs there. Only the fact of a change is an entry of the log.
"""

import hashlib
import json
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    delete,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from gateway.clock import Clock
from gateway.errors import WrongUse
from gateway.store.columns import Moment
from gateway.store.engine import connect

_FORMAT = 1
_NAME = re.compile(r"[^\s:\x00-\x1f\x7f]{1,64}")
_PASSWORD_BYTES = 1024  # hashing is slow by design: nobody makes it slower still

_metadata = MetaData()
_format = Table("accounts_format", _metadata, Column("version", Integer, primary_key=True))
_agents = Table(
    "agents",
    _metadata,
    Column("key", String(64), primary_key=True),  # the name, case-folded: a login is not case-sensitive
    Column("name", String(64), nullable=False),
    Column("full_name", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Column("mailboxes", Text, nullable=False),  # a JSON list
    Column("role", String(16), nullable=False),
    Column("disabled", Boolean, nullable=False),
    Column("added_at", Moment, nullable=False),
)
_sessions = Table(
    "sessions",
    _metadata,
    Column("token", String(64), primary_key=True),  # its SHA-256: a stolen database opens no session
    Column("agent", String(64), nullable=False, index=True),
    Column("ends_at", Moment, nullable=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """One person. ``mailboxes`` are those they may write from; none named means every one."""

    name: str
    full_name: str
    mailboxes: tuple[str, ...]
    role: str


class Accounts:
    """The accounts at a SQLAlchemy URL; their tables are made when they are missing. Safe in several threads."""

    def __init__(self, url: str, *, clock: Clock, hasher: PasswordHasher | None = None) -> None:
        self._engine = connect(url, synchronous="FULL")
        self._clock = clock
        self._hasher = hasher or PasswordHasher()
        with self._write() as tx:
            _metadata.create_all(tx)
            version = tx.scalar(select(_format.c.version))
            if version is None:
                tx.execute(insert(_format).values(version=_FORMAT))
            elif version > _FORMAT:
                raise WrongUse(
                    f"the accounts were written by a newer Docket (format {version}); use that one"
                )
        self._decoy = self._hasher.hash(secrets.token_urlsafe())

    @contextmanager
    def _write(self) -> Iterator[Connection]:
        with self._engine.connect().execution_options(docket_begin="BEGIN IMMEDIATE") as conn, conn.begin():
            yield conn

    def add(
        self,
        name: str,
        password: str,
        *,
        full_name: str = "",
        mailboxes: tuple[str, ...] = (),
        role: str = "agent",
    ) -> None:
        """Add an agent; raises WrongUse for a name that is taken or cannot be one, and for an empty password."""
        if not _NAME.fullmatch(name):
            raise WrongUse(
                f"{name!r} cannot be an agent's name: 1 to 64 characters without spaces and colons"
            )
        row = {
            "key": name.casefold(),
            "name": name,
            "full_name": full_name,
            "hash": self._hash(password),
            "mailboxes": json.dumps([box.lower() for box in mailboxes]),
            "role": role,
            "disabled": False,
            "added_at": self._clock.now(),
        }
        try:
            with self._write() as tx:
                tx.execute(insert(_agents).values(row))
        except IntegrityError as taken:
            raise WrongUse(f"there is an agent {name!r} already") from taken

    def list(self) -> "list[Agent]":
        """Return the agents by name."""
        with self._engine.connect() as conn:
            rows = conn.execute(select(_agents).where(_agents.c.disabled.is_(False)).order_by(_agents.c.key))
            return [_agent(row) for row in rows]

    def get(self, name: str) -> Agent | None:
        with self._engine.connect() as conn:
            row = conn.execute(
                select(_agents).where(_agents.c.key == name.casefold(), _agents.c.disabled.is_(False))
            ).first()
        return _agent(row) if row is not None else None

    def mailboxes_of(self, name: str) -> tuple[str, ...]:
        """Return the mailboxes an agent is limited to; none for one who is not limited, or not there."""
        agent = self.get(name)
        return agent.mailboxes if agent is not None else ()

    def passwd(self, name: str, password: str) -> None:
        """Set a new password and end the agent's sessions; raises WrongUse where there is no such agent."""
        with self._write() as tx:
            done = tx.execute(
                update(_agents).where(_agents.c.key == name.casefold()).values(hash=self._hash(password))
            )
            if not done.rowcount:
                raise WrongUse(f"there is no agent {name!r}")
            tx.execute(delete(_sessions).where(_sessions.c.agent == name.casefold()))

    def remove(self, name: str) -> None:
        """Remove an agent and end their sessions; raises WrongUse where there is no such agent."""
        with self._write() as tx:
            if not tx.execute(delete(_agents).where(_agents.c.key == name.casefold())).rowcount:
                raise WrongUse(f"there is no agent {name!r}")
            tx.execute(delete(_sessions).where(_sessions.c.agent == name.casefold()))

    def check(self, name: str, password: str) -> Agent | None:
        """Return the agent when name and password are right. Slow by design, and as slow for a name that is unknown."""
        with self._engine.connect() as conn:
            row = conn.execute(
                select(_agents).where(_agents.c.key == name.casefold(), _agents.c.disabled.is_(False))
            ).first()
        secret = password.encode("utf-8", "surrogatepass")
        if len(secret) > _PASSWORD_BYTES:
            return None
        try:
            self._hasher.verify(row.hash if row is not None else self._decoy, secret)
        except (VerificationError, InvalidHashError):
            return None
        if row is None:
            return None
        if self._hasher.check_needs_rehash(row.hash):
            with self._write() as tx:
                tx.execute(
                    update(_agents).where(_agents.c.key == row.key).values(hash=self._hasher.hash(secret))
                )
        return _agent(row)

    def open_session(self, name: str, hours: float) -> str:
        """Return the token of a new session; only its hash is kept."""
        token = secrets.token_urlsafe(32)
        now = self._clock.now()
        with self._write() as tx:
            tx.execute(delete(_sessions).where(_sessions.c.ends_at <= now))
            tx.execute(
                insert(_sessions).values(
                    token=_hashed(token), agent=name.casefold(), ends_at=now + timedelta(hours=hours)
                )
            )
        return token

    def session(self, token: str) -> Agent | None:
        """Return whose session a token is, None for one that is unknown or over."""
        with self._engine.connect() as conn:
            row = conn.execute(
                select(_agents)
                .join(_sessions, _sessions.c.agent == _agents.c.key)
                .where(
                    _sessions.c.token == _hashed(token),
                    _sessions.c.ends_at > self._clock.now(),
                    _agents.c.disabled.is_(False),
                )
            ).first()
        return _agent(row) if row is not None else None

    def close_session(self, token: str) -> None:
        with self._write() as tx:
            tx.execute(delete(_sessions).where(_sessions.c.token == _hashed(token)))

    def close(self) -> None:
        self._engine.dispose()

    def _hash(self, password: str) -> str:
        secret = password.encode("utf-8", "surrogatepass")
        if not secret or len(secret) > _PASSWORD_BYTES:
            raise WrongUse(f"a password has 1 to {_PASSWORD_BYTES} bytes")
        return self._hasher.hash(secret)


def _agent(row: object) -> Agent:
    return Agent(
        name=row.name,  # type: ignore[attr-defined]
        full_name=row.full_name,  # type: ignore[attr-defined]
        mailboxes=tuple(json.loads(row.mailboxes)),  # type: ignore[attr-defined]
        role=row.role,  # type: ignore[attr-defined]
    )


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()

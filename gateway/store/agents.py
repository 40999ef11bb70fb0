"""Agents as the accounts' database has them: found, changed, and what tells that their login was changed."""

import hashlib
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy import Connection, Row, Select, delete, select, update

from gateway.errors import WrongUse
from gateway.store.accounts_tables import agents, sessions
from gateway.store.attempts import end_attempts
from gateway.store.engine import log_of
from gateway.store.spelling import folded

Role = Literal["agent", "supervisor", "auditor", "admin"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """A person with credentials of their own. No ``mailboxes`` means every mailbox.

    ``stamp`` is how their login stood when this was read: it changes whenever their password or rights do.
    """

    name: str
    full_name: str
    mailboxes: tuple[str, ...]
    role: Role
    disabled: bool
    stamp: str = field(default="", compare=False, repr=False)


def agent_of(row: Row[Any]) -> Agent:
    return Agent(
        name=row.name,
        full_name=row.full_name,
        mailboxes=tuple(row.mailboxes),
        role=row.role,
        disabled=row.disabled,
        stamp=stamp_of(row),
    )


def find(conn: Connection, name: str) -> Row[Any] | None:
    return conn.execute(_chosen(conn, name)).first()


def hold(tx: Connection, name: str) -> Row[Any] | None:
    """Find an agent and let nobody else change them until this transaction ends, as SQLite's one writer does anyway."""
    return tx.execute(_chosen(tx, name).with_for_update()).first()


def change(tx: Connection, name: str, *, was: str = "", **values: Any) -> int:
    """Change an agent, where ``was`` is given only if their password is kept as that still; return how many there were."""
    its = [agents.c.log == log_of(tx), agents.c.name == folded(name)]
    if was:
        its.append(agents.c.password == was)
    return int(tx.execute(update(agents).where(*its).values(**values)).rowcount)


def end_sessions(tx: Connection, name: str) -> None:
    """End what somebody has open, and what they were on the way to open."""
    end_attempts(tx, folded(name))
    tx.execute(delete(sessions).where(sessions.c.log == log_of(tx), sessions.c.agent == folded(name)))


def name_to_log_in_with(name: str) -> str:
    """Return a new name as it is kept; raises WrongUse for one that nobody could type, or that is no place in an address."""
    name = folded(name)
    typed = name.isprintable() and not any(part.isspace() for part in name)
    if not 0 < len(name) <= 64 or not typed or not name.strip("."):
        raise WrongUse(f"{name!r} is no name to log in with; use 1 to 64 characters without spaces")
    return name


def must_exist(count: int, name: str) -> None:
    if not count:
        raise WrongUse(f"there is no agent {name!r}; to see them all: docket agent list")


def stamp_of(row: Row[Any] | None) -> str:
    if row is None:
        return ""
    # Since when they are here tells them from somebody of their name who came after them.
    said = f"{row.password}\n{row.role}\n{row.mailboxes}\n{row.disabled}\n{row.made_at}"
    return hashlib.sha256(said.encode()).hexdigest()[:32]


def _chosen(conn: Connection, name: str) -> Select[Any]:
    return select(agents).where(agents.c.log == log_of(conn), agents.c.name == folded(name))


def token_hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()

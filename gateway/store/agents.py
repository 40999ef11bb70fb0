"""Agents as the accounts' database has them: found, changed, and what tells that their login was changed."""

import hashlib
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy import Connection, Row, delete, select, update

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
    return conn.execute(
        select(agents).where(agents.c.log == log_of(conn), agents.c.name == folded(name))
    ).first()


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


def must_exist(count: int, name: str) -> None:
    if not count:
        raise WrongUse(f"there is no agent {name!r}; to see them all: docket agent list")


def stamp_of(row: Row[Any] | None) -> str:
    if row is None:
        return ""
    said = f"{row.password}\n{row.role}\n{row.mailboxes}\n{row.disabled}"
    return hashlib.sha256(said.encode()).hexdigest()[:32]


def token_hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()

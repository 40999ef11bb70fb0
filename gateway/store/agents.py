"""Agents as the accounts' database has them: found, changed, and what tells that their login was changed."""

import hashlib
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, Row, delete, select, update

from gateway.errors import WrongUse
from gateway.store.accounts_tables import agents, sessions
from gateway.store.engine import log_of
from gateway.store.spelling import folded

Role = Literal["agent", "supervisor", "auditor", "admin"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """A person with credentials of their own. No ``mailboxes`` means every mailbox."""

    name: str
    full_name: str
    mailboxes: tuple[str, ...]
    role: Role
    disabled: bool


def agent_of(row: Row[Any]) -> Agent:
    return Agent(
        name=row.name,
        full_name=row.full_name,
        mailboxes=tuple(row.mailboxes),
        role=row.role,
        disabled=row.disabled,
    )


def find(conn: Connection, name: str) -> Row[Any] | None:
    return conn.execute(
        select(agents).where(agents.c.log == log_of(conn), agents.c.name == folded(name))
    ).first()


def change(tx: Connection, name: str, **values: Any) -> int:
    changed = tx.execute(
        update(agents).where(agents.c.log == log_of(tx), agents.c.name == folded(name)).values(**values)
    )
    return int(changed.rowcount)


def end_sessions(tx: Connection, name: str) -> None:
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

"""Invitations: a code that is shown once, with which somebody sets a password of their own. So nobody ever knows another's."""

import hashlib
import secrets
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select

from gateway.store.accounts_tables import invitations
from gateway.store.engine import log_of

_BYTES = 20


def invite(tx: Connection, agent: str, now: datetime, days: float) -> str:
    """Return a new code for an agent; one that they were given before is void."""
    code = secrets.token_urlsafe(_BYTES)
    withdraw(tx, agent)
    row = {"log": log_of(tx), "code": _print(code), "agent": agent, "expires_at": now + timedelta(days=days)}
    tx.execute(insert(invitations), row)
    return code


def take(tx: Connection, code: str, now: datetime) -> str | None:
    """Use a code up and return whose it is, or None for one that is used, over or never was."""
    its = (invitations.c.log == log_of(tx), invitations.c.code == _print(code))
    agent = tx.scalar(select(invitations.c.agent).where(*its, invitations.c.expires_at > now))
    used = tx.execute(delete(invitations).where(*its)).rowcount
    return agent if used else None


def whose(conn: Connection, code: str, now: datetime) -> str | None:
    """Return whom a code is for, None for one that is not good."""
    its = (invitations.c.log == log_of(conn), invitations.c.code == _print(code))
    agent: str | None = conn.scalar(select(invitations.c.agent).where(*its, invitations.c.expires_at > now))
    return agent


def withdraw(tx: Connection, agent: str) -> None:
    tx.execute(delete(invitations).where(invitations.c.log == log_of(tx), invitations.c.agent == agent))


def open_until(conn: Connection, now: datetime) -> dict[str, datetime]:
    """Return until when invitations are good that nobody has answered, by agent."""
    chosen = select(invitations.c.agent, invitations.c.expires_at)
    chosen = chosen.where(invitations.c.log == log_of(conn), invitations.c.expires_at > now)
    return {agent: until for agent, until in conn.execute(chosen)}  # noqa: C416 - rows are no pairs to the type checker


def _print(code: str) -> str:
    return hashlib.sha256(code.strip().encode("utf-8", "replace")).hexdigest()

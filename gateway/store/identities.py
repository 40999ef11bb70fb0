"""Who somebody is to an identity provider. Names and addresses there change hands; the subject never does (OpenID Connect Core 5.7)."""

from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from gateway.store.accounts_tables import identities
from gateway.store.engine import log_of

_columns = identities.c


def agent_of(conn: Connection, issuer: str, subject: str) -> str | None:
    """Return whose a subject is, None where nobody has it."""
    its = (_columns.log == log_of(conn), _columns.issuer == issuer, _columns.subject == subject)
    agent: str | None = conn.scalar(select(_columns.agent).where(*its))
    return agent


def is_bound(conn: Connection, issuer: str, agent: str) -> bool:
    """Say whether an agent has a subject already: another one that goes by their name is another person."""
    its = (_columns.log == log_of(conn), _columns.issuer == issuer, _columns.agent == agent)
    return conn.scalar(select(_columns.subject).where(*its)) is not None


def bind(tx: Connection, issuer: str, subject: str, agent: str, now: datetime) -> None:
    row = {"log": log_of(tx), "issuer": issuer, "subject": subject, "agent": agent, "made_at": now}
    tx.execute(insert(identities), row)


def unbind(tx: Connection, agent: str) -> int:
    """Forget who an agent is to every provider; return how many there were."""
    return int(
        tx.execute(delete(identities).where(_columns.log == log_of(tx), _columns.agent == agent)).rowcount
    )


def bound(conn: Connection) -> frozenset[str]:
    """Return the agents that have a subject anywhere."""
    return frozenset(conn.scalars(select(_columns.agent).where(_columns.log == log_of(conn))))

"""Sessions of the web view, listed and ended: where each was begun, and until when it is good. Their tokens are not known."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select

from gateway.clock import Clock
from gateway.errors import WrongUse
from gateway.store.accounts_tables import agents, origins, sessions
from gateway.store.agents import token_hash
from gateway.store.engine import Store, log_of
from gateway.store.spelling import folded

_ID = 16  # of the hash's digits: enough to name one, and nothing to log in with
_MOST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What may be told of one; ``made_at`` is None for one of an earlier version."""

    id: str
    agent: str
    made_at: datetime | None
    expires_at: datetime
    peer: str
    client: str


def id_of(token: str) -> str:
    """Return what a session is listed as, given its token."""
    return token_hash(token)[:_ID]


def begin(
    tx: Connection, token: str, agent: str, now: datetime, until: datetime, peer: str, client: str
) -> None:
    """Keep a session and where it was begun, given its token's hash, and forget those which are over."""
    tx.execute(delete(sessions).where(sessions.c.log == log_of(tx), sessions.c.expires_at <= now))
    held = {"log": log_of(tx), "token": token, "agent": agent, "expires_at": until}
    tx.execute(insert(sessions), held)
    there = select(sessions.c.token).where(sessions.c.log == log_of(tx))
    tx.execute(delete(origins).where(origins.c.log == log_of(tx), origins.c.token.not_in(there)))
    row = {"log": log_of(tx), "token": token, "made_at": now, "peer": peer[:_MOST], "client": client[:_MOST]}
    tx.execute(insert(origins), row)


def whose(conn: Connection, token: str, now: datetime) -> Row[Any] | None:
    """Return the agent whose session it is, given its token's hash; None for one that is over, or of who is shut out."""
    return conn.execute(
        select(agents)
        .join(sessions, (sessions.c.log == agents.c.log) & (sessions.c.agent == agents.c.name))
        .where(
            sessions.c.log == log_of(conn),
            sessions.c.token == token,
            sessions.c.expires_at > now,
            agents.c.disabled.is_(False),
        )
    ).first()


class Sessions:
    """The sessions in the accounts' database. Safe in threads."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def list(self, agent: str = "") -> list[Session]:
        """Return all that are good, or an agent's, the last begun first."""
        with self._store.read() as conn:
            its = (origins.c.log == sessions.c.log) & (origins.c.token == sessions.c.token)
            chosen = (
                select(sessions, origins.c.made_at, origins.c.peer, origins.c.client)
                .join(origins, its, isouter=True)
                .where(sessions.c.log == log_of(conn), sessions.c.expires_at > self._clock.now())
            )
            if agent:
                chosen = chosen.where(sessions.c.agent == folded(agent))
            rows = conn.execute(chosen.order_by(sessions.c.expires_at.desc(), sessions.c.token)).all()
        return [
            Session(
                id=row.token[:_ID],
                agent=row.agent,
                made_at=row.made_at,
                expires_at=row.expires_at,
                peer=row.peer or "",
                client=row.client or "",
            )
            for row in rows
        ]

    def begun_at(self, token: str) -> datetime | None:
        """Return when a session was begun, given its token; None for one of an earlier version, or none."""
        with self._store.read() as conn:
            its = (origins.c.log == log_of(conn), origins.c.token == token_hash(token))
            begun: datetime | None = conn.scalar(select(origins.c.made_at).where(*its))
        return begun

    def end(self, id_: str, agent: str = "") -> Session:
        """End one, where ``agent`` is given only theirs; raises WrongUse where there is no such one."""
        found = next((one for one in self.list(agent) if one.id == id_), None)
        if found is None:
            raise WrongUse(f"there is no session {id_!r}, or it is over")
        with self._store.write() as tx:
            which = (sessions.c.log == log_of(tx), sessions.c.agent == found.agent)
            tx.execute(delete(sessions).where(*which, sessions.c.token.startswith(id_, autoescape=True)))
        return found

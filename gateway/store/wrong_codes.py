"""Wrong codes of authenticator apps, counted for a day: who has learnt a password tries few of a million.

The count stands among the attempts, so it outlives this process, and is over with whatever changes the login.
"""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from gateway.store.accounts_tables import attempts
from gateway.store.engine import log_of
from gateway.store.spelling import folded

MOST = 50
_DAY = timedelta(days=1)
_columns = attempts.c


def wrong_codes(conn: Connection, agent: str, now: datetime) -> int:
    """Return how many an agent's login has seen since the first of them, a day ago at most."""
    about = conn.scalar(select(_columns.about).where(*_its(conn, agent), _columns.expires_at > now))
    return int(about["count"]) if about else 0


def count_wrong_code(tx: Connection, agent: str, now: datetime) -> int:
    """Count one more, and return how many there are by now; who calls it holds the agent."""
    count = wrong_codes(tx, agent, now) + 1
    about = {"agent": folded(agent), "count": count}
    if count > 1:
        tx.execute(update(attempts).where(*_its(tx, agent)).values(about=about))
        return count
    forget_wrong_codes(tx, agent)
    row = {"log": log_of(tx), "token": _token(agent), "kind": "wrong codes", "about": about}
    tx.execute(insert(attempts), {**row, "expires_at": now + _DAY})
    return count


def forget_wrong_codes(tx: Connection, agent: str) -> None:
    tx.execute(delete(attempts).where(*_its(tx, agent)))


def _its(conn: Connection, agent: str) -> tuple[ColumnElement[bool], ...]:
    return (_columns.log == log_of(conn), _columns.token == _token(agent))


def _token(agent: str) -> str:
    """Return what no attempt has: theirs are hashes."""
    return f"wrong codes {folded(agent)}"

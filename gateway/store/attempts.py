"""Logins and set-ups that are under way: what was asked of a browser, kept until it answers, once and not for long."""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, insert, select

from gateway.clock import Clock
from gateway.store.accounts_tables import attempts
from gateway.store.engine import Store, log_of
from gateway.store.rows import chunks

_GOOD = timedelta(minutes=10)
_MOST = 10_000  # strangers begin some, too: the oldest give way


class Attempts:
    """The attempts in the accounts' database. Safe in threads."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def begin(self, kind: str, about: dict[str, Any], until: datetime | None = None) -> str:
        """Keep what was asked and return the token that the answer must bring, good for ten minutes or ``until`` then."""
        token, now = secrets.token_urlsafe(32), self._clock.now()
        with self._store.write() as tx:
            tx.execute(delete(attempts).where(attempts.c.log == log_of(tx), attempts.c.expires_at <= now))
            beyond = select(attempts.c.expires_at).where(attempts.c.log == log_of(tx))
            last = tx.scalar(beyond.order_by(attempts.c.expires_at.desc()).offset(_MOST - 1).limit(1))
            if last is not None:
                tx.execute(
                    delete(attempts).where(attempts.c.log == log_of(tx), attempts.c.expires_at <= last)
                )
            row = {"log": log_of(tx), "token": _print(token), "kind": kind, "about": about}
            tx.execute(insert(attempts), {**row, "expires_at": until or now + _GOOD})
        return token

    def look(self, kind: str, token: str) -> tuple[dict[str, Any], datetime] | None:
        """Return what was asked and until when its answer is good, and leave it; None as ``take`` does."""
        with self._store.read() as conn:
            row = conn.execute(
                select(attempts.c.about, attempts.c.expires_at).where(*self._its(conn, kind, token))
            ).first()
        return None if row is None else (row.about, row.expires_at)

    def take(self, kind: str, token: str) -> dict[str, Any] | None:
        """Use a token up and return what was asked, or None for one that is used, over or never was."""
        with self._store.write() as tx:
            its = self._its(tx, kind, token)
            found: dict[str, Any] | None = tx.scalar(select(attempts.c.about).where(*its))
            if not tx.execute(delete(attempts).where(*its)).rowcount:
                return None
        return found

    def _its(self, conn: Connection, kind: str, token: str) -> tuple[ColumnElement[bool], ...]:
        return (
            attempts.c.log == log_of(conn),
            attempts.c.token == _print(token),
            attempts.c.kind == kind,
            attempts.c.expires_at > self._clock.now(),
        )


def end_attempts(tx: Connection, agent: str) -> None:
    """End what somebody is on the way to, so that it does not outlive a change that is taken back later."""
    open_ = tx.execute(select(attempts.c.token, attempts.c.about).where(attempts.c.log == log_of(tx)))
    for chunk in chunks(row.token for row in open_ if row.about.get("agent") == agent):
        tx.execute(delete(attempts).where(attempts.c.log == log_of(tx), attempts.c.token.in_(chunk)))


def _print(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()

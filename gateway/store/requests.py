"""What programs asked for under a key of theirs, so that asking again gives the first answer and does nothing twice.

Kept for a day. A request that a crash cut off is done again after a minute; what it archived then is found to be there.
"""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from gateway.clock import Clock
from gateway.store.accounts_tables import requests
from gateway.store.engine import Store, log_of

_KEPT = timedelta(hours=24)
_CUT_OFF = timedelta(minutes=1)
_columns = requests.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What is known of a key: ``status`` 0 is under way, and ``same`` whether it was the same request."""

    status: int
    answer: Any
    same: bool


class Requests:
    """The requests in the accounts' database. Safe in threads."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def begin(self, token: str, key: str, print_: str) -> Before | None:
        """Begin a request; return what is known of its key already, None where it is to be done now."""
        now = self._clock.now()
        row = {"token": token, "name": named(key), "print": print_, "at": now, "status": 0, "answer": None}
        with self._store.write() as tx:
            tx.execute(delete(requests).where(_columns.log == log_of(tx), _columns.at < now - _KEPT))
        try:
            with self._store.write() as tx:
                tx.execute(insert(requests), {"log": log_of(tx), **row})
        except IntegrityError:
            return self._before(token, key, print_)
        return None

    def finish(self, token: str, key: str, status: int, answer: Any) -> None:
        """Keep an answer. With status 0 the request is forgotten: it failed, and may be tried again."""
        with self._store.write() as tx:
            its = _its(tx, token, key)
            if status:
                tx.execute(update(requests).where(*its).values(status=status, answer=answer))
            else:
                tx.execute(delete(requests).where(*its))

    def _before(self, token: str, key: str, print_: str) -> Before | None:
        now = self._clock.now()
        with self._store.write() as tx:
            its = _its(tx, token, key)
            row = tx.execute(select(requests).where(*its)).first()
            if row is not None and not row.status and row.print == print_ and now - row.at > _CUT_OFF:
                tx.execute(update(requests).where(*its).values(at=now))
                return None
        if row is None:  # it has just failed
            return Before(status=0, answer=None, same=True)
        return Before(status=row.status, answer=row.answer, same=row.print == print_)


def named(key: str) -> str:
    """Return the name under which a key is kept."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def _its(tx: Connection, token: str, key: str) -> tuple[ColumnElement[bool], ...]:
    return (_columns.log == log_of(tx), _columns.token == token, _columns.name == named(key))

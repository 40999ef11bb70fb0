"""Saved searches: an agent's own, and those that all share. Kept with the accounts, since nothing else knows them.

What is searched for may name a person, so the log holds only the fact that a search was saved, changed or removed. Of a
``watched`` agent, an auditor, it holds the words too: a pinned search is asked wherever its count is shown.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, or_, select, update

from gateway.clock import Clock
from gateway.errors import WrongUse
from gateway.mail.canonical import canonical
from gateway.mail.entry import Draft
from gateway.store.accounts_tables import searches
from gateway.store.engine import Store, log_of
from gateway.store.spelling import folded

MOST = 100  # of one agent
NAME_CHARS = 80
_columns = searches.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """A search that can be asked again; a ``pinned`` one is shown with its count."""

    id: str
    agent: str
    name: str
    query: str
    sort: str
    shared: bool
    pinned: bool
    made_at: datetime


class Searches:
    """The saved searches in the accounts' database. Safe in threads; ``append`` archives that one changes, before it does."""

    def __init__(self, store: Store, clock: Clock, append: Callable[[Draft], object], source: str) -> None:
        self._store = store
        self._clock = clock
        self._append = append
        self._source = source

    def save(
        self,
        agent: str,
        name: str,
        query: str,
        sort: str,
        *,
        shared: bool,
        pinned: bool,
        watched: bool = False,
    ) -> Saved:
        """Save a search; raises WrongUse for a name that is none or taken, and where there are too many."""
        name = " ".join(name.split())
        if not 0 < len(name) <= NAME_CHARS or not name.isprintable():
            raise WrongUse(f"give the search a name of at most {NAME_CHARS} letters")
        row: dict[str, Any] = {
            "id": secrets.token_hex(4),
            "agent": folded(agent),
            "name": name,
            "query": query,
            "sort": sort,
            "shared": shared,
            "pinned": pinned,
            "made_at": self._clock.now(),
        }
        with self._store.write() as tx:
            its = (_columns.log == log_of(tx), _columns.agent == row["agent"])
            if tx.scalar(select(func.count()).where(*its, _columns.name == name)):
                raise WrongUse(f"you have a search “{name}” already; remove it first, or choose another name")
            if (tx.scalar(select(func.count()).where(*its)) or 0) >= MOST:
                raise WrongUse(f"you have {MOST} saved searches; remove one first")
            tx.execute(insert(searches), {"log": log_of(tx), **row})
            made = Saved(**row)
            self._record("saved", made, watched=watched)
        return made

    def seen_by(self, agent: str) -> list[Saved]:
        """Return an agent's own and what others share, pinned ones first, then by name."""
        with self._store.read() as conn:
            chosen = select(searches).where(
                _columns.log == log_of(conn), or_(_columns.agent == folded(agent), _columns.shared)
            )
            found = [_saved(row) for row in conn.execute(chosen)]
        return sorted(found, key=lambda one: (not one.pinned, one.name.casefold(), one.id))

    def pin(self, id_: str, agent: str, *, pinned: bool, watched: bool = False) -> Saved:
        """Show a search with its count, or without; raises WrongUse where it is none of the agent's own."""
        found = self._own(id_, agent)
        with self._store.write() as tx:
            tx.execute(
                update(searches).where(_columns.log == log_of(tx), _columns.id == id_).values(pinned=pinned)
            )
            self._record("pinned" if pinned else "unpinned", found, watched=watched)
        return found

    def remove(self, id_: str, agent: str) -> Saved:
        """Remove a search, for everybody where it was shared; raises WrongUse where it is none of the agent's own."""
        found = self._own(id_, agent)
        with self._store.write() as tx:
            tx.execute(delete(searches).where(_columns.log == log_of(tx), _columns.id == id_))
            self._record("removed", found)
        return found

    def _own(self, id_: str, agent: str) -> Saved:
        with self._store.read() as conn:
            its = (_columns.log == log_of(conn), _columns.id == id_, _columns.agent == folded(agent))
            row = conn.execute(select(searches).where(*its)).first()
        if row is None:
            raise WrongUse("that search is not one of yours, or it was removed before")
        return _saved(row)

    def _record(self, did: str, one: Saved, *, watched: bool = False) -> None:
        said = {"did": did, "search": one.id, "shared": one.shared, "agent": one.agent}
        if watched:
            said["query"] = one.query
        self._append(Draft(type="search", payload=canonical(said), meta={"source": self._source}))


def remove_all(tx: Connection, agent: str) -> None:
    """Remove the searches of an agent who leaves; what they shared stays."""
    tx.execute(
        delete(searches).where(
            _columns.log == log_of(tx), _columns.agent == agent, _columns.shared.is_(False)
        )
    )


def _saved(row: Row[Any]) -> Saved:
    return Saved(
        id=row.id,
        agent=row.agent,
        name=row.name,
        query=row.query,
        sort=row.sort,
        shared=row.shared,
        pinned=row.pinned,
        made_at=row.made_at,
    )

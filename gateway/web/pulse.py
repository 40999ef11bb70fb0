"""What waits for people, counted: beside the names of the boards, in the page's title, and for pages that stay open.

One count serves everybody: it is made anew only when the store has moved on, or a clock may have run out meanwhile.
"""

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from gateway.clock import Clock
from gateway.store import fold, jobs, messages, tables
from gateway.store.engine import Store, log_of
from gateway.store.owed import open_counts
from gateway.store.reviews import waiting_count
from gateway.store.sight import narrowed
from rules.clocks import DISPUTES

_LOOK_S = 1.0  # the store is asked whether it moved
_CALM_S = 3.0  # a stream of mail is counted so often
_AGAIN_S = 30.0  # clocks run out without anything happening
_MOST = 1000
_rows = tables.messages.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How much waits on each board; ``at`` is the store's position, ``mail`` how many messages came in while we looked."""

    at: int
    mail: int
    waiting: int  # orders, and messages of no order, that wait for an answer
    late: int  # of these, and of the disputes, those that have run out
    claims: int
    review: int
    outbox: int  # failed, held, or before a second look


class Pulse:
    """The counts of one store. Safe in threads; ``ticks`` are seconds of a clock that only goes on."""

    def __init__(self, store: Store, clock: Clock, *, ticks: Callable[[], float] = time.monotonic) -> None:
        self._store, self._clock, self._ticks = store, clock, ticks
        self._lock = threading.Lock()
        self._looked = self._counted = float("-inf")
        self._counts: Counts | None = None
        self._mail = (-1, 0)  # up to which entry messages were counted, and how many

    def known(self) -> Counts | None:
        """Return the counts where they are of this second, so that nobody waits for them."""
        return self._counts if self._ticks() - self._looked < _LOOK_S else None

    def forget(self) -> None:
        """Look again at the next question, however soon."""
        self._looked = self._counted = float("-inf")

    def counts(self) -> Counts:
        """Return what waits now, or waited a few seconds ago."""
        with self._lock:
            if (known := self.known()) is not None:
                return known
            with self._store.read() as conn:
                now, at = self._ticks(), fold.position(conn)
                before = self._counts
                wait = _CALM_S if before is not None and before.at != at else _AGAIN_S
                if before is None or now - self._counted >= wait:
                    self._counts = before = self._count(conn, at, self._clock.now())
                    self._counted = now
            self._looked = now
            return before

    def _count(self, conn: Connection, at: int, now: datetime) -> Counts:
        waiting, claims, late = open_counts(conn, now, DISPUTES)
        stuck = sum(one.state in {"dead", "held"} for one in jobs.outstanding(conn, _MOST))
        return Counts(
            at=at,
            mail=self._inbound(conn, at),
            waiting=waiting,
            late=late,
            claims=claims,
            review=waiting_count(conn),
            outbox=stuck + messages.held_count(conn),
        )

    def _inbound(self, conn: Connection, at: int) -> int:
        """Return how many messages came in since the first question: pages compare, and all of them are never counted."""
        last, count = self._mail
        if 0 <= last < at:
            came = select(func.count()).where(
                _rows.log == log_of(conn), _rows.seq >= last, _rows.seq < at, _rows.direction == "inbound"
            )
            count += conn.scalar(came) or 0
        self._mail = (at, count)
        return count


class Pulses:
    """The counts as each sees them who has some of the mailboxes; one count serves all who have the same."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._known: dict[frozenset[str], Pulse] = {}

    def of(self, mailboxes: Iterable[str]) -> Pulse:
        """Return the counts for who has these mailboxes; none are all."""
        boxes = frozenset(mailboxes)
        found = self._known.get(boxes)
        if found is None:
            store = narrowed(self._store, boxes) if boxes else self._store
            found = self._known.setdefault(boxes, Pulse(store, self._clock))
        return found

"""Which messages' clocks run, for the words of a query that ask for it."""

from collections.abc import Collection
from datetime import timedelta

from sqlalchemy import select

from gateway.clock import Clock
from gateway.store.clock_tables import clocks
from gateway.store.engine import Store, log_of
from index.waiting import Wait, Waits
from rules.clocks import REPLY


def waits_in(store: Store, clock: Clock) -> Waits:
    """Return what ``parse_query`` asks about clocks, answered from a store as it stands at that second."""

    def waits(wait: Wait) -> Collection[int]:
        now = clock.now()
        with store.read() as conn:
            chosen = select(clocks.c.message).where(
                clocks.c.log == log_of(conn), clocks.c.stopped_by.is_(None)
            )
            if wait.reply:
                chosen = chosen.where(clocks.c.name == REPLY)
            if wait.under_s is not None:
                chosen = chosen.where(clocks.c.due_at < now + timedelta(seconds=wait.under_s))
            if wait.over_s is not None:
                chosen = chosen.where(clocks.c.due_at > now + timedelta(seconds=wait.over_s))
            return set(conn.scalars(chosen))

    return waits

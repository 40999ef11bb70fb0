"""Retention: when each message may go by the class that was fixed when it came in, and which of them are due.

Mail of one order stays or goes together: it is due when the last of it is. What has no class and no default stays for good.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from gateway.store import scope
from gateway.store.classes import Classed, classed_messages
from rules.facts import OrderRef

_YEAR_9999 = 9999


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """How long a class is kept, from when a message occurred, or from the end of that year."""

    years: int = 0
    days: int = 0
    end_of_year: bool = False

    def ends(self, at: datetime) -> datetime:
        """Return when it is over.

        >>> Period(years=6, end_of_year=True).ends(datetime(2026, 3, 1, tzinfo=UTC)).date().isoformat()
        '2033-01-01'
        """
        if self.end_of_year:
            at = datetime(at.year + 1, 1, 1, tzinfo=UTC)
        year = min(at.year + self.years, _YEAR_9999 - 1)
        leap = (at.month, at.day) == (2, 29)
        kept = at.replace(year=year, month=3, day=1) if leap else at.replace(year=year)
        return kept + timedelta(days=self.days)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Messages that stay or go together; ``due_at`` is None where they stay for good."""

    messages: tuple[int, ...]
    orders: tuple[OrderRef, ...]
    classes: tuple[str, ...]
    due_at: datetime | None
    hindrance: str = ""  # why they stay although they are due


def due_by(conn: Connection, periods: Mapping[str, Period], default: str, until: datetime) -> Iterator[Group]:
    """Yield what is due by a time, the oldest first; what is held or not done with says so in its ``hindrance``."""
    classed = {one.seq: one for one in classed_messages(conn, before=until)}
    seen: set[int] = set()
    for seq in sorted(classed):
        if seq in seen:
            continue
        messages, orders = _together(conn, seq)
        seen |= messages
        missing = messages - classed.keys()
        if missing:
            continue  # some of it is younger than that
        group = _group([classed[one] for one in messages], orders, periods, default)
        if group.due_at is None or group.due_at > until:
            continue
        yield _hindered(conn, group)


def end_of_next_month(now: datetime) -> datetime:
    """Return when the month after this one is over, in UTC.

    >>> end_of_next_month(datetime(2026, 12, 31, tzinfo=UTC)).date().isoformat()
    '2027-02-01'
    """
    first = now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    for _ in range(2):
        first = (first + timedelta(days=32)).replace(day=1)
    return first


def _together(conn: Connection, seq: int) -> tuple[set[int], set[OrderRef]]:
    """Return a message with all that its orders tie to it, and those orders."""
    messages, orders, fresh = {seq}, set[OrderRef](), {seq}
    while fresh:
        found = {one for each in scope.orders_of(conn, fresh).values() for one in each} - orders
        orders |= found
        fresh = scope.messages_of(conn, found) - messages
        messages |= fresh
    return messages, orders


def _group(
    classed: list[Classed], orders: Iterable[OrderRef], periods: Mapping[str, Period], default: str
) -> Group:
    ends = [
        periods[name].ends(one.at) if (name := one.class_ or default) in periods else None for one in classed
    ]
    due = None if None in ends else max(one for one in ends if one is not None)
    return Group(
        messages=tuple(sorted(one.seq for one in classed)),
        orders=tuple(sorted(orders)),
        classes=tuple(sorted({one.class_ or default for one in classed})),
        due_at=due,
    )


def _hindered(conn: Connection, group: Group) -> Group:
    held = [f"order {row.order.value} is held: {row.held_why}" for row in scope.holds_of(conn, group.orders)]
    held += [f"message {seq}: {why}" for seq, why in scope.unfinished(conn, group.messages).items()]
    return Group(
        messages=group.messages,
        orders=group.orders,
        classes=group.classes,
        due_at=group.due_at,
        hindrance="; ".join(held),
    )


def batches(groups: Iterable[Group]) -> dict[tuple[str, ...], list[Group]]:
    """Return what may go, by the classes it is of: one erasure each."""
    found = defaultdict[tuple[str, ...], list[Group]](list)
    for group in groups:
        if not group.hindrance:
            found[group.classes].append(group)
    return dict(found)

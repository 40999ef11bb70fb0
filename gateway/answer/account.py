"""The account-audit file: every clock of a time, how it ended and whether in time, and the sums by marketplace. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median

from gateway.store.due import ClockRow

COLUMNS = (
    "MESSAGE",
    "MARKETPLACE",
    "ORDERS",
    "CLOCK",
    "KIND",
    "BEGAN",
    "DUE",
    "ENDED",
    "HOURS",
    "HOW",
    "IN TIME",
    "SHOWN BY",
)
_DAY = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """What came of the clocks of one name at one marketplace; ``day`` are those that ended within 24 hours."""

    marketplace: str
    clock: str
    begun: int
    kept: int
    late: int
    open: int
    overdue: int
    day: int
    median: timedelta | None
    longest: timedelta | None


def lines_of(rows: Iterable[ClockRow], now: datetime) -> Iterator[tuple[str, ...]]:
    """Yield a line for each clock, in the order of ``COLUMNS``; times are RFC 3339 in UTC."""
    for row in rows:
        took = None if row.stopped_at is None else row.stopped_at - row.started_at
        yield (
            str(row.message),
            row.marketplace,
            " ".join(order.value for order in row.orders),
            row.name,
            row.kind,
            _written(row.started_at),
            _written(row.due_at),
            "" if row.stopped_at is None else _written(row.stopped_at),
            "" if took is None else f"{took.total_seconds() / 3600:.2f}",
            row.how or "open",
            _in_time(row, now),
            " ".join(map(str, filter(None, (row.by, row.stopped_by)))),
        )


def sums_of(rows: Iterable[ClockRow], now: datetime) -> list[Sum]:
    """Return the sums of each marketplace and clock, in the order of their names."""
    grouped: dict[tuple[str, str], list[ClockRow]] = defaultdict(list)
    for row in rows:
        grouped[row.marketplace, row.name].append(row)
    return [_sum(*key, group, now) for key, group in sorted(grouped.items())]


def _sum(marketplace: str, clock: str, rows: Sequence[ClockRow], now: datetime) -> Sum:
    took = [row.stopped_at - row.started_at for row in rows if row.stopped_at is not None]
    return Sum(
        marketplace=marketplace,
        clock=clock,
        begun=len(rows),
        kept=sum(row.kept for row in rows),
        late=sum(row.stopped_at is not None and not row.kept for row in rows),
        open=sum(row.stopped_at is None and row.due_at >= now for row in rows),
        overdue=sum(row.stopped_at is None and row.due_at < now for row in rows),
        day=sum(one <= _DAY for one in took),
        median=timedelta(seconds=median(one.total_seconds() for one in took)) if took else None,
        longest=max(took, default=None),
    )


def _in_time(row: ClockRow, now: datetime) -> str:
    if row.stopped_at is not None:
        return "yes" if row.kept else "no"
    return "no" if row.due_at < now else "open"


def _written(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

"""Until when something must be answered: hours counted in a zone, on the days that count. Nothing here asks what time it is.

A day that does not count adds nothing: 72 hours from Friday noon without weekends end on Wednesday noon. What is counted are
hours that pass, so a day on which the clocks are set back counts 25 of them: at worst the deadline is told an hour early.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_SATURDAY = 5
_DAYS_MAX = 4000  # looked at for one deadline; a calendar of nothing but holidays must end too


@dataclass(frozen=True, slots=True, kw_only=True)
class Timetable:
    """The seller's own settings for clocks: the zone in which days begin, and the holidays, which nobody else can know.

    ``reply_hours`` is for buyers' messages of marketplaces whose file knows no term; 0 is none. ``claim_warnings`` and
    ``reply_warnings`` say how many hours before a deadline ``people`` are warned; without people, the mailbox's readers.
    """

    zone: str = "UTC"
    holidays: frozenset[date] = frozenset()
    reply_hours: float = 24.0
    claim_warnings: tuple[float, ...] = (24.0, 6.0, 1.0)
    reply_warnings: tuple[float, ...] = ()
    people: tuple[str, ...] = ()


DEFAULT = Timetable()


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """A clock that a message starts; ``said`` is why it is due then. ``warn_at`` is in time, none before ``started_at``."""

    name: str  # "reply", "claim_answer", ...
    started_at: datetime
    due_at: datetime
    said: str
    warn_at: tuple[datetime, ...] = ()
    tell: tuple[str, ...] = ()
    zone: str = "UTC"  # in which its days were counted, and people read it


def is_zone(name: str) -> bool:
    """Tell whether there is a time zone of this name."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return False
    return True


def due_after(
    start: datetime,
    hours: float,
    *,
    zone: str,
    weekends_count: bool = True,
    holidays: frozenset[date] = frozenset(),
) -> datetime:
    """Return when so many hours have passed on days that count.

    >>> friday = datetime(2026, 11, 27, 12, tzinfo=UTC)
    >>> due_after(friday, 24, zone="UTC").isoformat()
    '2026-11-28T12:00:00+00:00'
    >>> due_after(friday, 72, zone="UTC", weekends_count=False).isoformat()
    '2026-12-02T12:00:00+00:00'
    """
    left = timedelta(hours=hours)
    if weekends_count and not holidays:
        return start + left
    here = ZoneInfo(zone)
    at = start
    for _ in range(_DAYS_MAX):
        day = at.astimezone(here).date()
        midnight = datetime.combine(day + timedelta(days=1), time(), here).astimezone(UTC)
        if day not in holidays and (weekends_count or day.weekday() < _SATURDAY):
            if left <= midnight - at:
                return at + left
            left -= midnight - at
        at = midnight
    return at


def end_of(day: str, at: str, *, zone: str) -> datetime:
    """Return the last moment of a day, or a time on it, in a zone.

    >>> end_of("2026-11-27", "", zone="Europe/Berlin").isoformat()
    '2026-11-27T22:59:59+00:00'
    """
    moment = time.fromisoformat(at) if at else time(23, 59, 59)
    return datetime.combine(date.fromisoformat(day), moment, ZoneInfo(zone)).astimezone(UTC)


def warnings_before(start: datetime, due: datetime, hours: tuple[float, ...]) -> tuple[datetime, ...]:
    """Return when people are warned: at each distance, and at once instead of all that would have been before the start.

    >>> at = datetime(2026, 11, 27, 12, tzinfo=UTC)
    >>> [one.hour for one in warnings_before(at, at + timedelta(hours=5), (24, 6, 1))]
    [12, 16]
    """
    return tuple(sorted({max(start, due - timedelta(hours=one)) for one in hours}))

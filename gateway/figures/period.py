"""A month, or another time from one day to another, in the seller's own zone. Pure."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from gateway.errors import WrongUse

_MONTH = re.compile(r"([0-9]{4})-([0-9]{2})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """The days from ``first`` up to, not including, ``end``, as they are days in ``zone``."""

    first: date
    end: date
    zone: tzinfo

    @property
    def since(self) -> datetime:
        return _begin(self.first, self.zone)

    @property
    def until(self) -> datetime:
        return _begin(self.end, self.zone)

    @property
    def name(self) -> str:
        return f"{self.first:%Y-%m}"

    @property
    def days(self) -> list[date]:
        return [self.first + timedelta(days=at) for at in range((self.end - self.first).days)]

    @property
    def runs(self) -> list[tuple[datetime, datetime, date]]:
        """The days in runs of 24 hours each, and those on which clocks change alone: begin, end and first day of each run.

        A day that a zone has skipped, crossing the date line, is in none.
        """
        found: list[tuple[datetime, datetime, date]] = []
        for day in self.days:
            begin, end = (_begin(one, self.zone) for one in (day, day + timedelta(days=1)))
            if self.day_of(begin) != day:
                continue
            whole = timedelta(days=1)
            if found and end - begin == whole and begin - found[-1][0] == day - found[-1][2]:
                found[-1] = (found[-1][0], end, found[-1][2])
            else:
                found.append((begin, end, day))
        return found

    @property
    def before(self) -> str:
        """The name of the month before."""
        return f"{self.first - timedelta(days=1):%Y-%m}"

    @property
    def after(self) -> str:
        return f"{self.end:%Y-%m}"

    def day_of(self, at: datetime) -> date:
        return at.astimezone(self.zone).date()

    def week_of(self, at: datetime) -> str:
        """Return the ISO week of a moment, as 2026-W48."""
        year, week, _ = self.day_of(at).isocalendar()
        return f"{year}-W{week:02}"


def month_named(name: str, zone: tzinfo) -> Period:
    """Return a month; raises WrongUse for what is none.

    >>> month_named("2026-12", UTC).end
    datetime.date(2027, 1, 1)
    """
    found = _MONTH.fullmatch(name.strip())
    try:
        if found is None:
            raise ValueError
        first = date(int(found[1]), int(found[2]), 1)
        if not 1990 <= first.year < 2200:
            raise ValueError
    except ValueError:
        raise WrongUse(f"{name!r} is no month; write one as 2026-11") from None
    end = (first + timedelta(days=32)).replace(day=1)
    return Period(first=first, end=end, zone=zone)


def month_of(now: datetime, zone: tzinfo) -> Period:
    """Return the month that a moment lies in."""
    return month_named(f"{now.astimezone(zone):%Y-%m}", zone)


def _begin(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time.min, zone).astimezone(UTC)

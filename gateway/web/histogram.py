"""When the messages found were written: bars of days, weeks, months or years, each with the query that narrows to it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from itertools import pairwise

from babel.dates import format_date

from gateway import tongue
from gateway.tongue import _, marked

_MOST = 31  # bars
_YEARS = 30  # a forged date may lie anywhere; what is older than this before the newest message has no bar
HEIGHT = 44
WIDTH = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar: where it stands in a drawing ``WIDTH`` wide and ``HEIGHT`` high, what it says, and what finds it."""

    x: float
    width: float
    height: float
    said: str
    count: int
    term: str
    since: date
    until: date  # the day after


@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram:
    """Bars in time; ``unit`` is what each stands for."""

    unit: str
    first: str
    last: str
    bars: list[Bar]


def histogram(
    first: datetime, last: datetime, zone: tzinfo, count: Callable[[list[int]], Sequence[int]]
) -> Histogram | None:
    """Return the bars from the first message to the last, or None where all are of one day: then bars tell nothing.

    ``count`` says how many messages lie between each second and the next.
    """
    since, until = first.astimezone(zone).date(), last.astimezone(zone).date()
    since = max(since, date(max(1970, until.year - _YEARS), 1, 1))
    if since >= until or until.year >= 2200:
        return None
    unit, starts = _starts(since, until)
    slot = WIDTH / (len(starts) - 1)
    spans = list(pairwise(starts))
    terms = [_term(unit, start, stop) for start, stop in spans]
    counts = count([_second(day, zone) for day in starts])
    tallest = max(counts) or 1
    bars = [
        Bar(
            x=round(at * slot + slot * 0.08, 2),
            width=round(slot * 0.84, 2),
            height=round(max(2.0, HEIGHT * number / tallest), 2) if number else 0.0,
            said=_said(unit, start),
            count=number,
            term=term,
            since=max(start, date(1970, 1, 1)),
            until=stop,
        )
        for at, ((start, stop), number, term) in enumerate(zip(spans, counts, terms, strict=True))
    ]
    return Histogram(unit=unit, first=bars[0].said, last=bars[-1].said, bars=bars)


def _starts(since: date, until: date) -> tuple[str, list[date]]:
    """Return the finest unit that needs few bars, and where each bar begins; the last date ends the last bar."""
    for unit in (marked("day"), marked("week"), marked("month"), marked("year")):
        starts = [_begin(unit, since)]
        while starts[-1] <= until and len(starts) <= _MOST + 1:
            starts.append(_next(unit, starts[-1]))
        if len(starts) - 1 <= _MOST:
            return unit, starts
    raise AssertionError("years are few: the first is at most _YEARS before the last")


def _second(day: date, zone: tzinfo) -> int:
    """Return when a day begins, as a query reads it; what lies before 1970 stands at its beginning."""
    return max(0, int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()))


def _begin(unit: str, day: date) -> date:
    match unit:
        case "week":
            return day - timedelta(days=day.weekday())
        case "month":
            return day.replace(day=1)
        case "year":
            return day.replace(month=1, day=1)
    return day


def _next(unit: str, day: date) -> date:
    match unit:
        case "week":
            return day + timedelta(days=7)
        case "month":
            return (day + timedelta(days=31)).replace(day=1)
        case "year":
            return day.replace(year=day.year + 1)
    return day + timedelta(days=1)


def _term(unit: str, start: date, stop: date) -> str:
    return f"on:{start}" if unit == "day" else f"after:{max(start, date(1970, 1, 1))} before:{stop}"


def _said(unit: str, day: date) -> str:
    match unit:
        case "week":
            return _("week of %(day)s") % {"day": format_date(day, "d MMM y", tongue.locale())}
        case "month":
            return format_date(day, "MMM y", tongue.locale())
        case "year":
            return f"{day.year}"
    return format_date(day, "d MMM y", tongue.locale())

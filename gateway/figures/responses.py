"""How long buyers waited, counted from the same waits that an order's dossier shows. Pure: clocks in, counts out."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from statistics import median

from gateway.figures.period import Period
from gateway.store.due import ClockRow, reply_waits
from gateway.tongue import marked

DAY = timedelta(hours=24)
_H = timedelta(hours=1)
# Up to and with each of these; what took longer stands in the last.
STEPS: tuple[tuple[str, timedelta], ...] = (
    (marked("up to 1 h"), _H),
    (marked("1 to 4 h"), 4 * _H),
    (marked("4 to 8 h"), 8 * _H),
    (marked("8 to 24 h"), DAY),
    (marked("24 to 48 h"), 2 * DAY),
    (marked("over 48 h"), timedelta.max),
)
ON_SITE, NOBODY, UNKNOWN = (
    marked("(on the marketplace's site)"),
    marked("(not answered)"),
    marked("(erased)"),
)
NO_MARKETPLACE = marked("(none)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What came of some waits. ``day`` were answered within 24 hours and ``later`` after; of the others some are young yet.

    Times are in seconds, of those that were answered.
    """

    name: str
    waits: int
    day: int
    later: int
    young: int  # not answered, and not 24 hours old
    old: int  # not answered for more than 24 hours
    median_s: int | None
    slow_s: int | None  # nine in ten were answered as fast as this or faster
    longest_s: int | None

    @property
    def percent(self) -> int | None:
        """The whole per cent answered within 24 hours, rounded down, of those whose 24 hours are over or that have their answer."""
        told = self.waits - self.young
        return self.day * 100 // told if told else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Responses:
    """The waits that began in a time, as a whole and by marketplace, agent and week; ``spread`` counts answers by length."""

    total: Share
    by_marketplace: tuple[Share, ...]
    by_agent: tuple[Share, ...]
    by_week: tuple[Share, ...]
    spread: tuple[tuple[str, int], ...]


def responses_of(
    rows: Iterable[ClockRow], writers: Mapping[int, str], period: Period, now: datetime
) -> Responses:
    """Return what came of the waits that began in a period; ``rows`` are those of ``due.replies_begun``.

    ``writers`` says whose answer each entry was that ended a clock. An answer that bounced has ended none.
    """
    waits = [one for one in reply_waits(rows) if period.since <= one.started_at < period.until]

    def by(name: Callable[[ClockRow], str]) -> tuple[Share, ...]:
        grouped = defaultdict[str, list[ClockRow]](list)
        for one in waits:
            grouped[name(one)].append(one)
        return tuple(_share(key, group, now) for key, group in sorted(grouped.items()))

    return Responses(
        total=_share(marked("all"), waits, now),
        by_marketplace=by(lambda one: one.marketplace or NO_MARKETPLACE),
        by_agent=by(lambda one: _writer(one, writers)),
        by_week=by(lambda one: period.week_of(one.started_at)),
        spread=_spread(waits),
    )


def _writer(one: ClockRow, writers: Mapping[int, str]) -> str:
    if one.stopped_by is None:
        return NOBODY
    if one.how == "site":
        return ON_SITE
    return writers.get(one.stopped_by, "") or UNKNOWN


def _share(name: str, waits: Sequence[ClockRow], now: datetime) -> Share:
    took = sorted(span for one in waits if (span := _took(one)) is not None)
    day = sum(span <= DAY for span in took)
    open_ = [one for one in waits if one.stopped_at is None]
    young = sum(now - one.started_at <= DAY for one in open_)
    seconds = [round(span.total_seconds()) for span in took]
    return Share(
        name=name,
        waits=len(waits),
        day=day,
        later=len(took) - day,
        young=young,
        old=len(open_) - young,
        median_s=round(median(seconds)) if seconds else None,
        slow_s=seconds[ceil(len(seconds) * 0.9) - 1] if seconds else None,
        longest_s=seconds[-1] if seconds else None,
    )


def _took(one: ClockRow) -> timedelta | None:
    return None if one.stopped_at is None else one.stopped_at - one.started_at


def _spread(waits: Iterable[ClockRow]) -> tuple[tuple[str, int], ...]:
    counts = dict.fromkeys((name for name, _ in STEPS), 0)
    for one in waits:
        if (took := _took(one)) is not None:
            counts[next(name for name, most in STEPS if took <= most)] += 1
    return tuple(counts.items())

"""The figures of a month: response times, volume, claims, tags, what the policy minded, and how completely mail was taken. Pure."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from gateway.answer.account import Sum, sums_of
from gateway.answer.watched import Watched
from gateway.figures.period import Period
from gateway.figures.responses import NO_MARKETPLACE, Responses, responses_of
from gateway.store.due import ClockRow
from gateway.store.tallies import Counted
from rules.clocks import ENDINGS


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """Messages of one day, marketplace or mailbox; ``sent`` left the house, or were written on the marketplace's site."""

    name: str
    received: int
    sent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Minded:
    """How many answers one check of the policy refused, held for a second look, or warned of."""

    check: str
    refused: int
    held: int
    warned: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How completely one mailbox's folders were captured: ``missed_s`` is the time of outages, each moment counted once."""

    mailbox: str
    began: datetime | None
    compared: datetime | None
    outages: int
    missed_s: int
    watched_s: int  # of the period, up to now, since capture began

    @property
    def percent(self) -> float | None:
        """How much of the time was covered, in per cent, rounded down to hundredths: only all of it is 100."""
        if not self.watched_s:
            return None
        return (self.watched_s - self.missed_s) * 10_000 // self.watched_s / 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """What a month's figures are made of, as the store tells it; ``replies`` and ``deadlines`` as ``due`` says."""

    replies: tuple[ClockRow, ...]
    writers: Mapping[int, str]
    deadlines: tuple[ClockRow, ...]
    mails: tuple[Counted, ...]
    bounced: int
    tags: Mapping[str, int]
    findings: Mapping[tuple[str, str], int]
    watched: Mapping[str, Watched]


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """All figures of a month; of one that is not over, those up to ``now``."""

    period: Period
    now: datetime
    responses: Responses
    days: tuple[Volume, ...]
    by_marketplace: tuple[Volume, ...]
    by_mailbox: tuple[Volume, ...]
    claims: tuple[Sum, ...]
    closed: int  # disputes that a notice of the month says are decided
    failed: int  # answers that no server took in the end
    bounced: int  # answers that were taken, and came back
    tags: tuple[tuple[str, int], ...]
    minded: tuple[Minded, ...]
    coverage: tuple[Coverage, ...]

    @property
    def is_over(self) -> bool:
        return self.period.until <= self.now


def figures_of(found: Gathered, period: Period, now: datetime) -> Month:
    """Return a month's figures."""
    mails = found.mails
    end = min(period.until, now)
    return Month(
        period=period,
        now=now,
        responses=responses_of(found.replies, found.writers, period, now),
        days=_by_day(mails, period, period.day_of(end - timedelta(microseconds=1))),
        by_marketplace=_volumes(mails, lambda one: one.marketplace or NO_MARKETPLACE),
        by_mailbox=_volumes(mails, lambda one: one.mailbox or NO_MARKETPLACE),
        claims=tuple(sums_of(found.deadlines, now)),
        closed=sum(one.count for one in mails if one.kind in ENDINGS and one.direction == "inbound"),
        failed=sum(one.count for one in mails if one.is_failed),
        bounced=found.bounced,
        tags=tuple(sorted(found.tags.items(), key=lambda pair: (-pair[1], pair[0]))),
        minded=_minded(found.findings),
        coverage=tuple(_coverage(name, one, period, end) for name, one in sorted(found.watched.items())),
    )


def _volumes(mails: Iterable[Counted], name: Callable[[Counted], str]) -> tuple[Volume, ...]:
    received: Counter[str] = Counter()
    sent: Counter[str] = Counter()
    for one in mails:
        if one.direction == "inbound":
            received[name(one)] += one.count
        elif one.is_sent:
            sent[name(one)] += one.count
    return tuple(
        Volume(name=key, received=received[key], sent=sent[key]) for key in sorted({*received, *sent})
    )


def _by_day(mails: Iterable[Counted], period: Period, last: date) -> tuple[Volume, ...]:
    """Return every day up to the last, also those on which nothing came."""
    told = {one.name: one for one in _volumes(mails, lambda one: one.day.isoformat())}
    days = [day.isoformat() for day in period.days if day <= last or day.isoformat() in told]
    return tuple(told.get(day, Volume(name=day, received=0, sent=0)) for day in days)


def _minded(findings: Mapping[tuple[str, str], int]) -> tuple[Minded, ...]:
    return tuple(
        Minded(
            check=check,
            refused=findings.get((check, "refuse"), 0),
            held=findings.get((check, "hold"), 0),
            warned=findings.get((check, "warn"), 0),
        )
        for check in sorted({check for check, _ in findings})
    )


def _coverage(mailbox: str, watched: Watched, period: Period, end: datetime) -> Coverage:
    begin = max(period.since, watched.began) if watched.began is not None else end
    breaks = watched.breaks(begin, end) if begin < end else ()
    return Coverage(
        mailbox=mailbox,
        began=watched.began,
        compared=watched.compared,
        outages=len(breaks),
        missed_s=_together(breaks),
        watched_s=round((end - begin).total_seconds()) if begin < end else 0,
    )


def _together(spans: Iterable[tuple[datetime, datetime]]) -> int:
    """Return how many seconds lie in any of these spans."""
    total, reached = timedelta(), None
    for first, last in sorted(spans):
        begin = first if reached is None else max(first, reached)
        if last > begin:
            total += last - begin
            reached = last
    return round(total.total_seconds())

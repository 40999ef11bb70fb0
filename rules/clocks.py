"""Which clocks a message starts, and until when each runs: what the mail itself states, else the marketplace's own term.

Terms that marketplaces document disagree with their mail, so a notice's own words go first. Not for a buyer's message: what
stands there may be the buyer's word, and it can only make the time shorter.
"""

from datetime import datetime

from rules.belief import Belief
from rules.book import Clock
from rules.deadlines import Deadline, Timetable, due_after, end_of, warnings_before
from rules.facts import Facts, FoundTerm, Reading
from rules.marketplace import Marketplaces

REPLY = "reply"
# Disputes, which a marketplace decides against a seller who stays silent: a hold, and warnings.
CLAIMS = frozenset({"claim_opened", "claim_updated", "chargeback_opened"})
DISPUTES = CLAIMS | {"claim_closed", "chargeback_closed"}  # these may be appealed
# What ends a dispute, and with it the clocks that these notices started.
ENDINGS = {
    "claim_closed": frozenset({"claim_opened", "claim_updated"}),
    "chargeback_closed": frozenset({"chargeback_opened"}),
}
_SHORTEST_H = 24.0  # of all terms that any marketplace gives for a dispute; for those that say nothing
_OURS = "docket"  # in X-Loop: a notice that we wrote ourselves


def deadlines_of(
    facts: Facts, reading: Reading, belief: Belief, marketplaces: Marketplaces
) -> tuple[Deadline, ...]:
    """Return the clocks that a message starts; history, forgeries and what we wrote ourselves start none."""
    start = facts.occurred_at
    ours = facts.direction == "outbound" or reading.direction == "outbound"
    if ours or facts.historical or belief.claimed or start is None or not reading.kind:
        return ()
    if _field(facts, "x-loop").strip() == _OURS:
        return ()
    if reading.kind == "buyer_message" and is_automatic(facts):
        return ()  # a buyer who is away asks nothing
    timetable = marketplaces.timetable
    market = marketplaces.get(reading.marketplace)
    title = market.file.title if market is not None else "no marketplace"
    clocks = market.file.clocks if market is not None else ()
    return tuple(
        _deadline(one, start, reading, timetable, title)
        for one in (*clocks, *_unwritten(clocks, reading.kind, timetable))
        if reading.kind in one.starts_on
    )


def is_automatic(facts: Facts) -> bool:
    """Tell whether a program answered: an absence note, an answer by a robot (RFC 3834 section 5)."""
    return _field(facts, "auto-submitted").lower().startswith("auto-replied")


def _field(facts: Facts, name: str) -> str:
    return next((value for key, value in facts.headers if key.lower() == name), "")


def _unwritten(clocks: tuple[Clock, ...], kind: str, timetable: Timetable) -> tuple[Clock, ...]:
    """Return the clock for a kind of message that the marketplace's file gives none: buyers and disputes do not wait."""
    if any(kind in one.starts_on for one in clocks):
        return ()
    if kind == "buyer_message" and timetable.reply_hours:
        return (Clock(name=REPLY, starts_on=(kind,), hours=timetable.reply_hours),)
    if kind in CLAIMS:
        name = "chargeback_answer" if kind == "chargeback_opened" else "claim_answer"
        return (Clock(name=name, starts_on=(kind,), hours=_SHORTEST_H),)
    return ()


def _deadline(clock: Clock, start: datetime, reading: Reading, timetable: Timetable, title: str) -> Deadline:
    zone = clock.zone or timetable.zone
    due = due_after(
        start,
        clock.hours,
        zone=zone,
        weekends_count=clock.weekends_count,
        holidays=frozenset() if clock.holidays_count else timetable.holidays,
    )
    days = "" if clock.weekends_count and clock.holidays_count else " on days that count"
    said = f"{clock.hours:g} hours{days} ({title})"
    stated = [one for term in reading.terms if (one := _stated(term, start, zone, timetable)) is not None]
    if stated:
        at, words = min(stated)
        if clock.name != REPLY or at < due:
            due, said = at, f"the mail says: {words}"
    distances = timetable.reply_warnings if clock.name == REPLY else timetable.claim_warnings
    return Deadline(
        name=clock.name,
        started_at=start,
        due_at=due,
        said=said,
        warn_at=warnings_before(start, due, distances),
        tell=timetable.people,
        zone=zone,
    )


def _stated(term: FoundTerm, start: datetime, zone: str, timetable: Timetable) -> tuple[datetime, str] | None:
    """Return until when a mail's own words give time; None for a day that had passed when it came."""
    if term.hours:
        return due_after(start, term.hours, zone=zone), term.words
    if term.working_days:
        hours = 24.0 * term.working_days
        free = timetable.holidays
        return due_after(start, hours, zone=zone, weekends_count=False, holidays=free), term.words
    days = [end_of(day, term.at, zone=zone) for day in term.until]
    return min(((at, term.words) for at in days if at > start), default=None)

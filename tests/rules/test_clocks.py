"""Which clocks a message starts: the marketplace's term, the mail's own word, and none for what is old, forged or ours."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from rules.belief import Belief
from rules.book import Clock
from rules.clocks import deadlines_of, is_automatic
from rules.deadlines import Timetable
from rules.facts import Facts, FoundTerm, Reading

AT = datetime(2026, 11, 27, 12, tzinfo=UTC)  # a Friday
HOUR = timedelta(hours=1)


def started(marketplaces, marketplace, kind, *terms, timetable=None, belief=None, direction="", **facts):
    if timetable is not None:
        marketplaces = replace(marketplaces, timetable=timetable)
    facts = Facts(**{"direction": "inbound", "occurred_at": AT, **facts})
    reading = Reading(marketplace=marketplace, kind=kind, terms=terms, direction=direction)
    return deadlines_of(facts, reading, belief or Belief(), marketplaces)


def term(words="within 3 calendar days", **what):
    return FoundTerm(words=words, where="text", span=(0, 1), **what)


TERMS = {
    ("amazon", "buyer_message"): ("reply", 24),
    ("walmart", "buyer_message"): ("reply", 48),
    ("amazon", "claim_opened"): ("claim_answer", 48),
    ("amazon", "chargeback_opened"): ("chargeback_answer", 168),
    ("amazon", "claim_closed"): ("claim_appeal", 720),
    ("ebay", "claim_opened"): ("claim_answer", 120),  # three business days over a weekend
    ("kaufland", "buyer_message"): ("reply", 24),  # nobody knows a term: the settings' own
    ("kaufland", "claim_opened"): ("claim_answer", 24),  # the shortest there is
    ("", "buyer_message"): ("reply", 24),
    ("amazon", "claim_updated"): ("claim_answer", 24),
}


@pytest.mark.parametrize("who, expected", TERMS.items(), ids=[" ".join(who) for who in TERMS])
def test_a_message_starts_its_marketplace_s_clock(marketplaces, who, expected):
    (one,) = started(marketplaces, *who)
    assert (one.name, one.started_at, one.due_at - AT) == (expected[0], AT, expected[1] * HOUR)


@pytest.mark.parametrize("kind", ["sold", "payout", "refund_issued", ""])
def test_what_asks_nothing_starts_no_clock(marketplaces, kind):
    assert started(marketplaces, "amazon", kind) == ()


NONE = {
    "history": {"historical": True},
    "our own answer": {"direction": "outbound"},
    "a forgery": {"belief": Belief(claimed="amazon")},
    "our own notice": {"headers": (("X-Loop", "docket"),)},
    "an absence note": {"headers": (("Auto-Submitted", "auto-replied"),)},
    "a time that nobody knows": {"occurred_at": None},
}


@pytest.mark.parametrize("more", NONE.values(), ids=NONE)
def test_old_forged_and_automatic_mail_starts_none(marketplaces, more):
    assert started(marketplaces, "amazon", "buyer_message", **more) == ()


def test_what_a_notice_states_goes_before_any_table(marketplaces):
    (one,) = started(marketplaces, "amazon", "claim_opened", term(hours=72))
    assert one.due_at - AT == 72 * HOUR
    assert one.said == "the mail says: within 3 calendar days"


def test_of_several_terms_the_first_to_end_counts_and_a_day_gone_by_does_not(marketplaces):
    terms = (
        term(hours=72),
        term("by 2026-11-28", until=("2026-11-28",), at="08:00"),
        term(until=("2026-11-01",)),
    )
    (one,) = started(marketplaces, "amazon", "claim_opened", *terms)
    assert one.due_at == datetime(2026, 11, 28, 8, tzinfo=UTC)


def test_of_a_day_that_can_be_two_the_earlier_to_come_is_taken(marketplaces):
    (one,) = started(marketplaces, "amazon", "claim_opened", term(until=("2026-05-12", "2026-12-05")))
    assert one.due_at == datetime(2026, 12, 5, 23, 59, 59, tzinfo=UTC)


def test_working_days_leave_out_weekends_and_the_settings_holidays(marketplaces):
    timetable = Timetable(zone="Europe/Berlin", holidays=frozenset({date(2026, 11, 30)}))
    (one,) = started(marketplaces, "amazon", "claim_opened", term(working_days=2), timetable=timetable)
    assert one.due_at == datetime(2026, 12, 2, 12, tzinfo=UTC)


def test_a_buyer_s_own_words_never_make_the_time_longer(marketplaces):
    (longer,) = started(marketplaces, "amazon", "buyer_message", term(hours=720))
    (shorter,) = started(marketplaces, "amazon", "buyer_message", term(hours=2))
    assert (longer.due_at - AT, shorter.due_at - AT) == (24 * HOUR, 2 * HOUR)


def test_disputes_warn_and_replies_do_when_asked_to(marketplaces):
    timetable = Timetable(claim_warnings=(6, 1), reply_warnings=(2,), people=("boss@brand.example",))
    (claim,) = started(marketplaces, "amazon", "claim_opened", timetable=timetable)
    (reply,) = started(marketplaces, "amazon", "buyer_message", timetable=timetable)
    assert [claim.due_at - one for one in claim.warn_at] == [6 * HOUR, HOUR]
    assert [reply.due_at - one for one in reply.warn_at] == [2 * HOUR]
    assert claim.tell == ("boss@brand.example",)


def test_no_term_is_a_setting_too(marketplaces):
    assert started(marketplaces, "", "buyer_message", timetable=Timetable(reply_hours=0)) == ()


def test_every_clock_in_the_files_has_a_zone_that_there_is(marketplaces):
    clocks = [one for market in marketplaces.marketplaces.values() for one in market.file.clocks]
    assert len(clocks) > 10
    assert {one.zone for one in clocks if one.zone} == {"Europe/Amsterdam"}
    assert Clock(name="x", starts_on=(), hours=1).zone == ""


def test_what_a_program_answers_is_told_from_what_it_generates():
    said = {"auto-replied": True, "auto-replied (vacation)": True, "auto-generated": False, "no": False}
    for value, automatic in said.items():
        assert is_automatic(Facts(direction="inbound", headers=(("Auto-Submitted", value),))) is automatic

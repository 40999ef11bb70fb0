"""Deadlines: hours on the days that count, in the zone that counts."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.deadlines import due_after, end_of, is_zone, warnings_before

FRIDAY_NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
CASES = {
    "calendar hours run through the weekend": (FRIDAY_NOON, 24, {}, "2026-11-28T12:00:00+00:00"),
    "the weekend adds nothing": (FRIDAY_NOON, 24, {"weekends_count": False}, "2026-11-30T12:00:00+00:00"),
    "a start on Saturday counts from Monday": (
        FRIDAY_NOON + timedelta(days=1), 24, {"weekends_count": False}, "2026-12-01T00:00:00+00:00"),
    "a holiday adds nothing": (
        FRIDAY_NOON, 72, {"weekends_count": False, "holidays": frozenset({date(2026, 12, 1)})}, "2026-12-03T12:00:00+00:00"),
    "days begin at midnight of the zone": (
        datetime(2026, 11, 27, 23, 30, tzinfo=UTC), 24, {"weekends_count": False, "zone": "Europe/Berlin"},
        "2026-11-30T23:00:00+00:00"),
    "and in Tokyo it is Saturday already": (
        datetime(2026, 11, 27, 15, 30, tzinfo=UTC), 1, {"weekends_count": False, "zone": "Asia/Tokyo"},
        "2026-11-29T16:00:00+00:00"),
    "the day on which clocks are set back has 25 hours": (
        datetime(2026, 10, 24, 22, tzinfo=UTC), 25, {"holidays": frozenset({date(2026, 1, 1)}), "zone": "Europe/Berlin"},
        "2026-10-25T23:00:00+00:00"),
}  # fmt: skip


@pytest.mark.parametrize("start, hours, more, due", CASES.values(), ids=CASES)
def test_a_deadline_is_counted_on_the_days_that_count(start, hours, more, due):
    assert due_after(start, hours, **{"zone": "UTC", **more}).isoformat() == due


@given(
    start=st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC)),
    hours=st.integers(0, 500),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Apia"]),
    free=st.frozensets(st.dates(date(2020, 1, 1), date(2035, 1, 1)), max_size=5),
)
def test_a_deadline_on_fewer_days_is_never_earlier_and_more_time_never_ends_sooner(start, hours, zone, free):
    plain = due_after(start, hours, zone=zone)
    due = due_after(start, hours, zone=zone, weekends_count=False, holidays=free)
    assert due >= plain
    assert due_after(start, hours + 1, zone=zone, weekends_count=False, holidays=free) > due
    local = (due - timedelta(microseconds=1)).astimezone(ZoneInfo(zone))
    assert hours == 0 or (local.weekday() < 5 and local.date() not in free)


def test_a_calendar_of_nothing_but_holidays_ends_too():
    free = frozenset(date(2020, 1, 1) + timedelta(days=n) for n in range(9000))
    assert due_after(datetime(2020, 1, 1, tzinfo=UTC), 1, zone="UTC", holidays=free).year > 2029


def test_a_day_ends_where_it_is_meant():
    assert end_of("2026-11-27", "", zone="America/New_York").isoformat() == "2026-11-28T04:59:59+00:00"
    assert end_of("2026-11-27", "08:41", zone="Europe/Berlin").isoformat() == "2026-11-27T07:41:00+00:00"


def test_warnings_that_would_have_been_before_the_start_are_one_at_once():
    due = FRIDAY_NOON + timedelta(hours=3)
    assert warnings_before(FRIDAY_NOON, due, (24, 6, 1)) == (FRIDAY_NOON, due - timedelta(hours=1))
    assert warnings_before(FRIDAY_NOON, due, ()) == ()


@pytest.mark.parametrize("name", ["Mars/Olympus", "../../etc/passwd", "", "Europe/Berlin\0"])
def test_what_is_no_zone_is_told_without_an_error(name):
    assert not is_zone(name)

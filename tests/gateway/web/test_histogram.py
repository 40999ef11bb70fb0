"""Bars in time: the finest unit that needs few bars, and each bar's query finds just what it counts."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from gateway.web.histogram import histogram
from gateway.web.narrowing import added, between

NOW = datetime(2026, 11, 27, 23, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "days, unit",
    [
        (0.5, None),
        (1, "day"),
        (29, "day"),
        (40, "week"),
        (210, "week"),
        (300, "month"),
        (2000, "year"),
        (40_000, "year"),
    ],
)
def test_the_unit_is_the_finest_that_needs_few_bars(days, unit):
    found = histogram(NOW - timedelta(days=days), NOW, UTC, lambda bounds: [1] * (len(bounds) - 1))
    assert (found.unit if found else None) == unit
    assert found is None or 2 <= len(found.bars) <= 31


def test_days_are_those_of_the_seller_s_zone():
    found = histogram(
        NOW - timedelta(days=2), NOW, ZoneInfo("Asia/Tokyo"), lambda bounds: [3] * (len(bounds) - 1)
    )
    assert [bar.term for bar in found.bars] == ["on:2026-11-26", "on:2026-11-27", "on:2026-11-28"]
    assert (found.first, found.bars[0].count, found.bars[0].height) == ("26 Nov 2026", 3, 44)


def test_bars_touch_without_a_gap_and_months_end_where_the_next_begins():
    found = histogram(NOW - timedelta(days=300), NOW, UTC, lambda bounds: [0] * (len(bounds) - 1))
    terms = [bar.term.split() for bar in found.bars]
    assert [end.partition(":")[2] for _, end in terms[:-1]] == [
        begin.partition(":")[2] for begin, _ in terms[1:]
    ]
    assert all(bar.height == 0 for bar in found.bars)


def test_a_bar_takes_the_place_of_the_dates_that_were_typed():
    assert between("lamp after:2026-01-01", "on:2026-02-02") == "lamp on:2026-02-02"
    assert between('"after: dinner" after:2026-01-01', "on:2026-02-02").endswith(
        "after:2026-01-01 on:2026-02-02"
    )
    assert between("a OR b", "on:2026-02-02") == "(a OR b) on:2026-02-02"
    assert added("a", "tag:x") == "a tag:x"

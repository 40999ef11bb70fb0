"""Dates as order reports write them."""

from datetime import UTC
from zoneinfo import ZoneInfo

import pytest

from rules.dates import parse_date

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-05T10:00:00+01:00", "2026-01-05T09:00:00"),
        ("2026-01-05T10:00:00Z", "2026-01-05T10:00:00"),
        ("2026-01-05T10:00:00.123Z", "2026-01-05T10:00:00"),
        ("2026-01-05 10:00:00 +0100", "2026-01-05T09:00:00"),
        ("2026-01-05 10:00:00 UTC", "2026-01-05T10:00:00"),
        ("2026/01/05 10:00", "2026-01-05T10:00:00"),
        ("2026/01/05 10:00:00 JST", "2026-01-05T01:00:00"),
        ("2026年1月5日", "2026-01-05T00:00:00"),
        ("05.01.2026 18:30 MEZ", "2026-01-05T17:30:00"),
        ("5.1.26", "2026-01-05T00:00:00"),
        ("31/01/2026", "2026-01-31T00:00:00"),
        ("01/31/2026 6:05 PM PST", "2026-02-01T02:05:00"),
        ("05/05/2026", "2026-05-05T00:00:00"),
        ("Jan-05-26", "2026-01-05T00:00:00"),
        ("05-Jan-26", "2026-01-05T00:00:00"),
        ("Jan 5, 2026 12:00 AM", "2026-01-05T00:00:00"),
        ("5 janv. 2026", "2026-01-05T00:00:00"),
        ("05 août 2026", "2026-08-05T00:00:00"),
        ("05. Mär 26", "2026-03-05T00:00:00"),
        ("5 gennaio 2026", "2026-01-05T00:00:00"),
        ("05/01/2026", None),
        ("31/31/2026", None),
        ("2026-02-30", None),
        ("2026-01-05 10:00 XYZ", None),
        ("99999999", None),
        ("112-1234567-1234567", None),
        ("yesterday", None),
        ("", None),
        ("1" * 10_000, None),
    ],
)
def test_a_date_is_read_or_it_is_none(text, expected):
    found = parse_date(text)
    assert (found and found.replace(tzinfo=None).isoformat()) == expected
    assert found is None or found.tzinfo is UTC


def test_day_or_month_first_and_the_zone_are_said_where_the_text_does_not():
    assert parse_date("05/01/2026", BERLIN, day_first=True).isoformat() == "2026-01-04T23:00:00+00:00"
    assert parse_date("05/01/2026", day_first=False).isoformat() == "2026-05-01T00:00:00+00:00"

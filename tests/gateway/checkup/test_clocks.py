"""A clock that is wrong is said with how much; a date in a greeting is one only where it can be read."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.checkup.clocks import against_log, compared, date_in

NOW = datetime(2026, 11, 27, 4, 16, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "ok", "words"),
    [
        (0, True, "within 0 s"),
        (-30, True, "within 30 s"),
        (31, False, "31 s behind"),
        (-7200, False, "7200 s ahead of"),
    ],
)
def test_a_clock_is_compared_with_who_knows_the_time(seconds, ok, words):
    found = compared(NOW + timedelta(seconds=seconds), NOW, "tsa")
    assert (found.ok, words in found.mend) == (ok, True)


def test_a_clock_that_was_set_back_behind_the_log_is_told():
    assert against_log(NOW - timedelta(days=3), NOW).ok
    assert "was set back" in against_log(NOW + timedelta(minutes=5), NOW).mend


@pytest.mark.parametrize(
    "greeting", ["220 mx ESMTP", "220 Fri, 99 Nov 2026 04:16:00 +0000", "220 Fri, 27 Nov 2026"]
)
def test_a_greeting_without_a_date_has_none(greeting):
    assert date_in(greeting) is None

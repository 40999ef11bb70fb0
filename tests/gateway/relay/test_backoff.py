import random
from datetime import UTC, datetime, timedelta

import pytest

from gateway.relay.backoff import next_try

NOW = datetime(2026, 11, 23, tzinfo=UTC)


class Middle(random.Random):
    def uniform(self, a, b):
        return (a + b) / 2


@pytest.mark.parametrize("attempts, minutes", [(1, 1), (2, 5), (3, 15), (4, 30), (5, 60), (6, 60), (20, 60)])
def test_the_waits_grow_to_an_hour_and_stay_there(attempts, minutes):
    assert next_try(attempts, NOW, Middle()) == NOW + timedelta(minutes=minutes)


def test_after_a_day_it_is_given_up():
    now, attempts = NOW, 1
    while (at := next_try(attempts, now, Middle())) is not None:
        now, attempts = at, attempts + 1
    assert timedelta(hours=23) < now - NOW <= timedelta(hours=24)
    assert attempts == 28


def test_the_real_time_of_the_first_attempt_decides_where_it_is_known():
    assert next_try(2, NOW, Middle(), first_at=NOW - timedelta(hours=30)) is None
    assert next_try(40, NOW, Middle(), first_at=NOW - timedelta(hours=1)) is not None


def test_what_failed_together_does_not_come_back_together():
    rng = random.Random(1)
    times = {next_try(5, NOW, rng) for _ in range(100)}
    assert len(times) == 100
    assert all(timedelta(minutes=51) <= at - NOW <= timedelta(minutes=69) for at in times)


def test_the_schedule_is_an_argument():
    assert next_try(1, NOW, Middle(), minutes=(2,)) == NOW + timedelta(minutes=2)
    assert next_try(3, NOW, Middle(), minutes=(30,), give_up_hours=1) is None

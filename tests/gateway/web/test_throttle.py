"""Guessing becomes slow, for each name and each address, and memory stays bounded."""

from datetime import UTC, datetime, timedelta

from gateway.web.throttle import Throttle

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def test_the_sixth_try_waits_until_the_window_is_over():
    throttle = Throttle()
    assert [throttle.charge(("pair a",), NOW) for _ in range(6)] == [0, 0, 0, 0, 0, 300]
    assert throttle.charge(("pair a",), NOW + timedelta(seconds=299)) == 1
    assert throttle.charge(("pair a",), NOW + timedelta(seconds=300)) == 0


def test_an_office_behind_one_address_and_a_name_that_strangers_know_have_more():
    throttle = Throttle()
    assert [throttle.charge(("peer a", f"pair {n}"), NOW) for n in range(21)] == [0] * 20 + [300]
    assert [throttle.charge(("name x", f"pair x {n}"), NOW) for n in range(51)] == [0] * 50 + [300]


def test_one_key_that_waits_is_enough_and_costs_the_other_nothing():
    throttle = Throttle()
    for _ in range(5):
        throttle.charge(("peer a", "pair x"), NOW)
    assert throttle.charge(("peer b", "pair x"), NOW) == 300
    assert throttle.charge(("peer b", "pair y"), NOW) == 0


def test_a_right_password_forgives():
    throttle = Throttle()
    for _ in range(4):
        throttle.charge(("a",), NOW)
    throttle.forgive(("a",))
    assert [throttle.charge(("a",), NOW) for _ in range(5)] == [0] * 5


def test_strangers_cannot_fill_the_memory():
    throttle = Throttle()
    for number in range(10_050):
        throttle.charge((f"peer {number}",), NOW)
    assert len(throttle._charges) == 10_000

"""Guessing becomes slow, for each name and each address, and memory stays bounded."""

from datetime import UTC, datetime, timedelta
from itertools import product

from starlette.requests import Request

from gateway.web.admission import _keys
from gateway.web.throttle import Throttle, peer_of

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def from_(address):
    return Request({"type": "http", "client": (address, 1), "headers": []})


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


def test_who_knows_one_password_does_not_guess_more_of_others_for_it():
    throttle, keys = Throttle(), ("peer a", "name x")
    for _ in range(10):
        throttle.charge(keys, NOW)
    throttle.forgive(keys)
    assert [throttle.charge(("peer a",), NOW) for _ in range(12)] == [0] * 11 + [300]
    assert [throttle.charge(("name x",), NOW) for _ in range(42)] == [0] * 41 + [300]


def test_an_ipv6_network_that_one_customer_holds_is_one_client():
    throttle = Throttle()
    waits = [throttle.charge(_keys(from_(f"2001:db8::{n}"), f"name{n}", "password"), NOW) for n in range(21)]
    assert waits == [0] * 20 + [300]
    assert throttle.charge(_keys(from_("2001:db8:0:1::1"), "name", "password"), NOW) == 0
    assert peer_of(from_("::ffff:192.0.2.1")) == "192.0.2.1"


def test_tries_without_a_name_shut_the_door_to_nobody_else():
    throttle = Throttle()
    for address, _ in product(range(12), range(20)):
        assert throttle.charge(_keys(from_(f"192.0.2.{address}"), "", "passkey"), NOW) == 0
    assert throttle.charge(_keys(from_("192.0.2.1"), "", "passkey"), NOW) == 300


def test_strangers_cannot_fill_the_memory():
    throttle = Throttle()
    for number in range(10_050):
        throttle.charge((f"peer {number}",), NOW)
    assert len(throttle._charges) == 10_000

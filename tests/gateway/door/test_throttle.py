"""Counting of connections and of failed logins."""

import pytest

from gateway.door.limits import Limits
from gateway.door.throttle import _KEYS, Gate, LoginThrottle, peer_key

PEERS = [
    ("192.0.2.7", "192.0.2.7"),
    ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
    ("::ffff:192.0.2.7", "192.0.2.7"),
    ("fe80::1%eth0", "fe80::/64"),
    ("unix", "unix"),
]


@pytest.mark.parametrize("address, key", PEERS)
def test_one_customer_is_one_peer(address, key):
    assert peer_key(address) == key


def test_the_gate_counts_by_peer_and_in_total_and_forgets_who_left():
    gate = Gate(Limits(connections=3, connections_per_peer=2))
    assert [gate.enter("a"), gate.enter("a")] == ["", ""]
    assert gate.enter("a").startswith("Too many connections from your address")
    assert gate.enter("b") == ""
    assert gate.enter("c").startswith("Too many connections;")
    gate.leave("a")
    assert gate.enter("c") == ""
    for key in ("a", "b", "c"):
        gate.leave(key)
    assert gate._open == {}


def test_failures_are_counted_by_peer_and_by_name_until_the_window_has_passed():
    now = [0.0]
    throttle = LoginThrottle(
        Limits(login_failures_per_peer=3, login_failures_per_name=2, login_window_s=60), lambda: now[0]
    )
    assert [throttle.charge("p", name) for name in ("anna", "anna", "anna")] == [True, True, False]
    assert throttle.charge("q", "anna") is False
    assert [throttle.charge("p", name) for name in ("b", "c")] == [True, False]
    now[0] = 61
    assert throttle.charge("p", "anna") is True


def test_a_right_password_is_not_held_against_anyone():
    throttle = LoginThrottle(Limits(login_failures_per_peer=1, login_failures_per_name=1))
    for _ in range(5):
        assert throttle.charge("p", "anna")
        throttle.refund("p", "anna")


def test_names_that_a_stranger_makes_up_take_bounded_memory():
    throttle = LoginThrottle(Limits())
    for number in range(_KEYS + 10):
        throttle.charge(f"p{number}", f"n{number}")
    assert len(throttle._charges) <= _KEYS

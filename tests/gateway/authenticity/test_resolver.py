"""The resolver against a real name server: every outcome is an answer, none takes longer than it may."""

import socket
import time

import pytest

from gateway.authenticity.resolver import RECORD_BYTES_MAX, RECORDS_MAX, Resolver
from tests.dnsserver import dns_server

RECORDS = {
    ("a.example", "TXT"): ["v=spf1 -all", 'with "quotes" and \\ signs'],
    ("a.example", "MX"): ["10 mx.a.example."],
    ("mx.a.example", "A"): ["192.0.2.1"],
    ("long.example", "TXT"): ["x" * 3000],
    ("huge.example", "TXT"): ["y" * 30_000],
    ("many.example", "A"): [f"192.0.{n // 250}.{n % 250}" for n in range(400)],
    ("loop.example", "CNAME"): ["loop.example."],
}


@pytest.fixture(scope="module")
def ask():
    with dns_server(RECORDS) as server:
        resolver = Resolver([server.address])

        def ask(name, kind="TXT", seconds=5.0):
            return resolver.ask(name, kind, time.monotonic() + seconds)

        ask.server = server
        yield ask


def test_records_come_as_texts(ask):
    found = ask("A.Example.")
    assert (found.name, found.rcode, found.ttl) == ("a.example", "NOERROR", 60)
    assert found.records == ("v=spf1 -all", 'with "quotes" and \\ signs')
    assert ask("a.example", "MX").records == ("10 mx.a.example.",)
    assert ask("mx.a.example", "A").records == ("192.0.2.1",)


def test_what_is_not_there_is_told_apart_from_what_is_of_another_type(ask):
    assert (ask("nobody.example").rcode, ask("nobody.example").failed) == ("NXDOMAIN", False)
    assert (ask("mx.a.example").rcode, ask("mx.a.example").records) == ("NOERROR", ())


def test_an_answer_too_long_for_a_datagram_comes_whole_and_a_hostile_one_cut(ask):
    assert ask("long.example").records == ("x" * 3000,)
    assert [len(text) for text in ask("huge.example").records] == [RECORD_BYTES_MAX]
    assert len(ask("many.example", "A").records) == RECORDS_MAX


@pytest.mark.parametrize(
    "name", ["", ".", "a..b", "x" * 300, "ü.example", "\udcff.example", "-._domainkey.a\\b.example"]
)
def test_a_name_that_is_none_is_answered_too(ask, name):
    assert ask(name).rcode in {"NXDOMAIN", "SERVFAIL", "NOERROR"}


def test_an_answer_is_kept_for_as_long_as_it_lives(ask):
    ask("a.example")
    before = len(ask.server.asked)
    assert ask("a.example").records
    assert len(ask.server.asked) == before


def test_a_server_that_says_nothing_costs_no_more_than_the_time_left():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        resolver = Resolver([silent.getsockname()])
        started = time.monotonic()
        assert resolver.ask("a.example", "TXT", started + 0.3).rcode == "TIMEOUT"
        assert time.monotonic() - started < 2.0
        assert resolver.ask("a.example", "TXT", started).rcode == "TIMEOUT"

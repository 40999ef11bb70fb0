"""Checks beside the path: who is asked about, what is recorded, and that nothing waits longer than it must."""

import socket
import threading
import time

import pytest

from gateway.authenticity.checks import Checks
from gateway.authenticity.resolver import Resolver
from gateway.clock import FixedClock
from gateway.mail.authenticity.check import Trust
from gateway.mail.authenticity.record import checked_again
from gateway.mail.entry import Envelope
from tests import signing
from tests.dnsserver import dns_server, txt

CLOCK = FixedClock(signing.AT)
OURS = Trust(servers=("mx.brand.example",))
UPSTREAM = b"Authentication-Results: mx.brand.example; dmarc=pass header.from=marketplace.amazon.de\r\n"


def envelope(source="smtp", **more):
    return Envelope(
        source=source, peer="127.0.0.1:4711", mail_from="x@ses.example", received_at=signing.AT, **more
    )


def outcome(checks, raw, env):
    """Run one check to its end."""
    there = threading.Event()
    checks.wake = there.set
    checks.forget(7)
    checks.begin(7, env, lambda: raw)
    assert there.wait(20)
    while not (found := checks.ended()):
        time.sleep(0.001)
    return found[0]


@pytest.fixture(scope="module")
def server():
    with dns_server(txt(signing.zone())) as server:
        yield server


@pytest.fixture
def checks(server):
    checks = Checks(clock=CLOCK, resolver=Resolver([server.address]), trust=OURS)
    yield checks
    checks.close()


def test_what_is_found_can_be_found_again_without_dns(checks):
    raw = signing.signed(signing.mail())
    record = outcome(checks, raw, envelope())
    assert (record.of, record.asked, record.results.proven) == (7, True, (signing.AMAZON,))
    assert {answer.name for answer in record.answers} >= {"s1._domainkey.amazon.de", "_dmarc.amazon.de"}
    assert checked_again(raw, envelope(), record) == record.results


def test_each_question_is_asked_once(checks, server):
    before = len(server.asked)
    raw = signing.signed(
        signing.signed(signing.signed(signing.mail("a@never.example"), "never.example"), "never.example"),
        "never.example",
    )
    record = outcome(checks, raw, envelope())
    assert len(record.answers) == len({(one.name, one.type) for one in record.answers})
    assert len(server.asked) - before <= len(record.answers)


def test_only_mail_of_strangers_is_asked_about(checks):
    silent = Checks(clock=CLOCK)
    told = Checks(clock=CLOCK, trust=OURS)
    asked = [
        (checks, "mail.in", envelope(), True),
        (checks, "mail.in", envelope("lmtp"), True),
        (checks, "mail.out", envelope(), False),
        (checks, "mail.in", envelope("import"), False),
        (silent, "mail.in", envelope(), False),
        (silent, "mail.in", envelope(trusted=True), False),
        (told, "mail.in", envelope(), False),
        (told, "mail.in", envelope(trusted=True), True),
        (told, "mail.in", envelope("fetch"), True),
        (silent, "mail.in", envelope("fetch"), False),
    ]
    assert [one.wants(type_, env) for one, type_, env, _ in asked] == [wanted for *_, wanted in asked]


def test_a_fetched_messages_record_is_its_servers_word_and_dns_is_not_asked(checks, server):
    before = len(server.asked)
    record = outcome(checks, UPSTREAM + signing.mail(), envelope("fetch"))
    assert (record.asked, record.results.by, record.answers) == (False, "upstream", ())
    assert checked_again(UPSTREAM + signing.mail(), envelope("fetch"), record) == record.results
    assert outcome(checks, signing.mail(), envelope("fetch")).results.result == "none"
    assert len(server.asked) == before


def test_a_stranger_cannot_speak_for_a_trusted_server(checks):
    assert outcome(checks, UPSTREAM + signing.mail(), envelope()).results.upstream is None
    assert outcome(checks, UPSTREAM + signing.mail(), envelope(trusted=True)).results.by == "upstream"


def test_a_fault_of_the_check_is_a_finding_too(checks):
    def broken():
        raise OSError("the disk is gone")

    there = threading.Event()
    checks.wake = there.set
    checks.begin(7, envelope(), broken)
    assert there.wait(20)
    while not (found := checks.ended()):
        time.sleep(0.001)
    assert (found[0].results.result, found[0].asked) == ("temperror", False)


def test_a_thousand_messages_behind_a_dead_name_server_wait_no_longer_than_one():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as dead:
        dead.bind(("127.0.0.1", 0))
        checks = Checks(clock=CLOCK, resolver=Resolver([dead.getsockname()]), timeout_s=0.5)
        raw = signing.signed(signing.mail())
        started = time.monotonic()
        for seq in range(1000):
            checks.begin(seq, envelope(), lambda: raw)
        found = []
        while len(found) < 1000:
            assert time.monotonic() - started < 20
            found += checks.ended()
            time.sleep(0.01)
        assert {one.results.result for one in found} == {"temperror"}
        assert time.monotonic() - started < 8
        checks.close()

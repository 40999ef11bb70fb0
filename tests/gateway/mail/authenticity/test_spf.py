"""SPF beside its public suite: what is asked about, what is bounded, and hostile records."""

import time

import pytest

from gateway.mail.authenticity.spf import spf_of
from tests import signing


def result(records, *, ip="192.0.2.7", helo="mail.a.example", mail_from="x@a.example", **more):
    zone = {"a.example": records} if isinstance(records, str) else records
    return spf_of(ip, helo, mail_from, signing.lookup(zone, **more))


@pytest.mark.parametrize(
    ("record", "word"),
    [
        ("v=spf1 ip4:192.0.2.0/24 -all", "pass"),
        ("v=spf1 ip4:198.51.100.0/24 -all", "fail"),
        ("v=spf1 ~all", "softfail"),
        ("v=spf1 ?all", "neutral"),
        ("v=spf1", "neutral"),
        ("v=spf10 -all", "none"),
        ("v=spf1 ip4:192.0.2.300 -all", "permerror"),
        ("v=spf1 redirect=nowhere.example", "permerror"),
    ],
)
def test_a_record_says_who_may_send(record, word):
    assert result(record).result == word


def test_an_empty_sender_is_asked_about_by_its_greeting():
    found = result({"mail.a.example": "v=spf1 ip4:192.0.2.7 -all"}, mail_from="")
    assert (found.result, found.scope, found.domain) == ("pass", "helo", "mail.a.example")


@pytest.mark.parametrize("ip", ["", "unix", "not an address"])
def test_a_peer_without_an_address_proves_nothing(ip):
    assert result("v=spf1 +all", ip=ip).result == "none"


def test_an_ipv4_peer_in_ipv6_clothes_is_the_ipv4_peer():
    assert result("v=spf1 ip4:192.0.2.7 -all", ip="::ffff:192.0.2.7").result == "pass"


def test_no_answer_from_dns_is_said_so():
    found = result({"a.example": "v=spf1 a:slow.example -all"}, failing=["slow.example"])
    assert (found.result, "no answer" in found.reason) == ("temperror", True)


HOSTILE = {
    "a record that includes itself": {"a.example": "v=spf1 include:a.example -all"},
    "two that include each other": {"a.example": "v=spf1 include:b.example", "b.example": "v=spf1 include:a.example"},
    "a redirection in a circle": {"a.example": "v=spf1 redirect=a.example"},
    "an include of new names for ever": {"a.example": "v=spf1 exists:%{l}.a.example " * 300 + "-all"},
    "ten thousand servers": {"a.example": "v=spf1 mx -all", "a.example/MX": [f"1 m{n}.example" for n in range(10_000)]},
    "a record of a megabyte": {"a.example": "v=spf1 " + "ip4:192.0.2.1 " * 70_000},
    "a macro that grows": {"a.example": "v=spf1 exists:" + "%{d}" * 2_000 + ".example -all"},
    "a word without an end": {"a.example": "v=spf1 a:" + "a" * 15_000 + " -all"},
    "two records": {"a.example": ["v=spf1 +all", "v=spf1 -all"]},
}  # fmt: skip


@pytest.mark.parametrize("zone", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_record_never_passes_and_costs_little(zone):
    asked: list = []
    started = time.perf_counter()
    assert result(zone, asked=asked).result in {"permerror", "fail"}
    assert time.perf_counter() - started < 0.5
    assert len(asked) <= 25

"""What the DNS says of an approved sender, each record as it is, as it should be and as it breaks: asked of a real server."""

import time

import pytest

from gateway.authenticity.resolver import Resolver
from gateway.checkup.senders import sender_records
from tests.dnsserver import dns_server
from tests.signing import record

SENDER, RELAY = "support@brand.example", "smtp.provider.example"
GOOD = {
    ("brand.example", "MX"): ["10 mx.brand.example."],
    ("brand.example", "TXT"): ["v=spf1 ip4:198.51.100.7 -all"],
    ("s1._domainkey.brand.example", "TXT"): [record()],
    ("_dmarc.brand.example", "TXT"): ["v=DMARC1; p=quarantine"],
    (RELAY, "A"): ["198.51.100.7"],
}
SPF, DKIM, DMARC, MX = ("brand.example", "TXT"), ("s1._domainkey.brand.example", "TXT"), ("_dmarc.brand.example", "TXT"), ("brand.example", "MX")  # fmt: skip


def found(records, *, relay=RELAY, selectors=("s1",)):
    with dns_server(records) as server:
        resolver = Resolver([server.address])

        def lookup(name, kind):
            return resolver.ask(name, kind, time.monotonic() + 20)

        return {one.what: one for one in sender_records(SENDER, relay, selectors, lookup)}


def test_a_sender_whose_records_are_right_has_nothing_to_mend():
    told = found(GOOD)
    assert [one.what for one in told.values() if not one.ok] == []
    assert told["brand.example: SPF"].mend == f"allows {RELAY}"
    assert told["brand.example: DKIM"].mend == "key s1"
    assert told["brand.example: DMARC"].mend == "policy quarantine, of brand.example"


@pytest.mark.parametrize(
    ("name", "texts", "what", "words"),
    [
        (MX, ["0 ."], "mail comes back", "takes no mail"),
        (MX, [], "mail comes back", "no MX record and no address"),
        (SPF, [], "SPF", "no record; publish v=spf1"),
        (SPF, ["v=spf1 +all"], "SPF", "every server of the world"),
        (SPF, ["v=spf1 -all", "v=spf1 ~all"], "SPF", "does not hold"),
        (SPF, ["v=spf1 inlcude:provider.example -all"], "SPF", "does not hold"),
        (DKIM, [], "DKIM", "publishes no key s1._domainkey.brand.example"),
        (DKIM, ["v=DKIM1; k=rsa; p="], "DKIM", "has been revoked"),
        (DKIM, [record(more=" t=y;")], "DKIM", "under test"),
        (DMARC, [], "DMARC", "publish _dmarc.brand.example"),
        (DMARC, ["v=DMARC1; p=reject;;=;"], "DMARC", "cannot be read"),
    ],
)
def test_each_record_that_is_missing_or_broken_is_said_with_what_to_publish(name, texts, what, words):
    told = found(
        {**GOOD, name: texts} if texts else {key: value for key, value in GOOD.items() if key != name}
    )
    assert {one.what for one in told.values() if not one.ok} == {f"brand.example: {what}"}
    assert words in told[f"brand.example: {what}"].mend


def test_what_nobody_but_the_provider_knows_is_a_remark():
    told = found({**GOOD, (RELAY, "A"): ["203.0.113.9"]})
    assert told["brand.example: SPF"].ok
    assert "your provider's to say" in told["brand.example: SPF"].mend
    usual = found({**GOOD, ("selector1._domainkey.brand.example", "TXT"): [record()]}, selectors=())
    assert "selector1" in usual["brand.example: DKIM"].mend
    none = found({key: value for key, value in GOOD.items() if key != DKIM}, selectors=())
    assert none["brand.example: DKIM"].ok
    assert "dkim_selectors" in none["brand.example: DKIM"].mend


def test_name_servers_that_are_silent_are_named_not_the_records():
    def lookup(name, kind):
        return Resolver([("127.0.0.1", 1)]).ask(name, kind, time.monotonic() + 0.05)

    told = list(sender_records(SENDER, "", (), lookup))
    assert all(
        "DNS gave no answer" in one.mend or "give no answer" in one.mend or "usual names" in one.mend
        for one in told
    )
    assert [one.ok for one in told if "DKIM" not in one.what] == [False] * 3

"""Signatures: made by another implementation in every canonical form, checked by ours, and broken in every way."""

import base64
import random

import dkim
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.mail.authenticity.canonical_form import Signed, relaxed_body, simple_body
from gateway.mail.authenticity.signatures import CHECKED_MAX, signatures_of
from tests import signing

FORMS = [(a, b) for a in (b"simple", b"relaxed") for b in (b"simple", b"relaxed")]
ZONE = {"s1._domainkey.amazon.de": signing.record()}


def verdicts(raw, zone=ZONE, *, at=signing.AT, **more):
    return [one.result for one in signatures_of(Signed(raw), signing.lookup(zone, **more), at)]


def first(raw, zone=ZONE, at=signing.AT):
    return signatures_of(Signed(raw), signing.lookup(zone), at)[0]


@pytest.mark.parametrize("forms", FORMS, ids=str)
def test_a_signature_holds_in_every_canonical_form_and_breaks_with_what_it_covers(forms):
    raw = signing.signed(signing.mail(), canonicalize=forms)
    assert verdicts(raw) == ["pass"]
    assert verdicts(b"Received: by us\r\nX-Docket-ID: 1\r\n" + raw) == ["pass"]
    assert verdicts(raw.replace(b"order?", b"money?")) == ["fail"]
    assert verdicts(raw.replace(b"To: support", b"To: someone")) == ["fail"]
    assert verdicts(raw + b"one more line\r\n") == ["fail"]


def test_what_the_forms_forgive_is_forgiven_and_nothing_else():
    def with_more_space(raw):
        return raw.replace(b"Subject:  Order", b"SUBJECT: Order"), raw.replace(b"my  order? ", b"my order?")

    header, body = with_more_space(signing.signed(signing.mail(), canonicalize=(b"relaxed", b"relaxed")))
    assert verdicts(header) == verdicts(body) == ["pass"]
    header, body = with_more_space(signing.signed(signing.mail(), canonicalize=(b"simple", b"simple")))
    assert verdicts(header) == verdicts(body) == ["fail"]


def test_every_signature_has_a_verdict_of_its_own():
    raw = signing.signed(signing.signed(signing.mail()), "amazonses.com", number=1)
    zone = {**ZONE, "s1._domainkey.amazonses.com": signing.record(1)}
    found = signatures_of(Signed(raw), signing.lookup(zone), signing.AT)
    assert [(one.result, one.domain, one.key_bits) for one in found] == [
        ("pass", "amazonses.com", 2048),
        ("pass", "amazon.de", 2048),
    ]
    assert verdicts(raw) == ["permerror", "pass"]
    assert "from" in found[1].headers
    assert verdicts(raw, zone, failing=["s1._domainkey.amazonses.com"]) == ["temperror", "pass"]


def test_a_signature_that_leaves_the_end_of_the_body_open_is_no_proof_once_something_stands_there():
    raw = signing.signed(signing.mail(), length=True)
    assert verdicts(raw) == ["pass"]
    more = first(raw + b"Send the money here.\r\n")
    assert (more.result, more.body_length) == ("policy", 22)
    assert "anyone may have written" in more.reason


RSA_SMALL = "MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAL6n5LJ0kYl6vLOXJ0nHHb9yEJDvEEjqTB4vzYZGBfK1wBqTvCUsLtUF2O1kCXLtXW9i7hZfrGYzlN1WhVQ1cGUCAwEAAQ=="


@pytest.mark.parametrize(
    ("key", "result", "word"),
    [
        ("v=DKIM1; p=", "permerror", "revoked"),
        ("v=DKIM2; p=abcd", "permerror", "version"),
        ("k=ed25519; p=abcd", "permerror", "not for"),
        (f"k=rsa; p={RSA_SMALL}", "fail", "512 bits"),
        ("k=rsa; p=!!!", "permerror", "base64"),
        ("k=rsa; p=" + base64.b64encode(bytes(3000)).decode(), "policy", "larger"),
        ("no tags at all", "permerror", "read"),
        ("v=DKIM1; h=sha1; p=abcd", "permerror", "SHA-256"),
        ("v=DKIM1; s=tlsrpt; p=abcd", "permerror", "mail"),
        ("x" * 20_000, "permerror", "too large"),
        (" ", "permerror", "no key"),
    ],
)
def test_a_key_that_is_none_is_told(key, result, word):
    found = first(signing.signed(signing.mail()), {"s1._domainkey.amazon.de": key})
    assert (found.result, word in found.reason) == (result, True), found.reason


def test_a_key_under_test_is_told_and_a_strict_key_allows_no_sub_domain():
    raw = signing.signed(signing.mail(), identity=b"@mail.amazon.de")
    assert first(raw, {"s1._domainkey.amazon.de": signing.record(more=" t=y;")}).testing
    assert first(raw, {"s1._domainkey.amazon.de": signing.record(more=" t=s;")}).result == "permerror"


def test_two_records_where_one_key_should_be_are_none():
    zone = {"s1._domainkey.amazon.de": [signing.record(0), signing.record(1)]}
    assert first(signing.signed(signing.mail()), zone).result == "permerror"


@pytest.mark.parametrize(
    ("change", "result"),
    [
        ((b"v=1;", b"v=2;"), "permerror"),
        ((b"a=rsa-sha256", b"a=rsa-sha1"), "policy"),
        ((b"a=rsa-sha256", b"a=rsa-md5"), "permerror"),
        ((b"d=amazon.de", b"d=amazon..de"), "permerror"),
        ((b"from", b"form"), "permerror"),
        ((b"c=relaxed/simple", b"c=nowsp"), "permerror"),
        ((b"i=@amazon.de", b"i=@amazon.com"), "permerror"),
        ((b"q=dns/txt", b"q=http"), "permerror"),
        ((b"v=1;", b"v=1; l=x;"), "permerror"),
        ((b"v=1;", b"v=1; x=soon;"), "permerror"),
        ((b"v=1;", b"v=1; v=1;"), "permerror"),
        ((b"v=1;", b"v=1; x=1000000000;"), "fail"),
        ((b"d=amazon.de", b"d=" + b"a" * 70 + b".de"), "permerror"),
    ],
    ids=str,
)
def test_a_signature_written_wrongly_is_told_and_never_passes(change, result):
    raw = signing.signed(signing.mail())
    changed = raw.replace(*change)
    assert changed != raw
    assert verdicts(changed) == [result]


def test_the_eighth_appendix_of_ed25519_signatures_verifies():
    # RFC 8463 appendix A: the published message, key and signature.
    raw = (
        b"DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n"
        b" d=football.example.com; i=@football.example.com;\r\n"
        b" q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n"
        b" subject : date : message-id : from : subject : date;\r\n"
        b" bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
        b" b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus\r\n"
        b" Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==\r\n"
        b"From: Joe SixPack <joe@football.example.com>\r\n"
        b"To: Suzie Q <suzie@shopping.example.net>\r\n"
        b"Subject: Is dinner ready?\r\n"
        b"Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n"
        b"Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n"
        b"\r\n"
        b"Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n"
    )
    zone = {"brisbane._domainkey.football.example.com": "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="}  # fmt: skip
    assert verdicts(raw, zone) == ["pass"]
    assert verdicts(raw.replace(b"hungry", b"thirsty"), zone) == ["fail"]


def test_a_message_kept_with_bare_line_feeds_is_checked_as_it_was_on_the_wire():
    raw = signing.signed(signing.mail(), canonicalize=(b"simple", b"simple"))
    assert verdicts(raw.replace(b"\r\n", b"\n")) == ["pass"]


_BODY = st.lists(st.sampled_from([b" ", b"\t", b"a", b"\r\n", b".", b"\xc3\xa9"]), max_size=40).map(b"".join)


@settings(max_examples=150, deadline=None)
@given(body=_BODY, forms=st.sampled_from(FORMS))
def test_ours_and_the_other_implementation_agree_on_any_body_that_smtp_carries(body, forms):
    raw = signing.signed(signing.mail(text="") + body + b"\r\n", canonicalize=forms)
    other = dkim.DKIM(raw).verify(dnsfunc=lambda *_, **__: ZONE["s1._domainkey.amazon.de"].encode())
    assert (verdicts(raw) == ["pass"]) == other


@pytest.mark.parametrize("form", [simple_body, relaxed_body])
@given(body=_BODY)
def test_a_canonical_form_stays_as_it_is(form, body):
    assert form(form(body)) == form(body)


def test_of_thousands_of_signatures_ten_are_checked():
    raw = signing.mail()
    one = signing.signed(raw)[: -len(raw)]
    asked: list = []
    found = signatures_of(Signed(one * 500 + raw), signing.lookup(ZONE, asked=asked), signing.AT)
    assert [sign.result for sign in found[: CHECKED_MAX + 1]] == ["pass"] * CHECKED_MAX + ["policy"]
    assert (len(found), len(asked)) == (50, CHECKED_MAX)


def test_any_bytes_in_place_of_a_signature_give_a_verdict():
    rng = random.Random(7)
    raw = signing.signed(signing.mail())
    end = raw.index(b"From:")
    for _ in range(400):
        spoilt = bytearray(raw)
        for _ in range(rng.randint(1, 6)):
            spoilt[rng.randrange(end)] = rng.randrange(256)
        for found in signatures_of(Signed(bytes(spoilt)), signing.lookup(ZONE), signing.AT):
            assert found.result in {"pass", "fail", "policy", "permerror"}

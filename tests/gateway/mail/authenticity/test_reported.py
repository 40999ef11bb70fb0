"""Authentication-Results as servers write them, and as forgers do."""

import time

import pytest

from gateway.mail.authenticity.canonical_form import Signed
from gateway.mail.authenticity.reported import told_by, upstream_of

GOOGLE = """mx.google.com;
       dkim=pass header.i=@amazon.de header.s=abc header.b="x/y;z";
       dkim=pass header.i=@amazonses.com;
       spf=pass (google.com: domain of 01@bounces.amazon.de designates 54.240.1.1; ok) smtp.mailfrom=01@bounces.amazon.de;
       dmarc=pass (p=QUARANTINE sp=QUARANTINE dis=NONE) header.from=marketplace.amazon.de"""


def test_a_real_field_is_read():
    told = told_by(GOOGLE)
    assert told.server == "mx.google.com"
    assert told.dkim == (("pass", "amazon.de"), ("pass", "amazonses.com"))
    assert (told.spf, told.spf_domain) == ("pass", "bounces.amazon.de")
    assert (told.dmarc, told.from_domain) == ("pass", "marketplace.amazon.de")


@pytest.mark.parametrize(
    ("value", "dmarc"),
    [
        ("mx.brand.example; none", ""),
        ("mx.brand.example 1; dmarc=fail header.from=a.example", "fail"),
        ("mx.brand.example; (dmarc=pass) dmarc=fail", "fail"),
        ("mx.brand.example; dmarc=fail; dmarc=pass", "fail"),
        ('mx.brand.example; spf=pass smtp.mailfrom="a; dmarc=pass"', ""),
        ("mx.brand.example; dkim=pass (dmarc=pass; dmarc=pass", ""),
        ("mx.brand.example", ""),
    ],
)
def test_what_stands_in_comments_and_quotes_is_no_result(value, dmarc):
    told = told_by(value)
    assert told is not None
    assert told.dmarc == dmarc


@pytest.mark.parametrize("value", ["", ";;;", "(only a comment)", "x" * 40_000, '"quoted id"; dmarc=pass'])
def test_what_is_no_such_field_says_nothing(value):
    assert told_by(value) is None


def test_of_several_fields_of_one_server_the_topmost_counts_and_others_are_not_read():
    raw = (
        b"Authentication-Results: mx.other.example; dmarc=pass header.from=amazon.de\r\n"
        b"Authentication-Results: MX.Brand.Example; dmarc=fail header.from=amazon.de\r\n"
        b"Authentication-Results: mx.brand.example; dmarc=pass header.from=amazon.de\r\n"
        b"From: a@amazon.de\r\n\r\n"
    )
    told = upstream_of(Signed(raw), ["mx.brand.example"])
    assert told is not None
    assert told.dmarc == "fail"
    assert upstream_of(Signed(raw), []) is None


def test_a_field_built_to_be_slow_is_not():
    started = time.perf_counter()
    for value in (
        "(" * 32_000,
        "mx.a; " + "dkim=pass header.d=" * 1_500,
        "mx.a; dkim=pass" + " a.b" * 7_000,
        '"' * 32_000,
    ):
        told_by(value)
    assert time.perf_counter() - started < 1.0

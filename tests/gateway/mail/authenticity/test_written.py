"""Our own Authentication-Results: what is written reads back as what was found, whatever a stranger chose."""

import pytest

from gateway.mail.authenticity.check import Trust, check
from gateway.mail.authenticity.reported import told_by
from gateway.mail.authenticity.verdicts import Arc, Authenticity, Signature, Spf
from gateway.mail.authenticity.written import results_of
from tests import signing

ZONE = {**signing.zone(), "ses.example": "v=spf1 ip4:192.0.2.7 -all"}


def test_what_is_written_of_a_signed_mail_reads_back_as_what_was_found():
    found = check(signing.signed(signing.mail()), signing.wire(), signing.lookup(ZONE), Trust())
    lines = results_of(found)
    assert lines == (
        "dkim=pass header.d=amazon.de header.s=s1 header.a=rsa-sha256",
        "spf=pass smtp.mailfrom=ses.example",
        "dmarc=pass header.from=marketplace.amazon.de",
    )
    told = told_by("; ".join(("docket.example", *lines)))
    assert told is not None
    assert (told.dkim, told.spf, told.spf_domain) == ((("pass", "amazon.de"),), "pass", "ses.example")
    assert (told.dmarc, told.from_domain) == ("pass", "marketplace.amazon.de")


def test_a_broken_signature_is_written_as_a_failure():
    raw = signing.signed(signing.mail()).replace(b"order?", b"money?")
    lines = results_of(check(raw, signing.wire(), signing.lookup(ZONE), Trust()))
    assert lines[0].startswith("dkim=fail header.d=amazon.de")
    assert lines[-1].startswith("dmarc=fail")


@pytest.mark.parametrize(
    "domain", ["a b", "a;dmarc=pass", "a\r\nX-Evil: 1", "b\u00fccher.example", "(", '"', "", "x" * 300]
)
def test_a_name_that_is_none_writes_nothing(domain):
    found = Authenticity(
        signatures=(Signature(result="fail", domain=domain, selector=domain),),
        spf=Spf(result="none", domain=domain, scope="helo"),
        arc=Arc(result="fail"),
    )
    assert results_of(found) == ("dkim=fail", *(("spf=none",) if domain else ()), "arc=fail")


def test_of_a_hundred_signatures_ten_are_written():
    assert len(results_of(Authenticity(signatures=(Signature(result="policy"),) * 50))) == 10

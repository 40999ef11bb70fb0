"""What the simulated marketplaces sign is proven by what they publish, and by nothing else."""

from datetime import UTC, datetime
from email.message import EmailMessage

import pytest

from gateway.demo.signing import BOUNCES, Signer
from gateway.mail.authenticity.check import Trust, Wire, check
from tests.signing import lookup

AT = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def signer():
    return Signer()


def mail(from_):
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = (
        from_,
        "support@brand.example",
        "Wo bleibt die Tasse?",
    )
    message.set_content("Größe M, bitte.\n" * 5)
    return message.as_bytes()


def found(raw, records, **more):
    zone = {name: texts for (name, _), texts in records.items()}
    return check(raw, Wire(ip="127.0.0.1", helo="mail.marketplace.example", mail_from=f"x@{BOUNCES}", at=AT), lookup(zone), Trust())  # fmt: skip


@pytest.mark.parametrize("domain", ["marketplace.amazon.de", "marketplace.amazon.co.uk", "members.ebay.com"])
def test_a_buyers_relay_is_proven_by_its_marketplaces_key(signer, domain):
    one = found(signer.signed(mail(f'"Marie" <abc@{domain}>')), signer.records)
    assert (one.result, one.proven, one.by, one.dmarc.policy) == ("pass", (domain,), "dkim", "quarantine")
    assert one.spf.result == "pass"


def test_another_installations_signature_proves_nothing_here(signer):
    raw = Signer().signed(mail("abc@marketplace.amazon.de"))
    signer.signed(mail("abc@marketplace.amazon.de"))
    assert found(raw, signer.records).result == "fail"

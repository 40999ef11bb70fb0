"""Answers under a mailbox's own key: what arrives at a real server verifies, after our rewrite, and fails once changed."""

import dkim
import pytest

from gateway.errors import Permanent, WrongUse
from gateway.mail.rewrite import outgoing
from gateway.relay.signing import load_signing
from gateway.relay.smtp import SmtpTransport
from tests.signing import AT, pem, record
from tests.sink import sink
from tests.small_house import BUYER, MAILBOX, mail


@pytest.fixture
def signing(tmp_path):
    (tmp_path / "key").write_bytes(pem())
    return load_signing("Brand.example", "docket", str(tmp_path / "key"), MAILBOX)


def verifies(raw: bytes) -> bool:
    published = {b"docket._domainkey.brand.example.": record().encode()}
    return bool(dkim.verify(raw, dnsfunc=lambda name, timeout=5: published.get(name)))


@pytest.mark.parametrize(
    "text", ["Hello", "Schöne Grüße – 5 €", ".leading dot\n..two\n", "From here\n\n\n", "trailing   \n x\t\n"]
)
def test_what_arrives_at_the_server_verifies(signing, text):
    raw = mail("Re: Anfrage [#a-b#]", text, from_="Anna <anna@lan.example>", to=BUYER, X_Mailer="secret 1.0")
    copy = outgoing(
        raw.replace(b"\n", b"\r\n"), from_address=MAILBOX, display_name="Bränd Support", trace="01ABC", at=AT
    )
    with sink() as remote:
        way = SmtpTransport("127.0.0.1", remote.port, tls="none", hostname="docket.brand.example")
        outcomes = way.send(signing.field_of(copy.raw) + copy.raw, MAILBOX, (BUYER,))
        assert [type(one).__name__ for one in outcomes] == ["Delivered"], outcomes
        (taken,) = remote.taken
    arrived = taken.raw
    assert verifies(arrived)
    assert not verifies(arrived.replace(b"Anfrage", b"Anfragen"))
    assert not verifies(b"From: evil@brand.example\r\n" + arrived)
    assert b"secret 1.0" not in arrived


def test_a_key_that_cannot_serve_is_named(tmp_path):
    assert load_signing("brand.example", "", "", MAILBOX) is None
    bad = tmp_path / "bad.pem"
    with pytest.raises(WrongUse, match="cannot be read"):
        load_signing("brand.example", "docket", str(bad), MAILBOX)
    bad.write_text("no key")
    with pytest.raises(WrongUse, match="no private key"):
        load_signing("brand.example", "docket", str(bad), MAILBOX)


def test_the_key_stands_in_no_representation(signing):
    assert "PRIVATE" not in repr(signing)


def test_what_cannot_be_signed_does_not_leave_unsigned(signing):
    with pytest.raises(Permanent, match="nothing was sent"):
        signing.field_of(b"From: x@y.example\r\nno field at all\r\n\r\nx\r\n")

"""Signed mail and the DNS records that go with it, for tests: keys are made once a process."""

import base64
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache

import dkim
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from gateway.mail.authenticity.answers import Answer, Lookup, normal
from gateway.mail.authenticity.check import Wire

AT = datetime(2026, 11, 23, 8, 15, tzinfo=UTC)
AMAZON = "marketplace.amazon.de"


@cache
def _key(number: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(number: int = 0) -> bytes:
    return _key(number).private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())


def record(number: int = 0, more: str = "") -> str:
    der = _key(number).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return f"v=DKIM1; k=rsa;{more} p={base64.b64encode(der).decode()}"


def signed(raw: bytes, domain: str = "amazon.de", *, number: int = 0, **more) -> bytes:
    """Return a message under one more signature."""
    return dkim.sign(raw, b"s1", domain.encode(), pem(number), **more) + raw


def lookup(
    zone: Mapping[str, str | Sequence[str]], *, failing: Sequence[str] = (), asked: list | None = None
) -> Lookup:
    """Answer from ``zone``: a name means its TXT record, ``name/MX`` the records of another type."""

    def look(name, kind):
        name = normal(name)
        found = zone.get(name if kind == "TXT" else f"{name}/{kind}", ())
        records = (found,) if isinstance(found, str) else tuple(found)
        rcode = "TIMEOUT" if name in failing else "NOERROR" if records else "NXDOMAIN"
        answer = Answer(name=name, type=kind, rcode=rcode, records=() if name in failing else records, ttl=60)
        if asked is not None:
            asked.append(answer)
        return answer

    return look


def zone(domain: str = "amazon.de", *, number: int = 0, policy: str = "reject", spf: str = "v=spf1 -all"):
    """Return what a domain publishes that signs its mail with our key ``number``."""
    return {
        f"s1._domainkey.{domain}": record(number),
        f"_dmarc.{domain}": f"v=DMARC1; p={policy}",
        domain: spf,
    }


def wire(**more) -> Wire:
    known = {"ip": "192.0.2.7", "helo": "a.example", "mail_from": "bounce@ses.example", "at": AT}
    return Wire(**{**known, **more})


def mail(
    from_: str = f"Marie <k3jx9v@{AMAZON}>", *, text: str = "Where is my  order? \r\n", more: str = ""
) -> bytes:
    return (
        f"From: {from_}\r\nTo: support@brand.example\r\nSubject:  Order \t302-4937261-8841957\r\n folded\r\n"
        f"Date: Mon, 23 Nov 2026 08:15:00 +0000\r\n{more}Message-ID: <1@mail.example>\r\n\r\n{text}"
    ).encode()

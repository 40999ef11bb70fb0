"""Signed mail and the DNS records that go with it, for tests: keys are made once a process."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache

import dkim
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from gateway.mail.authenticity.answers import Answer, Lookup, normal
from gateway.mail.authenticity.canonical_form import header_form, relaxed_body
from gateway.mail.authenticity.check import Wire
from gateway.mail.header_block import header_block_of

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


def sealed(raw: bytes, told: str, domain: str = "sealer.example", *, number: int = 3) -> bytes:
    """Return a message as a server passes it on, sealed with what it found about it (RFC 8617)."""
    block = header_block_of(raw)
    before = [field for name, field in reversed(block.fields) if name.startswith("arc-")]
    step = len(before) // 3 + 1
    fields = dict(block.fields)
    known = f"a=rsa-sha256; d={domain}; s=s1;"
    body = base64.b64encode(hashlib.sha256(relaxed_body(block.rest.removeprefix(b"\r\n"))).digest()).decode()
    found = f"ARC-Authentication-Results: i={step}; mx.{domain}; {told}\r\n".encode()
    signature = f"ARC-Message-Signature: i={step}; {known} c=relaxed/relaxed; h=from:subject; bh={body}; b="
    vouched = _ended([fields["from"], fields["subject"]], signature, number)
    seal = f"ARC-Seal: i={step}; {known} cv={'pass' if before else 'none'}; b="
    return _ended([*before, found, vouched], seal, number) + vouched + found + raw


def _ended(fields: Sequence[bytes], last: str, number: int) -> bytes:
    """Return the last field with its signature over all of them."""
    over = b"".join(header_form(one, "relaxed") for one in fields)
    over += header_form(last.encode() + b"\r\n", "relaxed").removesuffix(b"\r\n")
    made = _key(number).sign(over, padding.PKCS1v15(), hashes.SHA256())
    return last.encode() + base64.b64encode(made) + b"\r\n"


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

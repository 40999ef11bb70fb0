"""The simulated marketplaces sign their mail as real ones do: with a key of their own, published by a name server of their own."""

import base64
from email import message_from_bytes
from email.policy import default

import dkim
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from gateway.mail.authenticity.dmarc import organisation_of

BOUNCES = "bounces.marketplace.example"
_SELECTOR = "demo"
_BITS = 2048


class Signer:
    """Signs for whatever domain a mail is from. ``records`` are what a name server must answer, and grow with each domain."""

    def __init__(self, *, sends_from: str = "127.0.0.1") -> None:
        key = rsa.generate_private_key(public_exponent=65537, key_size=_BITS)
        public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        self._pem = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
        self._published = f"v=DKIM1; k=rsa; p={base64.b64encode(public).decode('ascii')}"
        self.records: dict[tuple[str, str], list[str]] = {(BOUNCES, "TXT"): [f"v=spf1 ip4:{sends_from} -all"]}

    def signed(self, raw: bytes) -> bytes:
        """Return a mail under the signature of its From domain's organisation."""
        raw = raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")  # as it will be on the wire
        people = message_from_bytes(raw, policy=default)["From"].addresses
        domain = organisation_of(people[0].domain.lower())
        self.records[(f"{_SELECTOR}._domainkey.{domain}", "TXT")] = [self._published]
        self.records[(f"_dmarc.{domain}", "TXT")] = ["v=DMARC1; p=quarantine"]
        header: bytes = dkim.sign(
            raw, _SELECTOR.encode(), domain.encode(), self._pem, canonicalize=(b"relaxed", b"relaxed")
        )
        return header + raw

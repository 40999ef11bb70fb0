"""Public keys as domains publish them in DNS (RFC 6376 section 3.6.1, RFC 8463), and what they say of a signature."""

import base64
import binascii
import hashlib
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from gateway.mail.authenticity.answers import Lookup
from gateway.mail.authenticity.tags import TagError, listed, packed, tags_of
from gateway.mail.authenticity.verdicts import Word

RSA_BITS_MIN = 1024  # RFC 8301 section 3.2
RSA_BITS_MAX = 8192  # a larger one costs more than any honest key
_EXPONENT_MAX = 1 << 32
_RECORD_MAX = 16 * 1024
_KEY_MAX = 2048  # bytes of a key in DER


class NoKey(Exception):
    """There is no key to check with; ``result`` is what that makes of the signature."""

    def __init__(self, result: Word, reason: str) -> None:
        super().__init__(reason)
        self.result: Word = result
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key, ready to verify with. ``strict`` asks that the signer's identity is of exactly its domain."""

    public: RSAPublicKey | Ed25519PublicKey
    bits: int
    testing: bool = False
    strict: bool = False

    def verifies(self, signature: bytes, signed: bytes) -> bool:
        try:
            if isinstance(self.public, RSAPublicKey):
                self.public.verify(signature, signed, padding.PKCS1v15(), SHA256())
            else:
                # RFC 8463 section 3: what is signed is the hash, not the text.
                self.public.verify(signature, hashlib.sha256(signed).digest())
        except InvalidSignature:
            return False
        return True


def key_at(selector: str, domain: str, algorithm: str, lookup: Lookup) -> Key:
    """Return the key a signature names; raises NoKey that says why there is none."""
    name = f"{selector}._domainkey.{domain}"
    if not dns_name(name):
        raise NoKey("permerror", "its d= and s= are no domain name")
    answer = lookup(name, "TXT")
    if answer.failed:
        raise NoKey("temperror", f"DNS gave no answer about the key {name} ({answer.rcode})")
    records = [record for record in answer.records if record.strip()]
    if not records:
        raise NoKey("permerror", f"its domain publishes no key {name}")
    if len(records) > 1:
        raise NoKey("permerror", f"its domain publishes several keys {name}; which one is meant is not known")
    if len(records[0]) > _RECORD_MAX:
        raise NoKey("permerror", f"the record {name} is too large to be a key")
    return key_of(records[0], algorithm)


def key_of(record: str, algorithm: str) -> Key:
    """Return the key that a record holds; raises NoKey."""
    try:
        tags = tags_of(record)
    except TagError as wrong:
        raise NoKey("permerror", f"the key's record cannot be read: {wrong}") from None
    kind = algorithm.partition("-")[0]
    if tags.get("v", "DKIM1") != "DKIM1":
        raise NoKey("permerror", "the key's record is of an unknown version")
    if tags.get("k", "rsa").lower() != kind:
        raise NoKey("permerror", f"the key is not for {algorithm}")
    if "h" in tags and "sha256" not in listed(tags["h"]):
        raise NoKey("permerror", "the key does not allow SHA-256")
    if "s" in tags and not {"*", "email"} & set(listed(tags["s"])):
        raise NoKey("permerror", "the key is not for mail")
    if "p" not in tags:
        raise NoKey("permerror", "the key's record holds no key")
    if not tags["p"]:
        raise NoKey("permerror", "the key has been revoked")
    public, bits = _public(tags["p"], kind)
    flags = listed(tags.get("t", ""))
    return Key(public=public, bits=bits, testing="y" in flags, strict="s" in flags)


def dns_name(name: str) -> bool:
    r"""Tell whether a name can be asked for: labels of 1 to 63 characters that are plain, 253 in all.

    >>> dns_name("s1._domainkey.example.net"), dns_name("a..b"), dns_name("a\nb.example")
    (True, False, False)
    """
    return (
        len(name) <= 253
        and name.isascii()
        and all(0 < len(label) <= 63 and label.isprintable() for label in name.split("."))
    )


def _public(text: str, kind: str) -> tuple[RSAPublicKey | Ed25519PublicKey, int]:
    try:
        der = base64.b64decode(packed(text), validate=True)
    except (binascii.Error, ValueError):
        raise NoKey("permerror", "the key is not in base64") from None
    if kind == "ed25519":
        if len(der) != 32:
            raise NoKey("permerror", "the key is no Ed25519 key")
        return Ed25519PublicKey.from_public_bytes(der), 256
    if len(der) > _KEY_MAX:
        raise NoKey("policy", f"the key is larger than {RSA_BITS_MAX} bits")
    try:
        public = load_der_public_key(der)
    except (ValueError, UnsupportedAlgorithm):
        raise NoKey("permerror", "the key cannot be read") from None
    if not isinstance(public, RSAPublicKey):
        raise NoKey("permerror", "the key is no RSA key")
    if public.key_size < RSA_BITS_MIN:
        raise NoKey("fail", f"the key has only {public.key_size} bits: anyone with a computer can forge it")
    if public.key_size > RSA_BITS_MAX or public.public_numbers().e > _EXPONENT_MAX:
        raise NoKey("policy", "the key is larger than anyone needs, and is not checked")
    return public, public.key_size

"""DKIM signatures on what leaves (RFC 6376): under a mailbox's own key, over the copy as it goes out."""

import re
from dataclasses import dataclass, field
from pathlib import Path

import dkim
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from gateway.errors import Permanent, WrongUse

_BITS_MIN = 2048  # RFC 8301 section 3.2: verifiers may ignore less than 1024, signers should have 2048
_LINE_END = re.compile(rb"\r\n|\r|\n")
_SIGNED = (
    b"from to cc subject date message-id in-reply-to references mime-version content-type content-transfer-encoding"
).split()


@dataclass(frozen=True, slots=True, kw_only=True)
class Signing:
    """Signs as ``domain``; its public key stands in DNS at ``SELECTOR._domainkey.DOMAIN``."""

    domain: str
    selector: str
    pem: bytes = field(repr=False)

    def field_of(self, raw: bytes) -> bytes:
        """Return the signature field for a message as it goes over the wire, its lines ended by CRLF.

        Raises Permanent for a message that cannot be signed: unsigned, the marketplace would turn it down later.
        """
        try:
            signature: bytes = dkim.sign(
                _LINE_END.sub(b"\r\n", raw),
                self.selector.encode("ascii"),
                self.domain.encode("ascii"),
                self.pem,
                canonicalize=(b"relaxed", b"relaxed"),
                include_headers=[
                    *_present(raw),
                    b"from",
                ],  # once more than there are: no second From can be added
            )
        except (dkim.DKIMException, ValueError, UnicodeError) as wrong:
            raise Permanent(
                f"it cannot be signed for {self.domain} ({type(wrong).__name__}); nothing was sent",
                "550 5.7.0 This message cannot be signed",
            ) from wrong
        return signature


def _present(raw: bytes) -> list[bytes]:
    """Return the names of the fields to sign, those that are there, once each."""
    header = _LINE_END.sub(b"\r\n", raw).partition(b"\r\n\r\n")[0]
    names = {line.partition(b":")[0].strip().lower() for line in header.split(b"\r\n")}
    return [name for name in _SIGNED if name in names]


def load_signing(domain: str, selector: str, key_file: str, address: str) -> Signing | None:
    """Read a mailbox's private key, None where the settings name none; raises WrongUse where it cannot serve."""
    if not key_file:
        return None
    where = f"mailbox {address}, dkim: key_file {key_file}"
    try:
        key = load_pem_private_key(Path(key_file).read_bytes(), password=None)
    except OSError as wrong:
        raise WrongUse(f"{where} cannot be read: {wrong.strerror}") from wrong
    except (ValueError, TypeError) as wrong:
        raise WrongUse(f"{where} is no private key in PEM without a password") from wrong
    if not isinstance(key, RSAPrivateKey) or key.key_size < _BITS_MIN:
        raise WrongUse(
            f"{where} is no RSA key of {_BITS_MIN} bits or more; make one: openssl genrsa -out FILE 2048"
        )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    return Signing(domain=domain.lower(), selector=selector, pem=pem)

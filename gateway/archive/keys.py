"""Keys: the files in the secrets folder, and how one entry's key is wrapped and gives birth to others.

Every entry has a random key of its own, used for that entry only. Wrapped, it lies in keys.db and nowhere else, so that
destroying one row there destroys one message everywhere.
"""

import base64
import hashlib
import hmac
import os
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from gateway.archive.checkpoint import Signer, Verifier, unbase64
from gateway.archive.faults import Damaged
from gateway.archive.handover import read_chain
from gateway.archive.kek import KEY_BYTES, KekSource, new_line
from gateway.durable import sync_folder
from gateway.errors import WrongUse
from gateway.mail.entry import MAIL_TYPES

_NONCE = 12
CHAIN = "log.chain"  # the keys that signed before, where there were any
PENDING = "log.rotation"  # a change of the signing key that is not finished


def subkey(dek: bytes, label: str) -> bytes:
    """Return a key of 32 bytes derived from an entry's key: HKDF-Expand with SHA-256 (RFC 5869 section 2.3).

    The entry's key is uniformly random and so is the pseudorandom key itself (RFC 5869 section 3.3). Giving away one
    derived key tells nothing of the others.
    """
    return hmac.digest(dek, label.encode() + b"\x01", "sha256")


class Wrapper:
    """Wraps entries' keys with AES-256-GCM under key-encryption keys; the last one given wraps what is new.

    Nonces are random: change the key-encryption key before it has wrapped 2**32 keys (NIST SP 800-38D section 8.3).
    """

    def __init__(self, keks: dict[str, bytes]) -> None:
        self._keks = {name: AESGCM(key) for name, key in keks.items()}
        self.current = list(keks)[-1]

    @property
    def names(self) -> AbstractSet[str]:
        return self._keks.keys()

    def wrap(self, dek: bytes, id_: str) -> bytes:
        nonce = os.urandom(_NONCE)
        return nonce + self._keks[self.current].encrypt(nonce, dek, id_.encode())

    def unwrap(self, kek: str, wrapped: bytes, id_: str) -> bytes:
        """Return an entry's key; raises Damaged."""
        if kek not in self._keks:
            raise Damaged(
                f"its key is wrapped under {kek!r}, which is not among the key-encryption keys given"
            )
        if not isinstance(wrapped, bytes) or len(wrapped) != _NONCE + KEY_BYTES + 16:
            raise Damaged("its wrapped key has a wrong length")
        try:
            return self._keks[kek].decrypt(wrapped[:_NONCE], wrapped[_NONCE:], id_.encode())
        except InvalidTag:
            raise Damaged("its wrapped key does not open") from None


class Fingerprints:
    """Keyed hashes by which equal payloads are found; without the key nobody can guess a payload from them."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def of(self, type_: str, payload: bytes) -> bytes:
        """Return what two drafts of one kind share if, and only if, their payloads are equal. All mail is one kind."""
        kind = "mail" if type_ in MAIL_TYPES else type_
        return hmac.digest(self._key, kind.encode() + b"\0" + hashlib.sha256(payload).digest(), "sha256")

    def of_transaction(self, raw: bytes, mail_from: str, rcpt_to: tuple[str, ...]) -> bytes:
        """Return what two identical SMTP transactions share: same bytes, same sender, same recipients in any order."""
        parts = [mail_from, *sorted(rcpt_to)]
        sized = b"".join(
            len(part).to_bytes(4, "big") + part for part in (p.encode("utf-8", "replace") for p in parts)
        )
        return hmac.digest(self._key, b"\0twin\0" + hashlib.sha256(raw).digest() + sized, "sha256")


@dataclass(frozen=True, slots=True)
class Secrets:
    """The files of the secrets folder, read: ``log.key`` (PEM), ``log.vkey``, ``fp.key``, and the keys of a KekSource."""

    signer: Signer
    wrapper: Wrapper
    fingerprints: Fingerprints

    @classmethod
    def load(cls, folder: Path, source: KekSource) -> Self:
        """Read the folder, and from its source what wraps keys; raises WrongUse naming what is missing or wrong."""
        return cls(load_signer(folder), Wrapper(source.read(folder)), load_fingerprints(folder))


def load_signer(folder: Path) -> Signer:
    """Return the key that signs the log; raises WrongUse."""
    verifier = load_verifier(folder)
    try:
        private = load_pem_private_key(_read(folder / "log.key"), None)
    except (ValueError, TypeError):
        private = None
    if not isinstance(private, Ed25519PrivateKey):
        raise WrongUse(f"{folder / 'log.key'} is no Ed25519 key")
    signer = Signer(verifier.name, private, verifier.earlier)
    if signer.verifier.key_id != verifier.key_id:
        raise WrongUse(f"{folder / 'log.key'} and log.vkey do not belong together")
    return signer


def load_verifier(folder: Path, *, pending: bool = False) -> Verifier:
    """Return the log's public key, which knows those before it; raises WrongUse, also where a change is not finished."""
    if not pending and (folder / PENDING).exists():
        raise WrongUse("a change of the signing key broke off: run docket keys rotate, which finishes it")
    try:
        verifier = Verifier.parse(_read(folder / "log.vkey").decode())
    except (Damaged, UnicodeDecodeError) as wrong:
        raise WrongUse(f"{folder / 'log.vkey'}: {wrong}") from None
    chain = folder / CHAIN
    if pending or not chain.exists():
        return verifier
    try:
        last = read_chain(_read(chain))
    except Damaged as wrong:
        raise WrongUse(f"{chain}: {wrong}") from None
    if last.vkey() != verifier.vkey():
        raise WrongUse(f"{chain} does not lead to the key in log.vkey")
    return last


def load_fingerprints(folder: Path) -> Fingerprints:
    key = unbase64(_read(folder / "fp.key").decode("ascii", "replace").strip())
    if key is None or len(key) != KEY_BYTES:
        raise WrongUse(f"{folder / 'fp.key'} is not 32 bytes in base64")
    return Fingerprints(key)


def make_secrets(folder: Path, origin: str, source: KekSource) -> Secrets:
    """Make new keys in ``folder``, readable by its owner only; raises WrongUse where some stand there already.

    The one that wraps all others is made only where none comes from elsewhere.
    """
    if source.named:
        source.read(folder)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    private = Ed25519PrivateKey.generate()
    fp = os.urandom(KEY_BYTES)
    files = {
        "log.key": private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        "log.vkey": Signer(origin, private).verifier.vkey() + "\n",
        "fp.key": base64.b64encode(fp).decode() + "\n",
    }
    if not source.named:
        files["kek.key"] = new_line()
    for name in files:
        if (folder / name).exists():
            raise WrongUse(f"{folder / name} is there already; keys are made once and never overwritten")
    for name, text in files.items():
        _write(folder / name, text)
    sync_folder(folder)
    return Secrets.load(folder, source)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as wrong:
        raise WrongUse(
            f"{path} cannot be read ({wrong.strerror}); without it the archive does not open"
        ) from None


def _write(path: Path, text: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())

"""The log's signing key is exchanged: prepared, handed over, and put in force; broken off anywhere, it is taken up again.

``log.next`` holds the new key until it is in force. ``log.rotation`` holds all that changes, once the old key has signed
for it: from then on the change is done, whoever finishes it, and until it is finished nobody opens the archive.
"""

import base64
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from sqlalchemy import Engine, select

from gateway.archive.checkpoint import Signer, Verifier, open_checkpoint
from gateway.archive.handover import hand_over, lengthened, read_chain
from gateway.archive.keys import CHAIN, PENDING, load_signer, load_verifier
from gateway.archive.tables import logs
from gateway.durable import replace_file, sync_folder
from gateway.errors import WrongUse

_NEXT = "log.next"


class _Pending(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The files as they will be, in base64."""

    chain: str
    key: str
    vkey: str


def prepare(secrets: Path) -> Verifier:
    """Make the key that is to come, or find the one that an earlier try made; nothing else changes yet."""
    place = secrets / _NEXT
    if not place.exists():
        private = Ed25519PrivateKey.generate()
        replace_file(place, private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return _next(secrets).verifier


def hand_on(secrets: Path, archive: Engine, *, log: int = 0) -> Verifier:
    """Have the old key sign for the prepared one and put that in force. The caller holds the keys alone."""
    old, new = load_signer(secrets), _next(secrets)
    with archive.connect() as conn:
        note = conn.scalar(select(logs.c.checkpoint).where(logs.c.log == log))
    if not isinstance(note, str):
        raise WrongUse("the archive has no head that could be handed over; run docket verify")
    chain = secrets / CHAIN
    before = chain.read_bytes() if chain.exists() else None
    signed = hand_over(old, new, open_checkpoint(note, old.verifier))
    text = lengthened(before, old.verifier, [signed])
    pending = _Pending(
        chain=base64.b64encode(text).decode(),
        key=base64.b64encode((secrets / _NEXT).read_bytes()).decode(),
        vkey=base64.b64encode(new.verifier.vkey().encode() + b"\n").decode(),
    )
    assert read_chain(text).key_id == new.verifier.key_id
    replace_file(secrets / PENDING, msgspec.json.encode(pending))
    finish(secrets)
    return load_verifier(secrets)


def finish(secrets: Path) -> bool:
    """Put in force what was handed over and not finished; say whether there was anything. The caller holds the keys alone.

    ``log.vkey`` comes last of those: it is what others lock.
    """
    place = secrets / PENDING
    if not place.exists():
        return False
    try:
        pending = msgspec.json.decode(place.read_bytes(), type=_Pending)
        files = [(CHAIN, pending.chain), ("log.key", pending.key), ("log.vkey", pending.vkey)]
        decoded = [(name, base64.b64decode(text, validate=True)) for name, text in files]
    except (msgspec.DecodeError, ValueError) as wrong:
        raise WrongUse(
            f"{place} is not what a rotation leaves; put back a copy of the secrets folder, or, where none was begun, delete it"
        ) from wrong
    for name, data in decoded:
        replace_file(secrets / name, data)
    (secrets / _NEXT).unlink(missing_ok=True)
    place.unlink()
    sync_folder(secrets)
    return True


def _next(secrets: Path) -> Signer:
    try:
        private = load_pem_private_key((secrets / _NEXT).read_bytes(), None)
    except (ValueError, TypeError, FileNotFoundError) as wrong:
        raise WrongUse(
            f"{secrets / _NEXT} is no key, or another rotation has taken it; delete it and begin again"
        ) from wrong
    if not isinstance(private, Ed25519PrivateKey):
        raise WrongUse(f"{secrets / _NEXT} is no Ed25519 key; delete it and begin again")
    return Signer(load_verifier(secrets, pending=True).name, private)

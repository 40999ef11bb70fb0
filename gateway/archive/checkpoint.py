"""Signed notes, checkpoints and proof files in C2SP text form, with Ed25519. Pure.

https://c2sp.org/signed-note@v1.0.0  https://c2sp.org/tlog-checkpoint@v1.0.0  https://c2sp.org/tlog-proof
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from gateway.archive.faults import Damaged
from gateway.archive.tree import HASH_BYTES

_ED25519 = b"\x01"
_MAX_NOTE = 1 << 20
_NAME = re.compile(r"[^\s+]+")
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key under a name, as strangers hold it.

    ``earlier`` are the keys that it took the log over from, oldest first, each with the size and root up to which it speaks.
    """

    name: str
    public: Ed25519PublicKey
    earlier: tuple[tuple["Verifier", int, bytes], ...] = ()

    @property
    def since(self) -> int:
        """How long the log was when this key took it over."""
        return self.earlier[-1][1] if self.earlier else 0

    @property
    def first(self) -> "Verifier":
        """The key that the log began with."""
        return self.earlier[0][0] if self.earlier else self

    @property
    def fingerprint(self) -> str:
        """SHA-256 of name, newline, signature type and public key in hexadecimal: what people compare."""
        return hashlib.sha256(
            self.name.encode() + b"\n" + _ED25519 + self.public.public_bytes_raw()
        ).hexdigest()

    @property
    def key_id(self) -> bytes:
        """The first four bytes of the fingerprint."""
        return bytes.fromhex(self.fingerprint[:8])

    def vkey(self) -> str:
        """Return the key as one line, ``name+id+base64``, which is what one gives to strangers."""
        key = base64.b64encode(_ED25519 + self.public.public_bytes_raw()).decode()
        return f"{self.name}+{self.key_id.hex()}+{key}"

    @classmethod
    def parse(cls, vkey: str) -> Self:
        """Read such a line; raises Damaged where its id is not that of its key."""
        name, _, rest = vkey.strip().partition("+")
        shown, _, encoded = rest.partition("+")
        key = unbase64(encoded)
        if not is_name(name) or key is None or len(key) != 33 or key[:1] != _ED25519:
            raise Damaged("this is no Ed25519 verification key")
        verifier = cls(name, Ed25519PublicKey.from_public_bytes(key[1:]))
        if shown != verifier.key_id.hex():
            raise Damaged("the verification key's id is not that of its key")
        return verifier


class Signer:
    """The log's private key under the log's name."""

    def __init__(
        self,
        name: str,
        private: Ed25519PrivateKey,
        earlier: tuple[tuple[Verifier, int, bytes], ...] = (),
    ) -> None:
        self._private = private
        self.verifier = Verifier(name, private.public_key(), earlier)
        self._key_id = self.verifier.key_id

    def sign(self, text: str) -> str:
        """Return the text, which ends with a newline, as a signed note."""
        signature = base64.b64encode(self._key_id + self._private.sign(text.encode())).decode()
        return f"{text}\n\u2014 {self.verifier.name} {signature}\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """The statement that the log ``origin`` had ``size`` entries under the tree hash ``root``."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a note's text; raises Damaged. Lines after the third are allowed by the format and refused by us."""
        lines = text.split("\n")
        root = unbase64(lines[2]) if len(lines) == 4 else None
        if (
            root is None
            or len(root) != HASH_BYTES
            or lines[3]
            or not lines[0]
            or not _SIZE.fullmatch(lines[1])
        ):
            raise Damaged("the checkpoint is not origin, size and root on three lines")
        return cls(origin=lines[0], size=int(lines[1]), root=root)


def open_note(note: str, verifier: Verifier) -> str:
    """Return the text of a note that ``verifier`` signed; raises Damaged.

    Signatures of unknown keys are passed over; a wrong one of the known key condemns the note.
    """
    if not isinstance(note, str):  # a database holds whatever somebody wrote into it
        raise Damaged("the note is no text")
    if len(note) > _MAX_NOTE or any(char < " " and char != "\n" for char in note):
        raise Damaged("the note is too long or holds control characters")
    text, blank, tail = note.rpartition("\n\n")
    if not blank or not tail.endswith("\n"):
        raise Damaged("the note has no signature")
    text += "\n"
    signed = False
    for line in tail[:-1].split("\n"):
        dash, _, rest = line.partition(" ")
        name, _, encoded = rest.partition(" ")
        signature = unbase64(encoded)
        if dash != "\u2014" or not is_name(name) or signature is None or len(signature) < 5:
            raise Damaged("a line below the note is no signature")
        if name != verifier.name or signature[:4] != verifier.key_id:
            continue
        try:
            verifier.public.verify(signature[4:], text.encode())
        except InvalidSignature:
            raise Damaged("the note's signature is wrong") from None
        signed = True
    if not signed:
        raise Damaged("the note is not signed by the key that we trust")
    return text


def open_checkpoint(note: str, verifier: Verifier) -> Checkpoint:
    """Return what a signed checkpoint states; raises Damaged, also where it speaks for another log than its key.

    A key that has handed the log over is believed up to the size at which it did.
    """
    for one, until, _ in verifier.earlier:
        if _has_signed(one, note):
            checkpoint = Checkpoint.parse(open_note(note, one))
            if checkpoint.size > until:
                raise Damaged(f"the checkpoint is signed by a key that was replaced at entry {until}")
            break
    else:
        checkpoint = Checkpoint.parse(open_note(note, verifier))
    if checkpoint.origin != verifier.name:
        raise Damaged("the checkpoint is another log's")
    return checkpoint


def _has_signed(verifier: Verifier, note: str) -> bool:
    """Tell whether a note says that this key has signed it; whether that is true is for ``open_note`` to say."""
    for line in note.rpartition("\n\n")[2].split("\n"):
        _, _, rest = line.partition(" ")
        name, _, encoded = rest.partition(" ")
        if name == verifier.name and (unbase64(encoded) or b"")[:4] == verifier.key_id:
            return True
    return False


def proof_text(index: int, path: Sequence[bytes], note: str) -> str:
    """Return a proof file: everything a stranger needs beside the leaf and the key (https://c2sp.org/tlog-proof)."""
    steps = "".join(f"{base64.b64encode(step).decode()}\n" for step in path)
    return f"c2sp.org/tlog-proof@v1\nindex {index}\n{steps}\n{note}"


def parse_proof(text: str) -> tuple[int, list[bytes], str]:
    """Return a proof file's index, audit path and signed checkpoint; raises Damaged. Extra data is passed over."""
    head, blank, note = text.partition("\n\n")
    lines = head.split("\n")
    if blank and lines[0] == "c2sp.org/tlog-proof@v1" and len(lines) > 1:
        del lines[0]
        if lines[0].startswith("extra "):
            del lines[0]
        path = [unbase64(line) for line in lines[1:]]
        steps = [step for step in path if step is not None and len(step) == HASH_BYTES]
        word, _, index = lines[0].partition(" ") if lines else ("", "", "")
        if word == "index" and _SIZE.fullmatch(index) and len(steps) == len(path):
            return int(index), steps, note
    raise Damaged("this is no proof file of the first version")


def is_name(name: str) -> bool:
    """Say whether a key, and so a log, may have this name: no space, no plus sign, not empty."""
    return _NAME.fullmatch(name) is not None and name.isprintable()


def unbase64(text: str) -> bytes | None:
    """Return the bytes of canonical base64 (RFC 4648 section 4), None for anything else."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return data if base64.b64encode(data).decode() == text else None

"""The vault: one entry's payload and meta as one ciphertext, made before the entry joins a commit group. Pure but for randomness.

frame  = length of meta, 4 bytes big-endian | meta as canonical JSON | payload
blob   = nonce, 12 bytes | AES-256-GCM(subkey(DEK, "blob"), nonce, zstd(frame), origin LF id LF type)
"""

import hashlib
import json
import os
import struct
import threading
from dataclasses import dataclass
from typing import Any

import zstandard
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.archive.faults import Damaged
from gateway.archive.kek import KEY_BYTES
from gateway.archive.keys import Fingerprints, Wrapper, subkey
from gateway.archive.leaf import Leaf, base64_of, is_type
from gateway.errors import Permanent, WrongUse
from gateway.mail.canonical import canonical
from gateway.mail.entry import Draft

MAX_FRAME = 1 << 30  # bytes of payload and meta that one entry may hold
COMMIT_PAYLOAD, COMMIT_META = "commit/raw", "commit/meta"  # labels of the subkeys that salt the commitments
_LEVEL = 3
_NONCE = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """A draft ready for the log: all that is left is to give it its place and time. The hashes are base64."""

    id: str
    type: str
    once: bool
    fp: bytes
    ct: str
    commit: str
    meta: str
    blob: bytes
    kek: str
    wrapped: bytes
    head: int | None = None  # where the log must end for it to be appended


class Vault:
    """Seals and opens the entries of the log ``origin``. Any thread may use it."""

    def __init__(self, origin: str, wrapper: Wrapper, fingerprints: Fingerprints) -> None:
        self._origin = origin
        self._wrapper = wrapper
        self._fingerprints = fingerprints
        self._local = threading.local()  # a compressor is not for two threads at once

    def seal(self, draft: Draft, id_: str) -> Sealed:
        """Compress, encrypt and hash a draft. Raises Permanent for one that is too large."""
        if not is_type(draft.type):
            raise WrongUse(f"{draft.type!r} is no type of an entry")
        meta = canonical(draft.meta)
        payload = draft.payload
        if len(meta) + len(payload) + 4 > MAX_FRAME:
            raise Permanent(f"a message of {len(payload)} bytes is too large", "552 5.3.4 Message too big")
        random = os.urandom(KEY_BYTES + _NONCE)  # one call: it costs more than the bytes
        dek, nonce = random[:KEY_BYTES], random[KEY_BYTES:]
        frame = self._compressor().compress(struct.pack(">I", len(meta)) + meta + payload)
        blob = nonce + AESGCM(subkey(dek, "blob")).encrypt(nonce, frame, self._bound_to(id_, draft.type))
        commit, meta_commit = commitments(dek, payload, meta)
        return Sealed(
            id=id_,
            type=draft.type,
            once=draft.once,
            fp=self._fingerprints.of(draft.type, payload),
            ct=base64_of(hashlib.sha256(blob).digest()),
            commit=base64_of(commit),
            meta=base64_of(meta_commit),
            blob=blob,
            kek=self._wrapper.current,
            wrapped=self._wrapper.wrap(dek, id_),
        )

    def unwrap(self, id_: str, kek: str, wrapped: bytes) -> bytes:
        """Return an entry's key; raises Damaged."""
        return self._wrapper.unwrap(kek, wrapped, id_)

    def open(self, leaf: Leaf, dek: bytes, blob: bytes) -> tuple[bytes, dict[str, Any]]:
        """Return payload and meta, checked against all that the leaf commits to; raises Damaged."""
        if hashlib.sha256(blob).digest() != leaf.ct:
            raise Damaged("its ciphertext is not the one that was archived")
        try:
            packed = AESGCM(subkey(dek, "blob")).decrypt(
                blob[:_NONCE], blob[_NONCE:], self._bound_to(leaf.id, leaf.type)
            )
        except (InvalidTag, ValueError):
            raise Damaged("its ciphertext does not open") from None
        frame = _unpack(packed)
        length = int.from_bytes(frame[:4], "big")
        if len(frame) < 4 + length:
            raise Damaged("its frame is cut short")
        meta, payload = frame[4 : 4 + length], frame[4 + length :]
        commit, meta_commit = commitments(dek, payload, meta)
        if commit != leaf.commit:
            raise Damaged("its payload is not the one that was committed to")
        if meta_commit != leaf.meta:
            raise Damaged("its meta is not the one that was committed to")
        try:
            value: Any = json.loads(meta)
        except (ValueError, RecursionError):
            raise Damaged("its meta is not JSON") from None
        if not isinstance(value, dict):
            raise Damaged("its meta is not an object")
        return payload, value

    def fingerprint(self, type_: str, payload: bytes) -> bytes:
        return self._fingerprints.of(type_, payload)

    def _bound_to(self, id_: str, type_: str) -> bytes:
        return f"{self._origin}\n{id_}\n{type_}".encode()

    def _compressor(self) -> zstandard.ZstdCompressor:
        compressor: zstandard.ZstdCompressor | None = getattr(self._local, "compressor", None)
        if compressor is None:
            compressor = self._local.compressor = zstandard.ZstdCompressor(
                level=_LEVEL, write_content_size=True
            )
        return compressor


def commitments(dek: bytes, payload: bytes, meta: bytes) -> tuple[bytes, bytes]:
    """Return the salted hashes of payload and meta. Who is given a salt can check one of them and open nothing."""
    commit = hashlib.sha256(subkey(dek, COMMIT_PAYLOAD))
    commit.update(payload)
    return commit.digest(), hashlib.sha256(subkey(dek, COMMIT_META) + meta).digest()


def _unpack(packed: bytes) -> bytes:
    """Decompress one zstd frame that states its size and keeps to it."""
    try:
        size = zstandard.get_frame_parameters(packed).content_size
        if not 4 <= size <= MAX_FRAME:
            raise Damaged("its frame states no size, or one beyond all bounds")
        frame = zstandard.ZstdDecompressor().decompress(
            packed, max_output_size=MAX_FRAME, allow_extra_data=False
        )
    except zstandard.ZstdError:
        raise Damaged("its frame does not decompress") from None
    if len(frame) != size:
        raise Damaged("its frame is not as long as it states")
    return frame

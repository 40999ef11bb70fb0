"""The vault: what it seals it opens, and nothing else, whoever made the bytes."""

import hashlib
import os

import pytest
import zstandard
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from gateway.archive import vault as vaults
from gateway.archive.checkpoint import unbase64
from gateway.archive.faults import Damaged
from gateway.archive.keys import Fingerprints, Wrapper, subkey
from gateway.archive.leaf import Leaf, read_leaf, write_leaf
from gateway.archive.vault import Vault, commitments
from gateway.mail.entry import Draft

ID = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
VAULT = Vault("docket/test", Wrapper({"k": b"k" * 32}), Fingerprints(b"f" * 32))


def leaf_of(sealed) -> Leaf:
    return read_leaf(
        write_leaf(
            type_=sealed.type,
            id_=sealed.id,
            seq=3,
            at=5,
            ct=sealed.ct,
            commit=sealed.commit,
            meta=sealed.meta,
        )
    )


@given(
    payload=st.binary(max_size=300), meta=st.dictionaries(st.text(), st.none() | st.integers() | st.text())
)
def test_what_is_sealed_opens(payload, meta):
    sealed = VAULT.seal(Draft(type="mail.in", payload=payload, meta=meta), ID)
    dek = VAULT.unwrap(ID, sealed.kek, sealed.wrapped)
    assert VAULT.open(leaf_of(sealed), dek, sealed.blob) == (payload, meta)


def test_a_key_opens_only_under_its_own_id_and_key():
    sealed = VAULT.seal(Draft(type="note", payload=b"x", meta={}), ID)
    for id_, kek, wrapped in [
        (ID[::-1], "k", sealed.wrapped),
        (ID, "other", sealed.wrapped),
        (ID, "k", sealed.wrapped[:-1]),
        (ID, "k", b""),
    ]:
        with pytest.raises(Damaged):
            VAULT.unwrap(id_, kek, wrapped)


def forged(
    frame: bytes, *, packed: bytes | None = None, payload: bytes = b"p", meta: bytes = b"{}", type_="mail.in"
):
    """A blob made by somebody who holds the key, under a leaf that commits to what they claim."""
    dek, nonce = os.urandom(32), os.urandom(12)
    packed = zstandard.compress(frame) if packed is None else packed
    blob = nonce + AESGCM(subkey(dek, "blob")).encrypt(nonce, packed, f"docket/test\n{ID}\n{type_}".encode())
    commit, meta_commit = commitments(dek, payload, meta)
    leaf = Leaf(
        type="mail.in", id=ID, seq=0, at=0, ct=hashlib.sha256(blob).digest(), commit=commit, meta=meta_commit
    )
    return leaf, dek, blob


WHOLE = b"\0\0\0\2{}p"
UNSIZED = zstandard.ZstdCompressor(write_content_size=False).compress(WHOLE)

FORGERIES = [
    (forged(b"\0\0\0\2{}q"), "payload"),
    (forged(b"\0\0\0\3{ }p"), "meta"),
    (forged(b"\0\0\0\xff{}p"), "cut short"),
    (forged(b"\0\0"), "no size"),
    (forged(b"\0\0\0\1[p", meta=b"["), "not JSON"),
    (forged(b"\0\0\0\2[]p", meta=b"[]"), "not an object"),
    (forged(b"\0\0\xc3\x50" + b"[" * 50_000 + b"p", meta=b"[" * 50_000), "not JSON"),
    (forged(WHOLE, packed=UNSIZED), "no size"),
    (forged(WHOLE, packed=WHOLE), "decompress"),
    (forged(WHOLE, packed=zstandard.compress(WHOLE)[:-1]), "decompress"),
    (forged(WHOLE, packed=zstandard.compress(WHOLE) + b"more"), "decompress"),
    (forged(WHOLE, type_="mail.out"), "does not open"),
]


@pytest.mark.parametrize(("forgery", "what"), FORGERIES)
def test_two_meanings_of_one_ciphertext_are_refused(forgery, what):
    with pytest.raises(Damaged, match=what):
        VAULT.open(*forgery)


def test_the_frame_that_forgeries_are_made_from_is_right():
    assert VAULT.open(*forged(WHOLE)) == (b"p", {})


def test_a_bomb_is_not_unpacked():
    """A frame that states four gigabytes is refused before a byte of it is made."""
    header = b"\x28\xb5\x2f\xfd" + bytes([0b10100000]) + (4 << 30).to_bytes(5, "little")[:4]
    leaf, dek, blob = forged(b"", packed=header[:5] + b"\xff\xff\xff\xff" + b"\1\0\0")
    with pytest.raises(Damaged, match="beyond all bounds"):
        VAULT.open(leaf, dek, blob)


def test_bounds_hold():
    assert vaults.MAX_FRAME == 1 << 30


CANONICAL = write_leaf(
    type_="note", id_=ID, seq=1, at=2, ct="A" * 43 + "=", commit="A" * 43 + "=", meta="A" * 43 + "="
)


def test_a_leaf_reads_back():
    leaf = read_leaf(CANONICAL)
    assert (leaf.type, leaf.id, leaf.seq, leaf.at, leaf.ct) == ("note", ID, 1, 2, bytes(32))
    assert unbase64("A" * 43 + "=") == bytes(32)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"v":1', b'"v":2'),
        (b'"v":1', b'"v":1.0'),
        (b'"v":1', b'"v":true'),
        (b'"v":1', b'"v":1,"x":1'),
        (b'"v":1', b'"v":1,"v":1'),
        (b'"seq":1', b'"seq":01'),
        (b'"seq":1', b'"seq":-1'),
        (b'"seq":1', b'"seq":9223372036854775808'),
        (b'"seq":1', b'"seq":NaN'),
        (b'"t":2', b'"t":"2"'),
        (b'"t":2', b'"t":999999999999'),
        (b'"note"', b'"Note"'),
        (b'"note"', b'"\xc3\xa9"'),
        (b"AAAA=", b"AAAB="),
        (b"AAAA=", b"AAA="),
        (b"{", b"{ "),
        (b"}", b"}\n"),
        (b"01ARZ3", b"01ARI3"),
        (CANONICAL, b"[" * 100_000),
        (CANONICAL, b"null"),
        (CANONICAL, b""),
        (CANONICAL, b"\xff\xfe"),
    ],
)
def test_a_leaf_that_is_not_exactly_ours_is_refused(old, new):
    with pytest.raises(Damaged):
        read_leaf(CANONICAL.replace(old, new, 1))

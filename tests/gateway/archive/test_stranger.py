"""A verifier by a stranger: written from docs/archive-format.md, sharing no line with the archive's own code."""

import base64
import hashlib
import hmac
import json
import sqlite3
from pathlib import Path

import pytest
import zstandard
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def unbase(text):
    return base64.b64decode(text, validate=True)


def mth(hashes):
    if len(hashes) < 2:
        return hashes[0] if hashes else sha()
    k = 1 << (len(hashes) - 1).bit_length() - 1
    return sha(b"\1", mth(hashes[:k]), mth(hashes[k:]))


def stranger(folder: Path) -> tuple[bytes, list[tuple[bytes, dict]]]:
    """Check everything; return the root, and payload and meta of each entry. Any assertion is a finding."""
    log = sqlite3.connect(folder / "archive.db")
    ring = sqlite3.connect(folder / "keys.db")
    name, key_id, key = (folder / "secrets/log.vkey").read_text().strip().split("+", 2)
    key = unbase(key)
    assert key[:1] == b"\1"
    assert bytes.fromhex(key_id) == sha(name.encode(), b"\n", key)[:4]
    keks = dict(line.split() for line in (folder / "secrets/kek.key").read_text().splitlines())
    fp_key = unbase((folder / "secrets/fp.key").read_text().strip())
    assert ring.execute("SELECT log, format, origin FROM keyrings").fetchall() == [(0, 1, name)]

    ((format_, origin, size, note),) = log.execute(
        "SELECT format, origin, size, checkpoint FROM logs WHERE log = 0"
    )
    text, line = note.rsplit("\n\n", 1)
    dash, signer, signature = line.rstrip("\n").split(" ")
    assert (format_, dash, signer) == (1, "\u2014", name)
    assert unbase(signature)[:4] == bytes.fromhex(key_id)
    Ed25519PublicKey.from_public_bytes(key[1:]).verify(unbase(signature)[4:], (text + "\n").encode())
    said_origin, said_size, root = text.split("\n")
    assert said_origin == origin == name
    assert int(said_size) == size

    rows = log.execute(
        "SELECT seq, id, type, t, leaf, fp, blob FROM entries JOIN blobs USING (log, seq) WHERE log = 0 ORDER BY seq"
    ).fetchall()
    assert [row[0] for row in rows] == list(range(size))
    found, hashes = [], []
    for seq, id_, type_, t, leaf, fp, blob in rows:
        said = json.loads(leaf)
        assert json.dumps(said, sort_keys=True, separators=(",", ":")).encode() == leaf
        assert set(said) == {"v", "type", "id", "seq", "ct", "commit", "meta", "t"}
        assert said["v"] == 1
        assert (said["seq"], said["id"], said["type"], said["t"]) == (seq, id_, type_, t)
        assert sha(blob) == unbase(said["ct"])
        ((kek, wrapped),) = ring.execute("SELECT kek, wrapped FROM keys WHERE log = 0 AND id = ?", (id_,))
        assert kek == hashlib.sha256(b"docket kek\n" + unbase(keks[kek])).hexdigest()[:8]
        dek = AESGCM(unbase(keks[kek])).decrypt(wrapped[:12], wrapped[12:], id_.encode())
        sub = {
            label: hmac.digest(dek, label.encode() + b"\1", "sha256")
            for label in ("blob", "commit/raw", "commit/meta")
        }
        bound = f"{origin}\n{id_}\n{type_}".encode()
        frame = zstandard.decompress(AESGCM(sub["blob"]).decrypt(blob[:12], blob[12:], bound))
        cut = 4 + int.from_bytes(frame[:4], "big")
        meta, payload = frame[4:cut], frame[cut:]
        assert unbase(said["commit"]) == sha(sub["commit/raw"], payload)
        assert unbase(said["meta"]) == sha(sub["commit/meta"], meta)
        kind = "mail" if type_.startswith("mail.") else type_
        assert fp == hmac.digest(fp_key, kind.encode() + b"\0" + sha(payload), "sha256")
        found.append((payload, json.loads(meta)))
        hashes.append(sha(b"\0", leaf))

    assert mth(hashes) == unbase(root)
    tiles, level, here = {}, 0, hashes
    while here:
        for number in range((len(here) + 255) // 256):
            tiles[level, number] = b"".join(here[number * 256 : number * 256 + 256])
        here = [mth(here[at : at + 256]) for at in range(0, len(here) // 256 * 256, 256)]
        level += 1
    stored = log.execute("SELECT level, number, hashes FROM tiles WHERE log = 0")
    assert {(level, number): tile for level, number, tile in stored} == tiles
    log.close()
    ring.close()
    return unbase(root), found


@pytest.mark.parametrize("count", [0, 1, 255, 256, 257, 600])
def test_a_stranger_finds_what_the_archive_says(sqlite_place, tmp_path, draft, count):
    archive = sqlite_place.open()
    drafts = [draft(n, type_=("mail.in", "note", "mail.out")[n % 3], size=n * 7 % 900) for n in range(count)]
    for at in range(0, count, 100):
        archive.append_many(drafts[at : at + 100])
    archive.close()
    root, found = stranger(tmp_path)
    assert found == [(one.payload, one.meta) for one in drafts]
    assert base64.b64encode(root).decode() == sqlite_place.verify().root


CHANGES = [
    "UPDATE entries SET t = t + 1 WHERE seq = 3",
    "UPDATE blobs SET blob = zeroblob(100) WHERE seq = 3",
    "UPDATE tiles SET hashes = zeroblob(320)",
    "DELETE FROM entries WHERE seq = 9",
    "UPDATE logs SET size = 9",
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_stranger_finds_what_was_changed(sqlite_place, tmp_path, draft, change):
    archive = sqlite_place.open()
    archive.append_many([draft(n) for n in range(10)])
    archive.close()
    sqlite_place.sql(change)
    with pytest.raises((AssertionError, ValueError)):
        stranger(tmp_path)

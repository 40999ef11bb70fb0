"""Notes, checkpoints and proof files: published examples, and everything that must not pass."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.archive.checkpoint import (
    Checkpoint,
    Signer,
    Verifier,
    open_checkpoint,
    open_note,
    parse_proof,
    proof_text,
    unbase64,
)
from gateway.archive.faults import Damaged

# The example of the signed note format's reference implementation (golang.org/x/mod/sumdb/note).
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_TEXT = (
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
)
GO_NOTE = (
    GO_TEXT
    + "\n\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
SIGNER = Signer("docket/test", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
OTHER = Signer("docket/other", Ed25519PrivateKey.from_private_bytes(bytes(32)))
STATED = Checkpoint(origin="docket/test", size=20852163, root=bytes(range(32)))
NOTE = SIGNER.sign(STATED.text())


def test_the_published_example_opens():
    assert open_note(GO_NOTE, Verifier.parse(GO_KEY)) == GO_TEXT


def test_a_key_reads_back_from_its_line():
    line = SIGNER.verifier.vkey()
    assert line.startswith("docket/test+")
    assert Verifier.parse(line).vkey() == line
    assert Verifier.parse(GO_KEY).vkey() == GO_KEY


@pytest.mark.parametrize(
    "line",
    [
        "",
        "name",
        "+c74f20a3+AR",
        GO_KEY.replace("c74f20a3", "c74f20a4"),
        GO_KEY.replace("+AR", "+Ax"),
        GO_KEY[:-4],
    ],
)
def test_a_wrong_key_line_is_refused(line):
    with pytest.raises(Damaged):
        Verifier.parse(line)


def test_a_checkpoint_reads_back():
    assert open_checkpoint(NOTE, SIGNER.verifier) == STATED
    assert NOTE.split("\n")[:3] == ["docket/test", "20852163", base64.b64encode(bytes(range(32))).decode()]


def test_signatures_of_strangers_are_passed_over():
    stranger = OTHER.sign(STATED.text()).rsplit("\n\n", 1)[1]
    assert open_checkpoint(NOTE + stranger, SIGNER.verifier) == STATED
    head, signature = NOTE.rsplit("\n\n", 1)
    assert open_checkpoint(f"{head}\n\n{stranger * 16}{signature}", SIGNER.verifier) == STATED


SIGNATURE = NOTE.rsplit("\n\n", 1)[1]


@pytest.mark.parametrize(
    "note",
    [
        NOTE.replace("20852163", "20852164"),
        NOTE.replace("\u2014", "-"),
        NOTE.replace("\n", "\r\n"),
        NOTE + "\t\n",
        NOTE[:-1],
        NOTE + "\n",
        STATED.text(),
        STATED.text() + "\n",
        OTHER.sign(STATED.text()),
        NOTE + SIGNATURE[:-6] + "AAA=\n",
        SIGNER.sign(STATED.text() + "extension\n"),
        SIGNER.sign(STATED.text().replace("20852163", "020852163")),
        SIGNER.sign(STATED.text().replace("20852163", "9" * 20)),
        SIGNER.sign(STATED.text().replace("20852163", "-1")),
        SIGNER.sign(STATED.text().replace("docket/test", "docket/another")),
        SIGNER.sign("docket/test\n5\nAAAA\n"),
        "x" * (1 << 21),
        "",
    ],
)
def test_a_changed_checkpoint_is_refused(note):
    with pytest.raises(Damaged):
        open_checkpoint(note, SIGNER.verifier)


def test_a_proof_file_reads_back():
    path = [bytes([n]) * 32 for n in range(3)]
    text = proof_text(7, path, NOTE)
    assert text.startswith("c2sp.org/tlog-proof@v1\nindex 7\n")
    assert parse_proof(text) == (7, path, NOTE)
    assert parse_proof(text.replace("index", "extra eHh4\nindex", 1)) == (7, path, NOTE)
    assert parse_proof(proof_text(0, [], NOTE)) == (0, [], NOTE)


@pytest.mark.parametrize(
    "change",
    [("@v1", "@v2"), ("index 7", "index 07"), ("index 7", "index -7"), ("index 7\n", ""), ("AQEB", "AQE")],
)
def test_a_changed_proof_file_is_refused(change):
    with pytest.raises(Damaged):
        parse_proof(proof_text(7, [b"\1" * 32], NOTE).replace(*change, 1))


@pytest.mark.parametrize("text", ["AA==\n", "AB==", "A", " AAAA", "AA=", "\u2014"])
def test_only_canonical_base64_is_read(text):
    assert unbase64(text) is None

"""The log's signing key is exchanged: broken off at any write it is taken up again, and who holds any of the keys can go on verifying."""

import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.archive import rotation
from gateway.archive.checkpoint import Checkpoint, Signer, open_checkpoint
from gateway.archive.database import connect
from gateway.archive.faults import Damaged
from gateway.archive.handover import Chain, hand_over, read_chain
from gateway.archive.keyguard import keys_held
from gateway.archive.keys import CHAIN, load_signer, load_verifier
from gateway.errors import ArchiveBroken, WrongUse
from gateway.mail.entry import Draft


def rotate(place):
    """Do what ``docket keys rotate`` does; return the key in force."""
    with keys_held(place.secrets, alone=True):
        if rotation.finish(place.secrets):
            return load_verifier(place.secrets)
        new = rotation.prepare(place.secrets)
    archive = place.open()
    told = json.dumps({"did": "rotate", "to": new.vkey()}).encode()
    archive.append(Draft(type="keys", payload=told, meta={}, once=True))
    archive.close()
    engine = connect(place.archive_url)
    try:
        with keys_held(place.secrets, alone=True):
            return rotation.hand_on(place.secrets, engine)
    finally:
        engine.dispose()


def grown(place, draft, count=3):
    """Append some entries; return the checkpoint that stands behind them."""
    archive = place.open()
    for number in range(count):
        archive.append(draft(archive.head() + number))
    note = archive.checkpoint()
    archive.close()
    return note


def test_the_new_key_signs_and_what_the_old_one_signed_still_counts(place, draft):
    before = grown(place, draft)
    old = load_verifier(place.secrets)
    new = rotate(place)
    assert (new.key_id != old.key_id, new.first.vkey()) == (True, old.vkey())
    assert place.verify().ok  # the head is still the old key's: it handed over at that very size
    after = grown(place, draft)
    assert place.verify().ok
    with pytest.raises(Damaged):
        open_checkpoint(after, old)
    assert open_checkpoint(after, new).size == 7
    assert open_checkpoint(before, new).size == 3
    assert place.open().compare(before).result == "contained"
    assert place.verify().size == 7
    assert {path.name for path in place.secrets.iterdir()} == {
        "fp.key",
        "kek.key",
        "log.chain",
        "log.key",
        "log.vkey",
    }


def test_it_can_be_done_again(sqlite_place, draft):
    first = grown(sqlite_place, draft)
    rotate(sqlite_place)
    second = grown(sqlite_place, draft)
    third = rotate(sqlite_place)
    grown(sqlite_place, draft)
    assert len(third.earlier) == 2
    assert [open_checkpoint(note, third).size for note in (first, second)] == [3, 7]
    assert sqlite_place.verify().ok


def test_a_key_that_was_replaced_signs_nothing_more(sqlite_place, draft):
    grown(sqlite_place, draft)
    old = load_signer(sqlite_place.secrets)
    new = rotate(sqlite_place)
    head = open_checkpoint(grown(sqlite_place, draft), new)
    sqlite_place.sql("UPDATE logs SET checkpoint = ?", old.sign(head.text()))
    report = sqlite_place.verify()
    assert [what for _, what in report.bad] == [
        "the checkpoint is signed by a key that was replaced at entry 4"
    ]
    with pytest.raises((ArchiveBroken, Damaged), match="replaced at entry 4"):
        sqlite_place.open().append(draft(99))


def test_a_stolen_old_key_does_not_open_a_shorter_archive(sqlite_place, draft):
    grown(sqlite_place, draft)
    old = load_signer(sqlite_place.secrets)
    then = sqlite_place.sql("SELECT checkpoint, size FROM logs")[0]
    rotate(sqlite_place)
    grown(sqlite_place, draft)
    sqlite_place.sql("DELETE FROM entries WHERE seq > 2")
    sqlite_place.sql("DELETE FROM blobs WHERE seq > 2")
    sqlite_place.sql(
        "UPDATE logs SET checkpoint = ?, size = ?", old.sign(then[0].rpartition("\n\n")[0] + "\n"), then[1]
    )
    with pytest.raises(ArchiveBroken, match="had 4 when its signing key was exchanged"):
        sqlite_place.open().append(draft(99))
    assert any("another history" in what for _, what in sqlite_place.verify().bad)


def test_a_handover_of_another_history_is_found(sqlite_place, draft):
    grown(sqlite_place, draft)
    old = load_signer(sqlite_place.secrets)
    rotate(sqlite_place)
    grown(sqlite_place, draft)
    place = sqlite_place.secrets / CHAIN
    new = load_signer(sqlite_place.secrets)
    forged = hand_over(old, new, Checkpoint(origin=old.verifier.name, size=4, root=bytes(32)))
    place.write_bytes(Chain(first=old.verifier.vkey(), handovers=(forged,)).text())
    assert any("another history" in what for _, what in sqlite_place.verify().bad)


def test_nobody_may_use_the_archive_meanwhile(sqlite_place, draft):
    archive = sqlite_place.open()
    with pytest.raises(WrongUse, match="is in use"):
        rotate(sqlite_place)
    archive.close()


class PowerCut(Exception):
    pass


WRITES = ("log.next", "log.rotation", "log.chain", "log.key", "log.vkey", "the end")


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at", WRITES)
def test_broken_off_anywhere_it_is_taken_up_again(sqlite_place, draft, monkeypatch, at, after):
    grown(sqlite_place, draft)
    old = load_verifier(sqlite_place.secrets)
    real, sync = rotation.replace_file, rotation.sync_folder

    def write(path, data):
        if path.name == at and not after:
            raise PowerCut(at)
        real(path, data)
        if path.name == at:
            raise PowerCut(at)

    def end(folder):
        if at == "the end":
            raise PowerCut(at)
        sync(folder)

    monkeypatch.setattr(rotation, "replace_file", write)
    monkeypatch.setattr(rotation, "sync_folder", end)
    with pytest.raises(PowerCut):
        rotate(sqlite_place)
    monkeypatch.undo()
    if (sqlite_place.secrets / "log.rotation").exists():
        with pytest.raises(WrongUse, match="docket keys rotate, which finishes it"):
            sqlite_place.open()
    elif at != "the end":
        assert load_verifier(sqlite_place.secrets).vkey() == old.vkey()
        grown(sqlite_place, draft, 1)  # the old key goes on
    new = load_verifier(sqlite_place.secrets) if at == "the end" else rotate(sqlite_place)
    assert [key.vkey() for key, _, _ in new.earlier] == [old.vkey()]
    grown(sqlite_place, draft)
    assert sqlite_place.verify().ok
    archive = sqlite_place.open()
    assert len(archive.seqs_of_type("keys")) == 1
    archive.close()


A, B, C = (
    Signer("docket/test", Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)) for number in (1, 2, 3)
)
FOREIGN = Signer("docket/other", Ed25519PrivateKey.from_private_bytes(b"\4" * 32))


def at(size, origin="docket/test"):
    return Checkpoint(origin=origin, size=size, root=bytes([size]) * 32)


def chain(*notes, first=A):
    return Chain(first=first.verifier.vkey(), handovers=notes).text()


GOOD = hand_over(A, B, at(4))
FORGED = {
    "not signed by the old key": chain(hand_over(C, B, at(4))),
    "not signed by the new key": chain("\n".join(GOOD.split("\n")[:-2]) + "\n"),
    "another size than was signed": chain(GOOD.replace("\n4\n", "\n5\n")),
    "a signature that is cut": chain(GOOD[:-10] + "\n"),
    "back to a key that was there": chain(GOOD, hand_over(B, A, at(9))),
    "to itself": chain(hand_over(A, A, at(4))),
    "earlier than the one before": chain(GOOD, hand_over(B, C, at(3))),
    "at the same size": chain(GOOD, hand_over(B, C, at(4))),
    "a link is missing": chain(hand_over(B, C, at(9))),
    "to another log's key": chain(hand_over(A, FOREIGN, at(4))),
    "of another log": chain(hand_over(A, B, at(4, "docket/other"))),
    "a checkpoint in its place": chain(A.sign(at(4).text())),
    "no JSON": b"first",
    "not as it is written": b" " + chain(GOOD),
    "one field too many": chain(GOOD).replace(b'"first"', b'"also":1,"first"'),
    "no key": b'{"first":"docket/test+00000000+AAAA","handovers":[]}\n',
    "no root": chain(GOOD.replace(base64.b64encode(b"\4" * 32).decode(), "AAAA")),
}


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_chain_leads_nowhere(name):
    with pytest.raises(Damaged):
        read_chain(FORGED[name])


def test_a_whole_chain_leads_to_the_key_in_force():
    found = read_chain(chain(GOOD, hand_over(B, C, at(9))))
    assert (found.vkey(), [size for _, size, _ in found.earlier]) == (C.verifier.vkey(), [4, 9])
    assert open_checkpoint(B.sign(at(9).text()), found).size == 9
    for late in (A.sign(at(5).text()), B.sign(at(10).text()), FOREIGN.sign(at(1).text())):
        with pytest.raises(Damaged):
            open_checkpoint(late, found)

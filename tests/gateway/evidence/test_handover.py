"""Packs of a log whose key was exchanged: any key that one holds from outside leads to the one in force, and no forged one does."""

import json
import shutil
import sqlite3
from types import SimpleNamespace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.archive.checkpoint import Checkpoint, Signer
from gateway.archive.handover import Chain, hand_over
from gateway.archive.keys import load_signer
from gateway.clock import SystemClock
from gateway.evidence.bag import json_line
from gateway.evidence.pack import Exporter
from gateway.stamping import Stamping
from gateway.timestamp.authority import load_authority
from tests.authority import make_authority, serving_authority
from tests.gateway.archive.conftest import Place
from tests.gateway.archive.test_rotation import rotate
from tests.packs import Forger, export, findings, verify
from tests.small_house import build_house, close, mail, seed


@pytest.fixture(scope="module")
def passed_on(tmp_path_factory):
    """A pack that was made after the key was exchanged, twice; ``olds`` are the keys before, ``new`` is the one in force."""
    folder = tmp_path_factory.mktemp("passed")
    house = build_house(folder)
    seed(house)
    house.archive.close()
    place = Place(
        f"sqlite:///{folder}/archive.db", f"sqlite:///{folder}/keys.db", folder / "secrets", clock=house.clock
    )
    olds = []
    for _ in range(2):
        olds.append(load_signer(place.secrets))
        rotate(place)
    house.archive = place.open()
    made = folder / "pack"
    report = export(house, made, exporter=Exporter(house.archive, house.store, house.clock))
    assert (report.ok, report.verdict) == (True, "VERIFIED"), report
    yield SimpleNamespace(
        pack=made, olds=olds, new=load_signer(place.secrets), archive=house.archive, secrets=place.secrets
    )
    close(house)


def test_every_key_that_the_log_had_verifies_it_and_no_other(passed_on):
    for signer in (*passed_on.olds, passed_on.new):
        code, lines = verify(passed_on.pack, "--fingerprint", signer.verifier.fingerprint)
        assert code == 0, lines
        assert any("has handed the log over" in line for line in lines) == (signer is not passed_on.new)
    assert verify(passed_on.pack, "--fingerprint", "ab" * 32)[0] == 1
    assert verify(passed_on.pack)[0] == 3


def test_the_key_as_a_file_leads_on_too(passed_on, tmp_path):
    place = tmp_path / "old.vkey"
    place.write_text(passed_on.olds[0].verifier.vkey() + "\n")
    assert verify(passed_on.pack, "--key", place)[0] == 0


def forgeries(told):
    first, second, new = *told.olds, told.new
    thief = Signer(new.verifier.name, Ed25519PrivateKey.from_private_bytes(b"\7" * 32))
    true = json.loads((told.pack / "log/chain.json").read_bytes())
    good = true["handovers"]
    proven = dict(zip(good, true["paths"], strict=True))
    at = Checkpoint(origin=new.verifier.name, size=int(good[0].split("\n")[2]), root=bytes(32))

    def chain(*notes):
        said = json.loads(Chain(first=first.verifier.vkey(), handovers=notes).text())
        return json_line({**said, "paths": [proven.get(note, []) for note in notes]})

    return {
        "signed by nobody who may": chain(hand_over(thief, second, at), good[1]),
        "without the new key's own word": chain("\n".join(good[0].split("\n")[:-2]) + "\n", good[1]),
        "a link left out": chain(good[1]),
        "it ends too early": chain(good[0]),
        "in the wrong order": chain(good[1], good[0]),
        "another size": chain(good[0].replace(f"\n{at.size}\n", f"\n{at.size + 1}\n"), good[1]),
        "back to an old key": chain(
            *good, hand_over(new, first, Checkpoint(origin=at.origin, size=10**6, root=bytes(32)))
        ),
        "to a thief's key": chain(*good, hand_over(thief, thief, at)),
        "not canonical": chain(*good).replace(b":", b": ", 1),
        "no chain": b"{}\n",
        "a proof left out": json_line({**true, "paths": true["paths"][:1]}),
        "no proofs": json_line({name: value for name, value in true.items() if name != "paths"}),
        "another's proof": json_line({**true, "paths": true["paths"][::-1]}),
    }


def test_a_forged_handover_fails_under_the_old_key_and_is_named(passed_on, tmp_path):
    found = forgeries(passed_on)
    assert len(found) == 13
    for number, (name, text) in enumerate(found.items()):
        forger = Forger(passed_on.pack, passed_on.archive).copy(tmp_path / str(number))
        (forger.path / "log/chain.json").write_bytes(text)
        forger.seal()
        code, lines = verify(forger.path, "--fingerprint", passed_on.olds[0].verifier.fingerprint)
        assert (code, any("chain.json" in one or "log.vkey" in one for one in findings(lines))) == (
            1,
            True,
        ), (name, lines)
    forger = Forger(passed_on.pack, passed_on.archive).copy(tmp_path / "none")
    (forger.path / "log/chain.json").unlink()
    forger.seal()
    assert verify(forger.path, "--fingerprint", passed_on.olds[0].verifier.fingerprint)[0] == 1
    assert verify(forger.path, "--fingerprint", passed_on.new.verifier.fingerprint)[0] == 0


def test_an_old_key_signs_no_later_checkpoint(passed_on, tmp_path):
    forger = Forger(passed_on.pack, passed_on.archive).copy(tmp_path / "late")
    note = forger.path / "log/checkpoint.txt"
    note.write_text(passed_on.olds[0].sign(note.read_text().rpartition("\n\n")[0] + "\n"))
    forger.seal()
    code, lines = verify(forger.path, "--fingerprint", passed_on.new.verifier.fingerprint)
    assert (code, findings(lines)["log/checkpoint.txt"]) == (1, "is not signed by the log's key")


def test_who_stole_an_old_key_cannot_write_the_time_before_the_handover_anew(passed_on, tmp_path):
    for trust in (*passed_on.olds, passed_on.new):
        forger = Forger(passed_on.pack, passed_on.archive).copy(tmp_path / trust.verifier.fingerprint[:8])
        forger.sign(f"{trust.verifier.name}\n3\n{'A' * 43}=\n", passed_on.olds[0])
        forger.seal()
        code, lines = verify(forger.path, "--fingerprint", trust.verifier.fingerprint)
        assert (code, findings(lines)["log/checkpoint.txt"]) == (1, "is not signed by the log's key")


def test_a_time_stamp_from_before_still_counts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stamped")
    house = build_house(folder)
    seed(house)
    with serving_authority(make_authority(folder / "tsa")) as tsa:
        told = {"certificate": str(tsa.certificate), "roots": str(tsa.root), "policy": "", "timeout_s": 10.0}
        authority = load_authority(name="first", url=tsa.url, clock=SystemClock(), **told)
        assert len(Stamping(house.archive, (authority,)).stamp()[0]) == 1
    house.settle()
    house.archive.close()
    place = Place(
        f"sqlite:///{folder}/archive.db", f"sqlite:///{folder}/keys.db", folder / "secrets", clock=house.clock
    )
    old = load_signer(place.secrets)
    rotate(place)
    house.archive = place.open()
    report = export(house, folder / "pack", exporter=Exporter(house.archive, house.store, house.clock))
    code, lines = verify(report.place, "--fingerprint", old.verifier.fingerprint, "--tsa", tsa.root)
    assert (code, any("says an authority that you trust" in line for line in lines)) == (0, True), lines
    close(house)


def test_a_history_that_is_not_the_one_handed_over_fails_for_who_holds_any_key(passed_on, tmp_path):
    """Whoever holds the new key and the chain puts them upon another log: what the old key signed for is no beginning of it."""
    other = build_house(tmp_path / "other")
    try:
        seed(other)
        other.take(mail("Made up", "Never happened", message_id="made-up"))
        secrets = tmp_path / "other" / "secrets"
        other.archive.close()
        theirs = tmp_path / "their"
        shutil.copytree(secrets, theirs)
        for name in ("log.key", "log.vkey", "log.chain"):
            shutil.copy(passed_on.secrets / name, secrets / name)
        place = Place(
            f"sqlite:///{tmp_path}/other/archive.db",
            f"sqlite:///{tmp_path}/other/keys.db",
            secrets,
            clock=other.clock,
        )
        with sqlite3.connect(tmp_path / "other" / "archive.db") as db:
            (note,) = db.execute("SELECT checkpoint FROM logs").fetchone()
            db.execute(
                "UPDATE logs SET checkpoint = ?", (passed_on.new.sign(note.rpartition("\n\n")[0] + "\n"),)
            )
        other.archive = place.open()
        report = export(
            other, tmp_path / "forged", exporter=Exporter(other.archive, other.store, other.clock)
        )
        assert not report.ok
        for signer in (*passed_on.olds, passed_on.new):
            code, lines = verify(tmp_path / "forged", "--fingerprint", signer.verifier.fingerprint)
            assert (code, "does not begin with" in findings(lines).get("log/chain.json", "")) == (1, True), (
                lines
            )
    finally:
        close(other)

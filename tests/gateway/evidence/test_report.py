"""A pack with the order's report in it: bound to the log like all that people read."""

import json

import pytest

from gateway.evidence.pack import Drawn
from tests.packs import Forger, export, findings, verify
from tests.small_house import seed

PDF = b"%PDF-1.7 of the order"


@pytest.fixture
def pack(house, tmp_path):
    seed(house)
    done = export(house, tmp_path / "pack", draw=lambda: Drawn(pdf=PDF, holds=()))
    assert (done.ok, done.verdict) == (True, "VERIFIED"), done
    return Forger(tmp_path / "pack", house.archive)


def test_the_manifest_and_the_log_cover_it(pack):
    assert pack.read("report.pdf") == PDF
    assert b"  report.pdf" in pack.read("tagmanifest-sha256.txt")
    assert "report.pdf" in json.loads(json.loads(pack.read("log/export.json"))["payload"])["files"]


def test_one_that_is_changed_or_taken_away_is_found_even_where_the_manifests_fit(pack):
    whose = ("--fingerprint", pack.archive.verifier.fingerprint)
    pack.write("report.pdf", PDF + b" forged")
    pack.seal()
    code, lines = verify(pack.path, *whose)
    assert (code, list(findings(lines))) == (1, ["report.pdf"])
    (pack.path / "report.pdf").unlink()
    pack.seal()
    code, lines = verify(pack.path, *whose)
    assert (code, findings(lines)) == (1, {"report.pdf": "is missing"})


def test_one_that_is_slipped_in_is_found(made, tmp_path):
    forged = made.copy(tmp_path / "forged")
    forged.write("report.pdf", PDF)
    forged.seal()
    code, lines = verify(forged.path, "--fingerprint", forged.archive.verifier.fingerprint)
    assert (code, list(findings(lines))) == (1, ["log/export.json"]) or "report.pdf" in findings(lines)

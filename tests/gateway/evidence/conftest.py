"""One house with one order's story, and its pack, for tests that change copies of it."""

import pytest

from tests.packs import Forger, export
from tests.small_house import build_house, close, seed


@pytest.fixture(scope="package")
def told(tmp_path_factory):
    house = build_house(tmp_path_factory.mktemp("told"))
    house.seqs = seed(house)
    yield house
    close(house)


@pytest.fixture
def house(tmp_path):
    built = build_house(tmp_path)
    yield built
    close(built)


@pytest.fixture(scope="package")
def key(told, tmp_path_factory):
    """The log's public key, as somebody outside holds it."""
    place = tmp_path_factory.mktemp("outside") / "log.vkey"
    place.write_text(told.archive.verifier.vkey() + "\n")
    return place


@pytest.fixture(scope="package")
def made(told, tmp_path_factory):
    place = tmp_path_factory.mktemp("pack") / "pack"
    report = export(told, place)
    assert (report.ok, report.verdict) == (True, "VERIFIED"), report
    return Forger(place, told.archive)


@pytest.fixture(scope="package")
def zipped(told, tmp_path_factory):
    place = tmp_path_factory.mktemp("zip") / "evidence.zip"
    assert export(told, place).verdict == "VERIFIED"
    return place


@pytest.fixture
def forger(made, tmp_path):
    """A copy of the pack to lay hands on."""
    return made.copy(tmp_path / "forged")

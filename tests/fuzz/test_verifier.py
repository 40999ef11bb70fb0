"""No change of a pack makes the verifier stumble or say that all is well, also under manifests that fit again."""

import functools
import importlib.util
import json
import random
import sys

import pytest

from tests.packs import VERIFIER, Forger, canonical, export
from tests.small_house import build_house, close, seed

VALUES = [
    None,
    True,
    False,
    0,
    -1,
    1,
    10**30,
    "",
    "x",
    "A" * 43 + "=",
    [],
    {},
    [[]],
    {"a": 1},
    "\ud800",
    "é",
    [1],
]
OFTEN = [
    "data/entries.jsonl",
    "log/proofs.jsonl",
    "log/export.json",
    "log/checkpoint.txt",
    "data/completeness.json",
]


@pytest.fixture(scope="module")
def verifier():
    spec = importlib.util.spec_from_file_location("stranger", VERIFIER)
    module = importlib.util.module_from_spec(spec)
    sys.modules["stranger"] = module
    spec.loader.exec_module(module)
    module.is_signed = functools.cache(
        module.is_signed
    )  # openssl is started once a signature, not once a forgery
    yield module
    del sys.modules["stranger"]


@pytest.fixture(scope="module")
def pack(tmp_path_factory):
    place = tmp_path_factory.mktemp("house")
    house = build_house(place)
    seed(house)
    export(house, place / "pack")
    yield Forger(place / "pack", house.archive)
    close(house)


def change(value, chance):
    """Return a JSON value with something in it changed."""
    if isinstance(value, dict) and value and chance.random() < 0.8:
        name = chance.choice(list(value))
        kind = chance.random()
        if kind < 0.15:
            return {key: value[key] for key in value if key != name}
        return value | ({"new": chance.choice(VALUES)} if kind < 0.3 else {name: change(value[name], chance)})
    if isinstance(value, list) and value and chance.random() < 0.8:
        at = chance.randrange(len(value))
        return [*value[:at], change(value[at], chance), *value[at + 1 :]]
    if isinstance(value, str) and value[:1] == "{" and chance.random() < 0.7:
        return canonical(change(json.loads(value), chance))[:-1].decode()
    return chance.choice(VALUES)


def spoil(data, chance):
    """Return bytes with some of them changed, gone, or more."""
    spoilt = bytearray(data)
    for _ in range(chance.choice([1, 1, 2, 8])):
        at = chance.randrange(len(spoilt))
        kind = chance.random()
        if kind < 0.5:
            spoilt[at] ^= chance.randrange(1, 256)
        elif kind < 0.75:
            del spoilt[at : at + chance.choice([1, 2, 50])]
        else:
            spoilt[at:at] = chance.randbytes(chance.choice([1, 3]))
        if not spoilt:
            break
    return bytes(spoilt)


@pytest.mark.parametrize("number", range(4))
def test_whatever_is_changed_is_found(verifier, pack, tmp_path, number):
    chance = random.Random(number)
    forger = pack.copy(tmp_path / "forged")
    key = pack.archive.verifier.vkey()
    names = sorted(str(path.relative_to(pack.path)) for path in pack.path.rglob("*") if path.is_file())
    manifests = {name: pack.read(name) for name in names if "manifest" in name}
    names = [name for name in names if name not in manifests] + OFTEN * 6
    for _ in range(100):
        name = chance.choice(names)
        before = pack.read(name)
        if name in OFTEN and name != "log/checkpoint.txt" and chance.random() < 0.7:
            lines = before.splitlines(keepends=True) if name.endswith("l") else [before]
            at = chance.randrange(len(lines))
            lines[at] = canonical(change(json.loads(lines[at]), chance))
            after = b"".join(lines)
        else:
            after = spoil(before, chance)
        if after == before:
            continue
        forger.write(name, after)
        if chance.random() < 0.8:
            forger.seal()
        found = verifier.Check(str(forger.path), key, None, None).found
        assert found, (name, after)
        for item, what in found:
            assert verifier.plain(item).isascii()
            assert verifier.plain(what).isascii()
        for each, whole in {**manifests, name: before}.items():
            forger.write(each, whole)

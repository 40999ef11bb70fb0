"""The tree against published vectors and against two oracles that share nothing with it but SHA-256: a few lines here, and pymerkle."""

import hashlib
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymerkle import InmemoryTree, verify_consistency

from gateway.archive.faults import Damaged
from gateway.archive.proof import includes, is_consistent, prove_consistency, prove_inclusion
from gateway.archive.tree import EMPTY_ROOT, Edge, leaf_hash, range_hash
from gateway.errors import WrongUse

# The leaves and roots of Certificate Transparency's reference tests (certificate-transparency, merkle_tree_test.cc).
CT_LEAVES = [
    bytes.fromhex(x)
    for x in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
CT_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def oracle_root(leaves):
    """RFC 6962 section 2.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\0" + leaves[0]).digest()
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hashlib.sha256(b"\1" + oracle_root(leaves[:k]) + oracle_root(leaves[k:])).digest()


def oracle_path(m, leaves):
    if len(leaves) == 1:
        return []
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    if m < k:
        return [*oracle_path(m, leaves[:k]), oracle_root(leaves[k:])]
    return [*oracle_path(m - k, leaves[k:]), oracle_root(leaves[:k])]


def oracle_subproof(m, leaves, whole):
    if m == len(leaves):
        return [] if whole else [oracle_root(leaves)]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    if m <= k:
        return [*oracle_subproof(m, leaves[:k], whole), oracle_root(leaves[k:])]
    return [*oracle_subproof(m - k, leaves[k:], False), oracle_root(leaves[:k])]


class Tiles(dict):
    """Tiles as a store keeps them."""

    def read(self, level, number):
        return self.get((level, number), b"")


def grown(leaves, cuts=()):
    """An edge and its tiles after leaves came in groups, the edge read back from the tiles between groups."""
    tiles, edge = Tiles(), Edge()
    bounds = [0, *sorted(cut % (len(leaves) + 1) for cut in cuts), len(leaves)]
    for start, stop in pairwise(bounds):
        edge = Edge.load(start, tiles.read)
        tiles.update(edge.extend(leaves[start:stop]))
    return edge, tiles


def numbered(count):
    return [b"leaf %d" % n for n in range(count)]


def test_the_empty_tree_has_the_hash_of_nothing():
    assert Edge().root() == EMPTY_ROOT == hashlib.sha256(b"").digest()


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_are_those_of_certificate_transparency(size):
    edge, _ = grown(CT_LEAVES[:size])
    assert edge.root().hex() == CT_ROOTS[size - 1]


SIZES = [*range(1, 34), 255, 256, 257, 511, 512, 513, 700]


@pytest.mark.parametrize("size", SIZES)
def test_the_root_is_the_oracles_however_the_leaves_came(size):
    leaves = numbered(size)
    for cuts in ((), (1,), (size // 3, size // 2), (255, 256, 257)):
        edge, tiles = grown(leaves, cuts)
        assert edge.root() == oracle_root(leaves) == range_hash(tiles.read, 0, size)
        assert Edge.load(size, tiles.read).root() == edge.root()


def test_tiles_are_those_of_the_tiles_specification():
    leaves = numbered(70_000)
    _, tiles = grown(leaves, (1000, 66_000))
    widths = {place: len(hashes) // 32 for place, hashes in tiles.items()}
    assert sum(width == 256 for (level, _), width in widths.items() if level == 0) == 273
    assert (widths[0, 273], widths[1, 0], widths[1, 1], widths[2, 0]) == (112, 256, 17, 1)
    assert len(widths) == 277
    assert tiles[1, 1][:32] == oracle_root(leaves[65_536 : 65_536 + 256])
    assert tiles[2, 0] == oracle_root(leaves[:65_536])


def test_a_full_tile_begins_the_next_level():
    _, tiles = grown(numbered(256))
    assert {place: len(hashes) // 32 for place, hashes in tiles.items()} == {(0, 0): 256, (1, 0): 1}


@settings(max_examples=60, deadline=None)
@given(size=st.integers(1, 600), cuts=st.lists(st.integers(0, 600), max_size=4), data=st.data())
def test_proofs_are_the_oracles_and_prove(size, cuts, data):
    leaves = numbered(size)
    edge, tiles = grown(leaves, cuts)
    index = data.draw(st.integers(0, size - 1))
    path = prove_inclusion(tiles.read, index, size)
    assert path == oracle_path(index, leaves)
    assert includes(leaf_hash(leaves[index]), index, size, path, edge.root())
    old = data.draw(st.integers(1, size))
    proof = prove_consistency(tiles.read, old, size)
    assert proof == oracle_subproof(old, leaves, True)
    assert is_consistent(old, size, oracle_root(leaves[:old]), edge.root(), proof)


@settings(max_examples=25, deadline=None)
@given(size=st.integers(1, 1500), data=st.data())
def test_another_program_finds_the_same_roots_and_proofs(size, data):
    leaves = numbered(size)
    theirs = InmemoryTree.init_from_entries(leaves)
    _, tiles = grown(leaves)
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    found = theirs.prove_inclusion(index + 1, size)  # it counts from one
    assert [leaf_hash(leaves[index]), *prove_inclusion(tiles.read, index, size)] == found.path
    before, now = grown(leaves[:old])[0].root(), grown(leaves)[0].root()
    assert (before, now) == (theirs.get_root(old), theirs.get_root(size))
    verify_consistency(before, now, theirs.prove_consistency(old, size))  # raises where it does not hold
    assert is_consistent(old, size, before, now, prove_consistency(tiles.read, old, size))


@settings(max_examples=60, deadline=None)
@given(size=st.integers(2, 300), data=st.data())
def test_wrong_proofs_are_rejected(size, data):
    leaves = numbered(size)
    edge, tiles = grown(leaves)
    index = data.draw(st.integers(0, size - 1))
    path, leaf, root = prove_inclusion(tiles.read, index, size), leaf_hash(leaves[index]), edge.root()
    other = data.draw(st.integers(0, size - 1).filter(lambda n: n != index))
    assert not includes(leaf, other, size, path, root)
    assert not includes(leaf, index, size, [*path, path[0]], root)
    assert not includes(leaf, index, size, path[:-1], root)
    assert not includes(leaf_hash(b"other"), index, size, path, root)
    assert not includes(leaf, index, size, path, bytes(32))
    at = data.draw(st.integers(0, len(path) - 1))
    assert not includes(leaf, index, size, [*path[:at], bytes(32), *path[at + 1 :]], root)
    old = data.draw(st.integers(1, size - 1))
    proof, before = prove_consistency(tiles.read, old, size), oracle_root(leaves[:old])
    assert not is_consistent(old, size, bytes(32), root, proof)
    assert not is_consistent(old, size, before, bytes(32), proof)
    assert not is_consistent(old, size, before, root, [*proof, bytes(32)])
    assert not is_consistent(old, size, before, root, proof[:-1])
    assert not is_consistent(size, old, root, before, proof)


@pytest.mark.parametrize(
    ("index", "size", "path"),
    [(1, 1, []), (0, 0, []), (-1, 3, []), (0, 2, [b"short"]), (0, 2, [bytes(33)]), (0, 1 << 63, [])],
)
def test_impossible_inclusion_proofs_are_rejected(index, size, path):
    assert not includes(bytes(32), index, size, path, bytes(32))


def test_a_proof_from_nothing_is_empty_and_from_itself_too():
    _, tiles = grown(numbered(5))
    assert prove_consistency(tiles.read, 0, 5) == prove_consistency(tiles.read, 5, 5) == []
    assert is_consistent(0, 5, EMPTY_ROOT, bytes(32), [])
    assert not is_consistent(0, 5, EMPTY_ROOT, bytes(32), [bytes(32)])
    assert not is_consistent(0, 5, bytes(32), bytes(32), [])


def test_an_inner_node_is_no_leaf():
    edge, _ = grown(numbered(2))
    assert leaf_hash(leaf_hash(b"leaf 0") + leaf_hash(b"leaf 1")) != edge.root()


def test_old_sizes_stay_provable_with_newer_tiles():
    leaves = numbered(900)
    _, tiles = grown(leaves)
    for size in (1, 3, 255, 256, 300, 512, 899):
        assert range_hash(tiles.read, 0, size) == oracle_root(leaves[:size])
        assert prove_inclusion(tiles.read, size - 1, size) == oracle_path(size - 1, leaves[:size])


def test_a_missing_or_cut_tile_is_damage():
    _, tiles = grown(numbered(300))
    tiles[0, 1] = tiles[0, 1][:-1]
    with pytest.raises(Damaged, match="level 0, number 1"):
        Edge.load(300, tiles.read)
    with pytest.raises(Damaged, match="level 0, number 1"):
        range_hash(tiles.read, 256, 300)


@pytest.mark.parametrize(("index", "size"), [(3, 3), (-1, 3), (0, 0)])
def test_asking_for_a_proof_of_nothing_is_wrong_use(index, size):
    with pytest.raises(WrongUse):
        prove_inclusion(lambda *_: b"", index, size)

"""Proofs that an entry is in the log, and that one checkpoint's log is the beginning of another's. Pure.

Making follows RFC 6962 section 2.1, checking follows RFC 9162 sections 2.1.3.2 and 2.1.4.2; they share no code.
"""

from collections.abc import Sequence

from gateway.archive.tree import EMPTY_ROOT, HASH_BYTES, ReadTile, node_hash, range_hash
from gateway.errors import WrongUse


def prove_inclusion(read: ReadTile, index: int, size: int) -> list[bytes]:
    """Return the audit path of leaf ``index`` in the tree of ``size`` leaves, sibling first (RFC 6962 section 2.1.1)."""
    if not 0 <= index < size:
        raise WrongUse(f"entry {index} is not in a log of {size} entries")
    path: list[bytes] = []
    start, stop = 0, size
    while stop - start > 1:
        middle = start + (1 << (stop - start - 1).bit_length() - 1)
        if index < middle:
            path.append(range_hash(read, middle, stop))
            stop = middle
        else:
            path.append(range_hash(read, start, middle))
            start = middle
    return path[::-1]


def prove_consistency(read: ReadTile, old: int, new: int) -> list[bytes]:
    """Return the proof that the log of ``old`` leaves begins the one of ``new`` (RFC 6962 section 2.1.2).

    It is empty from size 0 and for equal sizes.
    """
    if not 0 <= old <= new:
        raise WrongUse(f"a log of {old} entries cannot be the beginning of one of {new}")
    if old in (0, new):
        return []
    path: list[bytes] = []
    start, stop, whole = 0, new, True  # whole: the old tree is a subtree whose root the verifier knows
    while old != stop:
        middle = start + (1 << (stop - start - 1).bit_length() - 1)
        if old <= middle:
            path.append(range_hash(read, middle, stop))
            stop = middle
        else:
            path.append(range_hash(read, start, middle))
            start, whole = middle, False
    if not whole:
        path.append(range_hash(read, start, stop))
    return path[::-1]


def includes(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Say whether ``path`` proves that the leaf hash ``leaf`` stands at ``index`` (RFC 9162 section 2.1.3.2)."""
    if not 0 <= index < size or not _are_hashes(leaf, root, *path):
        return False
    first, last, node = index, size - 1, leaf
    for step in path:
        if last == 0:
            return False
        if first & 1 or first == last:
            node = node_hash(step, node)
            while not first & 1 and first:
                first >>= 1
                last >>= 1
        else:
            node = node_hash(node, step)
        first >>= 1
        last >>= 1
    return last == 0 and node == root


def is_consistent(old: int, new: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]) -> bool:
    """Say whether ``path`` proves that the old log is the beginning of the new one (RFC 9162 section 2.1.4.2)."""
    if not 0 <= old <= new or not _are_hashes(old_root, new_root, *path):
        return False
    if old == 0:
        return not path and old_root == EMPTY_ROOT
    if old == new:
        return not path and old_root == new_root
    steps = list(path)
    if old & (old - 1) == 0:
        steps.insert(0, old_root)
    if not steps:
        return False
    first, last = old - 1, new - 1
    while first & 1:
        first >>= 1
        last >>= 1
    former = latter = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if first & 1 or first == last:
            former, latter = node_hash(step, former), node_hash(step, latter)
            while not first & 1 and first:
                first >>= 1
                last >>= 1
        else:
            latter = node_hash(latter, step)
        first >>= 1
        last >>= 1
    return last == 0 and former == old_root and latter == new_root


def _are_hashes(*values: bytes) -> bool:
    return all(len(value) == HASH_BYTES for value in values)

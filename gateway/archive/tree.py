"""The RFC 6962 Merkle tree, kept as C2SP tiles of 256 hashes. Pure: hashes in, tiles out (https://c2sp.org/tlog-tiles).

Tile ``(level, number)`` holds up to 256 hashes; each stands for ``256 ** level`` leaves. The tiles at the right edge are
partial and grow until they are full. A longer tile begins with every shorter one, so old sizes stay provable.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Self

from gateway.archive.faults import Damaged

HASH_BYTES = 32
TILE_WIDTH = 256
EMPTY_ROOT = hashlib.sha256(b"").digest()

ReadTile = Callable[[int, int], bytes]  # (level, number) -> the tile's hashes, b"" where there is none
Tiles = dict[tuple[int, int], bytes]


def leaf_hash(leaf: bytes) -> bytes:
    """Return the hash of a leaf (RFC 6962 section 2.1)."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node (RFC 6962 section 2.1)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Edge:
    """The tree's right edge: all that is needed to append and to name the root.

    ``_peaks`` are the roots of the full subtrees that make up the tree, largest first, one for each set bit of
    ``size``; ``_tiles`` are the partial tiles, one for each level.
    """

    __slots__ = ("_peaks", "_tiles", "size")

    def __init__(
        self, size: int = 0, peaks: Sequence[bytes] = (), tiles: Iterable[bytes | bytearray] = ()
    ) -> None:
        self.size = size
        self._peaks = list(peaks)
        self._tiles = [bytearray(tile) for tile in tiles]

    @classmethod
    def load(cls, size: int, read: ReadTile) -> Self:
        """Return the edge of a tree of ``size`` leaves, read from its tiles; raises Damaged where they are too short."""
        tiles: list[bytes] = []
        while size >> (8 * len(tiles)):
            level = len(tiles)
            width, number = (size >> (8 * level)) & 255, size >> (8 * level + 8)
            hashes = read(level, number)[: width * HASH_BYTES] if width else b""
            if len(hashes) != width * HASH_BYTES:
                raise Damaged(f"the tile at level {level}, number {number} is missing or too short")
            tiles.append(hashes)
        peaks: list[bytes] = []
        for tile in reversed(tiles):
            width, at = len(tile) // HASH_BYTES, 0
            for bit in range(7, -1, -1):
                if width >> bit & 1:
                    peaks.append(_reduce(tile[at * HASH_BYTES : (at + (1 << bit)) * HASH_BYTES]))
                    at += 1 << bit
        return cls(size, peaks, tiles)

    def copy(self) -> Self:
        return type(self)(self.size, self._peaks, self._tiles)

    def extend(self, leaves: Iterable[bytes]) -> Tiles:
        """Append leaves and return every tile that changed, as it stands after the last of them."""
        return self.extend_hashes(map(leaf_hash, leaves))

    def extend_hashes(self, hashes: Iterable[bytes]) -> Tiles:
        """Append leaves of which only the hashes are at hand."""
        changed: dict[tuple[int, int], bytearray] = {}
        peaks = self._peaks
        for leaf in hashes:
            node, index, height = leaf, self.size, 0
            while True:
                if not height & 7:
                    self._put(height >> 3, index, node, changed)
                if not index & 1:
                    break
                node = node_hash(peaks.pop(), node)
                index >>= 1
                height += 1
            peaks.append(node)
            self.size += 1
        return {place: bytes(tile) for place, tile in changed.items()}

    def root(self) -> bytes:
        """Return the Merkle tree hash of everything appended."""
        if not self._peaks:
            return EMPTY_ROOT
        node = self._peaks[-1]
        for peak in self._peaks[-2::-1]:
            node = node_hash(peak, node)
        return node

    def partial_tiles(self) -> Tiles:
        """Return the partial tiles at this size, by level and number."""
        return {
            (level, self.size >> (8 * level + 8)): bytes(hashes)
            for level, hashes in enumerate(self._tiles)
            if hashes
        }

    def _put(self, level: int, index: int, node: bytes, changed: dict[tuple[int, int], bytearray]) -> None:
        if level == len(self._tiles):
            self._tiles.append(bytearray())
        tile = self._tiles[level]
        tile += node
        changed[level, index >> 8] = tile
        if len(tile) == TILE_WIDTH * HASH_BYTES:
            self._tiles[level] = bytearray()


def range_hash(read: ReadTile, start: int, stop: int) -> bytes:
    """Return the Merkle tree hash of the leaves ``start`` up to ``stop``, a range as proofs ask for it.

    ``start`` is a multiple of the smallest power of two that is at least the range's length. Raises Damaged where a tile
    is missing or too short.
    """
    count = stop - start
    if count == 0:
        return EMPTY_ROOT
    height = (count - 1).bit_length()
    if count == 1 << height:
        return _subtree(read, height, start >> height)
    middle = start + (1 << height - 1)
    return node_hash(range_hash(read, start, middle), range_hash(read, middle, stop))


def _subtree(read: ReadTile, height: int, index: int) -> bytes:
    level, rest = height >> 3, height & 7
    first = index << rest
    at = (first & 255) * HASH_BYTES
    hashes = read(level, first >> 8)[at : at + (HASH_BYTES << rest)]
    if len(hashes) != HASH_BYTES << rest:
        raise Damaged(f"the tile at level {level}, number {first >> 8} is missing or too short")
    return _reduce(hashes)


def _reduce(hashes: bytes) -> bytes:
    """Return the root over a power of two of hashes."""
    while len(hashes) > HASH_BYTES:
        hashes = b"".join(
            hashlib.sha256(b"\x01" + hashes[at : at + 2 * HASH_BYTES]).digest()
            for at in range(0, len(hashes), 2 * HASH_BYTES)
        )
    return hashes

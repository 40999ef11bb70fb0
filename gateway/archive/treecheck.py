"""Recompute a tree from its leaves and hold every stored tile against it, so that the culprit can be named. Pure.

Two trees are kept once a leaf and its tile disagree: one of the leaves as they stand, one of the hashes in the lowest
tiles. The signed root says which of them is right, and hashes further up are right if either tree has them.
"""

from collections.abc import Callable, Mapping

from gateway.archive.tree import HASH_BYTES, TILE_WIDTH, Edge, ReadTile, Tiles


class TreeCheck:
    """Fed with one lowest tile's width of leaf hashes after the other; ``add`` is told each finding with its seq."""

    def __init__(self, bad: Callable[[int | None, str], None]) -> None:
        self._bad = bad
        self._leaves = Edge()
        self._stored: Edge | None = None  # only once it differs
        self._signed: bytes | None = None
        self._upper: list[
            tuple[Tiles, Tiles]
        ] = []  # full upper tiles as both trees have them, not compared yet

    @property
    def size(self) -> int:
        return self._leaves.size

    def root(self) -> bytes:
        return self._leaves.root()

    def expect(self, root: bytes) -> None:
        """Take the root that the checkpoint signs."""
        self._signed = root

    def add(self, start: int, stop: int, hashes: Mapping[int, bytes], tile: bytes) -> None:
        """Take the leaves from ``start`` up to ``stop``, of which ``hashes`` may lack some, and their stored tile."""
        width = stop - start
        if len(tile) != width * HASH_BYTES:
            self._bad(
                start, f"the tile at level 0, number {start // TILE_WIDTH} is missing or of a wrong length"
            )
        standing = {
            start + at: tile[at * HASH_BYTES : (at + 1) * HASH_BYTES]
            for at in range(min(width, len(tile) // HASH_BYTES))
        }
        differ = [seq for seq, hash_ in standing.items() if hashes.get(seq) != hash_]
        for seq in differ:
            if seq in hashes:
                self._bad(seq, "its leaf and its hash in the tree differ")
        gap = bytes(HASH_BYTES)
        if self._stored is None and (differ or len(standing) < width):
            self._stored = self._leaves.copy()
        full = self._leaves.extend_hashes(hashes.get(seq, gap) for seq in range(start, stop))
        other = full
        if self._stored is not None:
            other = self._stored.extend_hashes(
                standing.get(seq, hashes.get(seq, gap)) for seq in range(start, stop)
            )
        upper = {place for place, tile_ in full.items() if place[0] and len(tile_) == TILE_WIDTH * HASH_BYTES}
        if upper:
            self._upper.append(({p: full[p] for p in upper}, {p: other[p] for p in upper}))

    def finish(self, read: ReadTile) -> None:
        """Compare the tiles above the lowest with what is stored, and the root with what is signed."""
        stored = self._stored or self._leaves
        one = {place: tile for place, tile in self._leaves.partial_tiles().items() if place[0]}
        other = {place: tile for place, tile in stored.partial_tiles().items() if place[0]}
        for mine, theirs in [*self._upper, (one, other)]:
            for (level, number), tile in mine.items():
                self._compare(level, number, tile, theirs[level, number], read(level, number))
        if self._signed is not None and self._signed not in (self._leaves.root(), stored.root()):
            self._bad(None, "the tree of the entries is not the one that the checkpoint signs")

    def _compare(self, level: int, number: int, mine: bytes, theirs: bytes, found: bytes) -> None:
        name = f"the tile at level {level}, number {number}"
        first, span = number * TILE_WIDTH ** (level + 1), TILE_WIDTH**level
        if len(found) != len(mine):
            self._bad(first, f"{name} is missing or of a wrong length")
        for at in range(0, min(len(found), len(mine)), HASH_BYTES):
            here = slice(at, at + HASH_BYTES)
            if found[here] not in (mine[here], theirs[here]):
                begin = first + at // HASH_BYTES * span
                self._bad(begin, f"{name} is wrong for the entries {begin} to {begin + span - 1}")

"""A checkpoint that was signed before, held against the log as it is now, and what that means in plain words. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from gateway.archive.checkpoint import Checkpoint, Verifier, open_checkpoint
from gateway.archive.faults import Damaged
from gateway.archive.proof import is_consistent, prove_consistency
from gateway.archive.tree import ReadTile

Result = Literal["contained", "shorter", "changed", "foreign"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """``signed`` is how many entries the checkpoint speaks of, ``size`` how many there are now."""

    result: Result
    signed: int
    size: int
    what: str

    @property
    def ok(self) -> bool:
        return self.result == "contained"


def compare(note: str, verifier: Verifier, head: str, read: ReadTile) -> Compared:
    """Hold a signed note against the log's head, which is signed too, by consistency proof (RFC 9162 section 2.1.4.2)."""
    now = open_checkpoint(head, verifier)
    try:
        then = open_checkpoint(note, verifier)
    except Damaged as wrong:
        return Compared(
            result="foreign", signed=0, size=now.size, what=f"no word of this log, {verifier.name}: {wrong}"
        )
    signed, size = f"{then.size} entries were signed then", now.size
    if then.size > size:
        what = f"{signed}, and the archive has {size} now: it was put back from an older copy, or cut off"
        return Compared(result="shorter", signed=then.size, size=size, what=what)
    if _begins(then, now, read):
        what = f"the archive still contains all that was signed then: {then.size} of its {size} entries"
        return Compared(result="contained", signed=then.size, size=size, what=what)
    what = (
        f"{signed}, and the archive's first {then.size} entries are others now: "
        "it was put back from an older copy and went on, or its history was written anew"
    )
    return Compared(result="changed", signed=then.size, size=size, what=what)


def foreign_handovers(verifier: Verifier, head: Checkpoint, read: ReadTile) -> Iterator[str]:
    """Yield which changes of the signing key were made in another history than this log's."""
    for key, size, root in verifier.earlier:
        at = Checkpoint(origin=head.origin, size=size, root=root)
        if size > head.size or not _begins(at, head, read):
            yield f"the key {key.key_id.hex()} was replaced at entry {size} of another history than this log's"


def _begins(then: Checkpoint, now: Checkpoint, read: ReadTile) -> bool:
    try:
        path = prove_consistency(read, then.size, now.size)
    except Damaged:
        return False  # a tile is missing: nothing can be shown
    return is_consistent(then.size, now.size, then.root, now.root, path)

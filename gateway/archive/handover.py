"""A change of the log's signing key, as the old key states it: one who trusts any key of a log can find the one in force. Pure.

A handover is a signed note of five lines: what it is, the log, how long it was and under which root, and the new key. The
old key signs it, and the new one too, which shows that somebody holds it. From that size on the old key speaks no more.
"""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

import msgspec

from gateway.archive.checkpoint import Checkpoint, Signer, Verifier, open_note, unbase64
from gateway.archive.faults import Damaged
from gateway.archive.tree import HASH_BYTES

_KIND = "docket.handover/v1"


class Chain(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The first key of a log as one line, and each handover since, in order."""

    first: str
    handovers: tuple[str, ...] = ()

    def text(self) -> bytes:
        """Return it as it is written: canonical JSON in ASCII on one line, as packs write theirs."""
        told = {"first": self.first, "handovers": list(self.handovers)}
        return json.dumps(told, sort_keys=True, separators=(",", ":")).encode("ascii") + b"\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """That the log was ``size`` entries long, under ``root``, when ``key`` took over."""

    size: int
    root: bytes
    key: Verifier


def hand_over(old: Signer, new: Signer, at: Checkpoint) -> str:
    """Return the note by which one key gives the log to another."""
    root = base64.b64encode(at.root).decode()
    text = f"{_KIND}\n{at.origin}\n{at.size}\n{root}\n{new.verifier.vkey()}\n"
    signed = old.sign(text)
    return signed + new.sign(text).rpartition("\n\n")[2]


def read_chain(raw: bytes) -> Verifier:
    """Return the key in force at a chain's end, which knows those before it. Raises Damaged."""
    try:
        chain = msgspec.json.decode(raw, type=Chain)
    except msgspec.DecodeError as wrong:
        raise Damaged(f"it is no chain of keys: {wrong}") from None
    if chain.text() != raw:
        raise Damaged("it is no chain of keys as they are written")
    current = Verifier.parse(chain.first)
    for note in chain.handovers:
        found = _opened(note, current)
        current = replace(
            found.key, earlier=(*current.earlier, (replace(current, earlier=()), found.size, found.root))
        )
    return current


def _opened(note: str, old: Verifier) -> Handover:
    lines = open_note(note, old).split("\n")
    if len(lines) != 6 or lines[0] != _KIND or lines[1] != old.name or lines[5]:
        raise Damaged("a handover is not of the form that it should have")
    new, root = Verifier.parse(lines[4]), unbase64(lines[3])
    if new.name != old.name or not lines[2].isdecimal() or root is None or len(root) != HASH_BYTES:
        raise Damaged("a handover does not say from when on which key of the log holds")
    if new.key_id in {old.key_id, *(one.key_id for one, _, _ in old.earlier)}:
        raise Damaged("a handover gives the log back to a key that had it before")
    if old.earlier and int(lines[2]) <= old.earlier[-1][1]:
        raise Damaged("a handover comes before the one before it")
    open_note(note, new)
    return Handover(size=int(lines[2]), root=root, key=new)


def lengthened(raw: bytes | None, first: Verifier, notes: Sequence[str]) -> bytes:
    """Return a chain with more handovers at its end; ``raw`` is what there was, None where the first key still held."""
    chain = Chain(first=first.vkey()) if raw is None else msgspec.json.decode(raw, type=Chain)
    return Chain(first=chain.first, handovers=(*chain.handovers, *notes)).text()

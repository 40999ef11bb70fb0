"""The time-stamps of a pack: one of the export itself by each authority, and those by which its messages existed long before."""

import base64
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from gateway.archive.archive import Archive
from gateway.archive.faults import Damaged
from gateway.archive.leaf import base64_of
from gateway.evidence.bag import json_line, write_lines
from gateway.store.records import EventRow
from gateway.timestamp.authority import Authority
from gateway.timestamp.token import NoStamp

_MOST = 100  # of one authority; a later stamp says less of a message and is no less true


class _Recorded(msgspec.Struct, frozen=True):
    """What an entry ``timestamp`` holds."""

    authority: str
    certificates: str
    checkpoint: str
    response: str
    size: int


def write_new(bag: Path, note: bytes, authorities: Sequence[Authority]) -> tuple[dict[str, str], list[str]]:
    """Have each authority sign for a checkpoint; return the files with their hashes, and who gave none and why."""
    written: dict[str, str] = {}
    failed = []
    for one in authorities:
        try:
            stamp = one.stamp(note)
        except NoStamp as wrong:
            failed.append(str(wrong))
            continue
        written |= _write(bag, one.name, {"tsr": stamp.response, "pem": one.certificates})
    return written, failed


def write_recorded(
    bag: Path, archive: Archive, recorded: Sequence[EventRow], seqs: Sequence[int], size: int
) -> dict[str, str]:
    """Write the first time-stamp that covers each entry, with proof that the log of ``size`` continues what it signs."""
    written: dict[str, str] = {}
    for seq in _chosen(recorded, seqs, size):
        try:
            told = msgspec.json.decode(archive.entry(seq).payload, type=_Recorded)
            path = archive.consistency(told.size, size)
        except (Damaged, msgspec.DecodeError):
            continue  # the log says that it is there; what it said cannot be read any more
        earlier = {"checkpoint": told.checkpoint, "path": [base64_of(step) for step in path]}
        files = {
            "tsr": base64.b64decode(told.response),
            "pem": told.certificates.encode("ascii"),
            "json": json_line(earlier),
        }
        written |= _write(bag, f"{told.authority}-{told.size}", files)
    return written


def _chosen(recorded: Sequence[EventRow], seqs: Sequence[int], size: int) -> Iterator[int]:
    """Yield the entries of the stamps to show: of each authority the first behind each entry."""
    by_authority = defaultdict[str, list[tuple[int, int]]](list)
    for event in recorded:
        covered = event.summary.get("size")
        if isinstance(covered, int) and 0 < covered <= size:
            by_authority[str(event.summary.get("authority"))].append((covered, event.seq))
    for stamps in by_authority.values():
        stamps.sort()
        sizes = [covered for covered, _ in stamps]
        places = sorted({at for seq in seqs if (at := bisect_right(sizes, seq)) < len(sizes)})
        yield from (stamps[at][1] for at in places[:: len(places) // _MOST + 1])


def _write(bag: Path, stem: str, files: dict[str, bytes]) -> dict[str, str]:
    (bag / "timestamps").mkdir(exist_ok=True)
    names = {f"timestamps/{stem}.{ending}": data for ending, data in files.items()}
    return {name: write_lines(bag / name, [data])[0] for name, data in names.items()}

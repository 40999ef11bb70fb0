"""The certificate of an erasure: what went, by whose word, and which copies are out of our reach. It names nobody erased."""

from collections.abc import Iterator
from datetime import datetime

import msgspec

from gateway.archive.archive import Archive
from gateway.mail.entry import Entry
from gateway.store.payloads import read_payload

_KINDS = {
    "deliver": "delivered to its readers' mailbox",
    "relay": "sent to the other side's servers",
    "report": "told of in a report",
    "notify": "told of in a notice",
    "alert": "told of in an alert",
    "warn": "told of in a warning",
    "returned": "told of in a notice that it came back",
}


class _Told(msgspec.Struct, frozen=True):
    erased: tuple[tuple[int, int | None], ...]
    messages: int
    reason: str
    ground: str = ""
    agent: str = ""
    approved_by: str = ""
    asked: int | None = None
    kept: tuple[int, ...] = ()
    exports: tuple[tuple[int, str], ...] = ()
    unsure: tuple[int, ...] = ()
    copies: dict[str, dict[str, int]] = {}
    places: tuple[tuple[int, int, str, int, int], ...] = ()


def certificate_of(entry: Entry, archive: Archive, now: datetime) -> str:
    """Return the certificate's text for an ``erasure`` entry."""
    told = read_payload(entry.payload, _Told)
    return "\n".join((*_done(entry, told, archive, now), "", *_beyond(told, now), ""))


def _done(entry: Entry, told: _Told, archive: Archive, now: datetime) -> Iterator[str]:
    seqs = [seq for seq, _ in told.erased]
    yield f"Certificate of erasure, entry {entry.seq} of the log {archive.origin}"
    yield ""
    yield f"Ordered:   {_when(entry.at)}"
    yield f"Completed: {_when(now)}"
    yield f"Reason:    {told.reason}"
    if told.ground:
        yield f"Ground:    {told.ground}"
    if told.asked is not None:
        yield f"Asked for: entry {told.asked}, by {told.agent or 'nobody named'}"
    else:
        yield f"Ordered by: {told.agent or 'nobody named'}"
    nobody = (
        "its period alone" if told.ground == "retention" else "no second person; the settings ask for none"
    )
    yield f"Approved by: {told.approved_by or nobody}"
    yield f"Destroyed: the keys of {len(seqs)} entries, {told.messages} of them messages: {ranges(seqs)}"
    if told.kept:
        yield f"Left out on request: messages {ranges(told.kept)}"
    yield "Their ciphertext, leaves and proofs stay in the log, so that the log can still be verified; nobody can open them."
    yield "The rows, texts and search terms made of them were deleted, and the files that held them were written anew."
    yield "The log as it then stood:"
    yield from (f"    {line}" for line in archive.checkpoint().strip().splitlines())


def _beyond(told: _Told, now: datetime) -> Iterator[str]:
    yield "Copies out of the reach of this program, for a person to see to:"
    for mailbox, kinds in sorted(told.copies.items()):
        for kind, count in sorted(kinds.items()):
            yield f"  - {count} {'message' if count == 1 else 'messages'} of {mailbox or 'no mailbox'}: {_KINDS.get(kind, kind)}"
    folders: dict[str, list[int]] = {}
    for _, _, place, uidvalidity, uid in told.places:
        folders.setdefault(f"{place} (UIDVALIDITY {uidvalidity})", []).append(uid)
    for folder, uids in sorted(folders.items()):
        yield f"  - in the IMAP folder {folder}: UID {ranges(uids)}. They are not fetched again"
    for seq, agent in told.exports:
        yield f"  - the pack, report, list, answer, audit or access folder of entry {seq}, handed out to {agent or 'nobody named'}"
    if told.unsure:
        yield f"  - perhaps what was handed out by entries {ranges(told.unsure)}: their records do not say what was in it"
    yield f"  - every backup of keys.db or store.db made before {_when(now)}: it opens what was erased; delete it, or let it expire"
    yield "  - what a file system or disk keeps of overwritten files"
    yield "  - files that history was imported from"
    yield "  - what exports that broke off had taken out: a folder NAME.part or a file .NAME.new beside the place that they were to have"


def ranges(numbers: tuple[int, ...] | list[int]) -> str:
    """Return numbers as people write them.

    >>> ranges([1, 2, 3, 7])
    '1-3, 7'
    """
    found: list[list[int]] = []
    for number in sorted(numbers):
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in found)


def _when(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"

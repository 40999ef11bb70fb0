"""One entry on its way into a pack: its files, and its lines in every table. Whatever is wrong with it is a fault, never raised."""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from gateway.archive.archive import Archive
from gateway.archive.destruction import Gone
from gateway.archive.faults import Damaged
from gateway.archive.leaf import base64_of
from gateway.evidence import custody
from gateway.evidence.selection import Item
from gateway.mail.canonical import canonical
from gateway.mail.entry import MAIL_TYPES, Entry
from gateway.mail.parse import attachments_of
from gateway.store.records import AttachmentRow, EventRow, MessageRow

_TEXT_CHARS = 20_000
_STEM = re.compile(r"[^A-Za-z0-9_-]+")
# What a double click shows. Anything else, a page or a program, is kept under a name that nothing opens.
_HARMLESS = frozenset(
    [
        "avi",
        "csv",
        "doc",
        "docx",
        "eml",
        "gif",
        "heic",
        "ics",
        "jpeg",
        "jpg",
        "mov",
        "mp3",
        "mp4",
        "odp",
        "ods",
        "odt",
        "pdf",
        "png",
        "ppt",
        "pptx",
        "rtf",
        "tif",
        "tiff",
        "tsv",
        "txt",
        "vcf",
        "webp",
        "xls",
        "xlsx",
        "zip",
    ]
)

# Of files that people added, told by their first bytes when they came.
_ENDINGS = {
    "application/pdf": "pdf",
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/gif": "gif",
    "image/webp": "webp",
}


class Shown(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What the viewer tells of an entry."""

    seq: int
    type: str
    at: str  # when it occurred, RFC 3339 in UTC
    of: int | None = None
    who: str = ""
    details: str = ""
    direction: str = ""
    from_: str = ""
    to: str = ""
    subject: str = ""
    text: str = ""
    is_cut: bool = False
    files: list[tuple[str, str, int]] = []  # name as sent, path in the pack ("" where it is missing), size


class Piece(msgspec.Struct, kw_only=True):
    """What one entry brings into a pack."""

    seq: int
    line: dict[str, Any] | None = None  # in entries.jsonl; None where not even its leaf can be read
    files: dict[str, str] = {}  # path under the pack: SHA-256
    size_bytes: int = 0
    load: list[list[str]] = []
    custody: list[str] = []
    shown: Shown | None = None
    faults: list[str] = []


@dataclass(frozen=True, slots=True)
class Taker:
    """Takes entries out of the archive into the folder of a pack; ``with_text`` puts messages' texts into the viewer."""

    archive: Archive
    folder: Path
    with_text: bool = True

    def take_all(
        self, items: Sequence[Item], events: Mapping[int, EventRow], rows: Mapping[int, MessageRow]
    ) -> Iterator[Piece]:
        """Take entries in their order. Those that follow each other in the log are read together, which is much faster."""
        at = 0
        while at < len(items):
            stop = at + 1
            while stop < len(items) and items[stop].seq == items[stop - 1].seq + 1:
                stop += 1
            read = self.archive.entries(items[at].seq, items[stop - 1].seq + 1)
            for item in items[at:stop]:
                try:
                    entry = next(read)
                except Damaged:
                    entry = None  # asked for alone, it says what is wrong; those behind it are read anew
                yield self.take(item, events.get(item.seq), rows.get(item.seq), entry)
                at += 1
                if entry is None:
                    break

    def take(
        self, item: Item, event: EventRow | None, row: MessageRow | None, entry: Entry | None = None
    ) -> Piece:
        """Write an entry's files and return what the tables say of it."""
        piece = Piece(seq=item.seq)
        if item.withheld:
            self._close(piece, item.withheld)
            return piece
        try:
            entry = entry or self.archive.entry(item.seq)
            salts = self.archive.salts(item.seq)
        except Gone as gone:
            self._close(piece, gone.what.removeprefix("it was "))
            return piece
        except Damaged as wrong:
            piece.faults.append(wrong.what)
            self._close(piece, f"damaged: {wrong.what}")
            return piece
        path = _path_of(entry)
        piece.line = opening(entry, salts) | {"payload": path}
        self._write(piece, path, entry.payload)
        said, hand = custody.details(entry, event), custody.who(entry, event)
        of = event.of if event is not None and entry.type not in MAIL_TYPES else None
        sealed = entry.at.isoformat().replace("+00:00", "Z")
        title = custody.TITLES.get(entry.type, entry.type)
        piece.custody = [str(entry.seq), sealed, title, "" if of is None else str(of), hand, said]
        piece.shown = Shown(seq=entry.seq, type=entry.type, at=sealed, of=of, who=hand, details=said)
        if entry.type in MAIL_TYPES and row is None:
            piece.faults.append("the store does not know this message: its attachments are not taken out")
        elif entry.type in MAIL_TYPES and row is not None:
            self._mail(piece, piece.shown, entry, row)
        return piece

    def _close(self, piece: Piece, why: str) -> None:
        try:
            leaf = self.archive.leaf(piece.seq).decode("ascii")
        except Damaged as wrong:
            piece.faults.append(wrong.what)
            return
        piece.line = {"seq": piece.seq, "leaf": leaf, "withheld": why}

    def _mail(self, piece: Piece, shown: Shown, entry: Entry, row: MessageRow) -> None:
        shown.at = row.occurred_at.isoformat().replace("+00:00", "Z")
        shown.direction, shown.subject = row.direction, row.subject
        shown.from_, shown.to = _people(row.from_), _people((*row.to, *row.cc))
        if self.with_text:
            try:
                text = self.archive.open_for(row.seq, "text", row.sealed_text).decode("utf-8", "replace")
                shown.text, shown.is_cut = text[:_TEXT_CHARS], len(text) > _TEXT_CHARS
            except Damaged as wrong:
                piece.faults.append(wrong.what)
        paths = self._attachments(piece, entry.payload, row)
        for file in row.attachments:
            shown.files.append(
                (file.filename or file.content_type, paths.get(file.part, ""), file.size_bytes)
            )
        name = f"{row.seq:06d}"
        about = [
            row.direction, _people(row.from_), _people(row.to), _people(row.cc), row.subject, shown.at,
            row.received_at.isoformat().replace("+00:00", "Z"), row.message_id,
        ]  # fmt: skip
        numbers = {file.part: f"{name}.{number}" for number, file in enumerate(row.attachments, 1)}
        native = [
            f"{name}.eml",
            str(row.size_bytes),
            hashlib.sha256(entry.payload).hexdigest(),
            _path_of(entry),
        ]
        piece.load.append([name, "", str(row.seq), *about, *native, " ".join(numbers.values())])
        for file in row.attachments:
            native = [file.filename, str(file.size_bytes), file.sha256, paths.get(file.part, "")]
            piece.load.append([numbers[file.part], name, str(row.seq), *about, *native, ""])

    def _attachments(self, piece: Piece, raw: bytes, row: MessageRow) -> dict[str, str]:
        """Write a message's attachments, each as it was decoded, under a name that is ours; return where each lies."""
        wanted = {file.part: (number, file) for number, file in enumerate(row.attachments, 1)}
        paths: dict[str, str] = {}
        try:
            for part, content in attachments_of(raw, frozenset(wanted)):
                number, file = wanted[part]
                if hashlib.sha256(content).hexdigest() != file.sha256:
                    piece.faults.append(f"attachment {part} is not what was read when the message came")
                paths[part] = f"data/attachments/{row.seq:06d}/{_name_of(number, file)}"
                self._write(piece, paths[part], content)
        except Exception as wrong:  # a stranger's MIME: the original is in the pack all the same
            piece.faults.append(f"its attachments cannot be taken out: {type(wrong).__name__}")
        piece.faults.extend(f"attachment {part} cannot be taken out" for part in wanted if part not in paths)
        return paths

    def _write(self, piece: Piece, path: str, data: bytes) -> None:
        place = self.folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
        piece.files[path] = hashlib.sha256(data).hexdigest()
        piece.size_bytes += len(data)


def opening(entry: Entry, salts: tuple[bytes, bytes]) -> dict[str, Any]:
    """Return what a stranger needs to check an entry's payload and meta against its leaf, and to open nothing else."""
    payload_salt, meta_salt = map(base64_of, salts)
    return {
        "seq": entry.seq,
        "leaf": entry.leaf.decode("ascii"),
        "meta": canonical(entry.meta).decode(),
        "meta_salt": meta_salt,
        "payload_salt": payload_salt,
    }


def _path_of(entry: Entry) -> str:
    if entry.type in MAIL_TYPES:
        return f"data/messages/{entry.seq:06d}.eml"
    if entry.type == "evidence":
        ending = _ENDINGS.get(str(entry.meta.get("content_type")), "bin")
        return f"data/records/{entry.seq:06d}-evidence.{ending}"
    ending = "json" if entry.payload[:1] == b"{" else "txt"
    return f"data/records/{entry.seq:06d}-{entry.type}.{ending}"


def _name_of(number: int, file: AttachmentRow) -> str:
    r"""Return a name that is safe on every system and still tells what the file was called.

    >>> _name_of(1, AttachmentRow(part="2", filename="../../a\u202efdp.html", content_type="", size_bytes=0, sha256=""))
    '01-a_fdp_html.bin'
    """
    stem, _, ending = file.filename.replace("\\", "/").rpartition("/")[2].rpartition(".")
    if ending.lower() not in _HARMLESS:
        stem, ending = f"{stem}_{ending}", "bin"
    plain = _STEM.sub("_", stem).strip("_")[:60]
    return f"{number:02d}-{plain or 'file'}.{ending.lower()}"


def _people(pairs: tuple[tuple[str, str], ...]) -> str:
    return ", ".join(f"{name} <{address}>" if name else address for name, address in pairs)


def batches(items: tuple[Item, ...], size: int) -> Iterator[tuple[Item, ...]]:
    """Cut items into runs of at most ``size``."""
    for at in range(0, len(items), size):
        yield items[at : at + size]

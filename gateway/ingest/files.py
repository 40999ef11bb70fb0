"""Mail as files, for import: single messages, folders of them, Maildir and mbox; whatever is left out says why.

One file is one message, kept whole byte for byte, even where it begins with a ``From `` line. It is taken apart as
an mbox only when it is called ``mbox``, ``*.mbox`` or ``*.mbx``, or has no extension (as in Thunderbird) and begins
with a dated separator line. Symbolic links are not followed below the paths given; order is by name.
"""

import contextlib
import os
import re
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BufferedReader
from pathlib import Path

from gateway.door.limits import Limits
from gateway.ingest.mbox import is_separator, split_mbox

_HEAD_BYTES = 4096
_MBOX_SUFFIXES = {".mbox", ".mbx"}
_DATABASE = re.compile(r"\.(?:db|sqlite3?)(?:-wal|-shm|-journal)?$")
_DELIVERED = re.compile(r"(\d{9,11})\.")  # a Maildir name begins with the second of delivery
_INFO = re.compile(r"[:;!]2,([A-Za-z]*)$")  # ";" and "!" stand for ":" on file systems that refuse it
_FLAGS = {
    "D": "\\Draft",
    "F": "\\Flagged",
    "P": "$Forwarded",
    "R": "\\Answered",
    "S": "\\Seen",
    "T": "\\Deleted",
}
_BEGINS_LIKE_MAIL = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:[!-9;-~]+[ \t]*:|>?From )")
_FORMATS = (
    (b"\x1f\x8b", "is compressed with gzip; unpack it first"),
    (b"BZh", "is compressed with bzip2; unpack it first"),
    (b"\xfd7zXZ", "is compressed with xz; unpack it first"),
    (b"\x28\xb5\x2f\xfd", "is compressed with zstd; unpack it first"),
    (b"PK\x03\x04", "is a ZIP archive; unpack it first"),
    (b"\xd0\xcf\x11\xe0", "is in Outlook's own format; save the messages as .eml first"),
    (b"!BDN", "is an Outlook data file; export the messages as .eml or mbox first"),
    (b"SQLite format 3", "is a database, not mail"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One message. ``origin`` is the path, with ``#N`` for the Nth message of an mbox."""

    origin: str
    raw: bytes
    occurred_at: datetime | None = (
        None  # Maildir: when it was delivered there; a file's own time is no evidence
    )
    flags: tuple[str, ...] = ()  # IMAP flags; for an mbox "MBOX-FROM=..." and "MBOX-UNQUOTED=lines"


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """What was not taken, and why, in words that follow the path."""

    path: str
    reason: str


def read_mail(
    paths: Iterable[Path], *, message_bytes: int = Limits().import_message_bytes
) -> Iterator[Found | Skipped]:
    """Yield everything at and below ``paths``, in order, at most one message in memory; never raises for a file."""
    for path in paths:
        # A link that a person names is meant; those that merely lie about are not followed.
        yield from _walk(Path(os.path.realpath(path)) if path.is_symlink() else path, message_bytes)


def _walk(path: Path, message_bytes: int) -> Iterator[Found | Skipped]:
    waiting = [(path, _is_in_maildir(path.parent))]
    while waiting:
        here, in_maildir = waiting.pop()
        try:
            mode = here.lstat().st_mode
            if stat.S_ISDIR(mode):
                inside = _is_in_maildir(here)
                waiting.extend((child, inside) for child in reversed(_children(here)))
            elif _DATABASE.search(here.name):
                # Not even opened: it may be ours, and closing it again would drop the locks that SQLite has on it.
                yield Skipped(path=shown(here), reason="is a database, not mail")
            elif stat.S_ISREG(mode):
                yield from _file(here, message_bytes, in_maildir=in_maildir, named=here is path)
            else:
                yield Skipped(path=shown(here), reason=_kind(mode))
        except OSError as wrong:
            yield Skipped(path=shown(here), reason=f"cannot be read: {wrong.strerror or wrong}")


def _children(folder: Path) -> list[Path]:
    return sorted(folder.iterdir(), key=lambda path: os.fsencode(path.name))


def _file(path: Path, message_bytes: int, *, in_maildir: bool, named: bool) -> Iterator[Found | Skipped]:
    # Between lstat and open the file may have become something else: a FIFO would block, a link would lead away.
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(0, "is no longer a regular file")
        head = file.peek(_HEAD_BYTES)[:_HEAD_BYTES]
        reason = _not_mail(path, head, in_maildir=in_maildir, named=named)
        if reason:
            yield Skipped(path=shown(path), reason=reason)
        elif _is_mbox(path, head, in_maildir=in_maildir):
            yield from _mbox(path, file, message_bytes)
        else:
            yield _message(path, file, message_bytes, in_maildir=in_maildir)


def _message(path: Path, file: BufferedReader, message_bytes: int, *, in_maildir: bool) -> Found | Skipped:
    raw = file.read(message_bytes + 1)
    if len(raw) > message_bytes:
        return Skipped(path=shown(path), reason=f"is larger than {message_bytes} bytes")
    if not in_maildir:
        return Found(origin=shown(path), raw=raw)
    info = _INFO.search(path.name)
    flags = tuple(sorted({_FLAGS[letter] for letter in (info[1] if info else "") if letter in _FLAGS}))
    delivered = _DELIVERED.match(path.name)
    at = datetime.fromtimestamp(int(delivered[1]), tz=UTC) if delivered else None
    return Found(origin=shown(path), raw=raw, occurred_at=at, flags=flags)


def _mbox(path: Path, file: BufferedReader, message_bytes: int) -> Iterator[Found | Skipped]:
    for piece in split_mbox(file, message_bytes=message_bytes):
        origin = f"{shown(path)}#{piece.number}"
        if piece.raw is None:
            yield Skipped(path=origin, reason=f"is larger than {message_bytes} bytes")
            continue
        flags = [f"MBOX-FROM={piece.separator[5:300].decode('utf-8', 'backslashreplace').strip()}"]
        if piece.unquoted:
            flags.append(f"MBOX-UNQUOTED={piece.unquoted}")
        yield Found(origin=origin, raw=piece.raw, flags=tuple(flags))


def _not_mail(path: Path, head: bytes, *, in_maildir: bool, named: bool) -> str:
    """Return why a file is no message, or ""; a file that a person names needs no header field in front."""
    if not head:
        return "is empty"
    if in_maildir and path.parent.name == "tmp":
        return "is in tmp/: its delivery was never finished"
    for magic, reason in _FORMATS:
        if head.startswith(magic):
            return reason
    if path.suffix.lower() == ".emlx":
        return "is in Apple Mail's own format; export the mailbox as mbox first"
    if _is_mbox_by_name(path) and not head.startswith(b"From "):
        return "is called an mbox, but does not begin with a From line"
    if named or in_maildir or path.suffix.lower() == ".eml" or _BEGINS_LIKE_MAIL.match(head):
        return ""
    return (
        "does not begin like a mail: no header field stands first (name the file itself to take it as it is)"
    )


def _is_mbox(path: Path, head: bytes, *, in_maildir: bool) -> bool:
    if in_maildir:
        return False
    if _is_mbox_by_name(path):
        return True
    return not path.suffix and is_separator(head.partition(b"\n")[0])


def _is_mbox_by_name(path: Path) -> bool:
    return path.name.lower() == "mbox" or path.suffix.lower() in _MBOX_SUFFIXES


def _is_in_maildir(folder: Path) -> bool:
    """Tell whether a folder is one of the three of a Maildir."""
    if folder.name not in {"cur", "new", "tmp"}:
        return False
    with contextlib.suppress(OSError):
        return all((folder.parent / beside).is_dir() for beside in ("cur", "new"))
    return False


def _kind(mode: int) -> str:
    if stat.S_ISLNK(mode):
        return "is a symbolic link, which is not followed"
    if stat.S_ISFIFO(mode):
        return "is a named pipe, not a file"
    if stat.S_ISSOCK(mode):
        return "is a socket, not a file"
    return "is a device, not a file"


def shown(path: Path) -> str:
    r"""Return a path as text that any output can hold, bytes that are no UTF-8 as ``\xNN``."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")

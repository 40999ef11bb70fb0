"""The messages of a result, byte for byte, in one ZIP file that is written while it is sent.

Names are ours: the entry's number, then plain letters and digits of the subject, so that no stranger's words choose where a
file goes or what opens it. ``messages.csv`` comes last and says which file is which message, and which could not be had.
"""

import io
import re
import unicodedata
import zipfile
from array import array
from collections.abc import Iterator
from datetime import UTC, datetime

from gateway.archive.archive import Archive
from gateway.archive.faults import Damaged
from gateway.evidence.sheet import csv_line
from gateway.results.plain import COLUMNS, cells
from gateway.results.result import rows_of
from gateway.store.engine import Store
from gateway.store.records import MessageRow

_PIECE = 1 << 18
_FIRST = datetime(1980, 1, 1, tzinfo=UTC)  # a ZIP knows no time before
_PAGE = 50
_SUBJECT_CHARS = 50
_OTHER = re.compile(r"[^a-z0-9]+")


class _Passing(io.RawIOBase):
    """What a ZIP file is written to: bytes on their way out, never to be gone back to."""

    def __init__(self) -> None:
        self.held = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: object, /) -> int:
        self.held += memoryview(data)  # type: ignore[arg-type]
        return len(memoryview(data))  # type: ignore[arg-type]

    def taken(self) -> bytes:
        data = bytes(self.held)
        self.held.clear()
        return data


def bundle(archive: Archive, store: Store, rows: Iterator[MessageRow]) -> Iterator[bytes]:
    """Yield a ZIP file of messages; the largest one, and eight bytes for each, are in memory."""
    out, written, lacking = _Passing(), array("q"), dict[int, str]()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file:
        for row in rows:
            written.append(row.seq)
            try:
                file.writestr(_member(name_of(row), row.occurred_at), archive.entry(row.seq).payload)
            except Damaged as wrong:
                lacking[row.seq] = str(wrong)
            if len(out.held) >= _PIECE:
                yield out.taken()
        with file.open(_member("messages.csv", _FIRST), "w") as table:
            table.write(b"\xef\xbb\xbf" + csv_line(("FILE", "LACKING", *COLUMNS)))
            for start in range(0, len(written), _PAGE):
                for row in rows_of(store, list(written[start : start + _PAGE])):
                    lack = lacking.get(row.seq, "")
                    table.write(csv_line(("" if lack else name_of(row), lack, *cells(row))))
                if len(out.held) >= _PIECE:
                    yield out.taken()
    yield out.taken()


def name_of(row: MessageRow) -> str:
    """Return a message's name in the ZIP file."""
    return f"{row.seq:08}{_plain(row.subject)}.eml"


def _plain(subject: str) -> str:
    r"""Return a subject as an end of a name: nothing in it but letters, digits and dashes.

    >>> _plain("Re: ../../etc/passwd\x00 Größe"), _plain("返品")
    ('-re-etc-passwd-grosse', '')
    """
    folded = unicodedata.normalize("NFKD", subject[:500].casefold())
    bare = _OTHER.sub("-", "".join(char for char in folded if not unicodedata.combining(char)))
    cut = bare.strip("-")[:_SUBJECT_CHARS].strip("-")
    return f"-{cut}" if cut else ""


def _member(name: str, at: datetime) -> zipfile.ZipInfo:
    told = at if 1980 <= at.year <= 2107 else _FIRST
    info = zipfile.ZipInfo(name, (told.year, told.month, told.day, told.hour, told.minute, told.second))
    info.compress_type = zipfile.ZIP_DEFLATED
    return info

"""A result as a file, piece by piece: a table, objects in lines, or the messages themselves in a ZIP file."""

from collections.abc import Iterator

import msgspec

from gateway.archive.archive import Archive
from gateway.evidence.recording import erased_since
from gateway.evidence.sheet import csv_line
from gateway.results.bundle import bundle
from gateway.results.plain import COLUMNS, cells, whole
from gateway.results.result import Form, Result
from gateway.store import fold
from gateway.store.engine import Store
from gateway.store.records import MessageRow

_BOM = b"\xef\xbb\xbf"  # a spreadsheet takes the table for UTF-8 then
_PIECE = 1 << 16


def pieces(archive: Archive, store: Store, result: Result, form: Form) -> Iterator[bytes]:
    """Yield the bytes of a file; what is in memory is a page of messages, however many there are.

    What was ordered to be erased before this was recorded is left out, also where the store has not read of it: the
    erasure's certificate does not name what was recorded after it.
    """
    with store.read() as conn:
        gone = erased_since(archive, fold.position(conn))
    rows = (row for row in result.rows(store) if row.seq not in gone)
    match form:
        case "csv":
            return _gathered(_table(rows))
        case "jsonl":
            return _gathered(msgspec.json.encode(whole(row)) + b"\n" for row in rows)
        case "eml-zip":
            return bundle(archive, store, rows)


def _table(rows: Iterator[MessageRow]) -> Iterator[bytes]:
    yield _BOM + csv_line(COLUMNS)
    yield from (csv_line(cells(row)) for row in rows)


def _gathered(lines: Iterator[bytes]) -> Iterator[bytes]:
    """Yield lines in pieces that are worth sending."""
    held = bytearray()
    for line in lines:
        held += line
        if len(held) >= _PIECE:
            yield bytes(held)
            held.clear()
    if held:
        yield bytes(held)

"""The tables of a pack: CSV that a spreadsheet shows and never runs, whatever strangers wrote into a subject."""

import csv
import io
from collections.abc import Sequence

LOAD_COLUMNS = (
    "DOCID",
    "PARENTID",
    "ENTRY",
    "DIRECTION",
    "FROM",
    "TO",
    "CC",
    "SUBJECT",
    "DATE",
    "DATERECEIVED",
    "MESSAGEID",
    "FILENAME",
    "SIZE",
    "SHA256",
    "NATIVEPATH",
    "ATTACHIDS",
)
CUSTODY_COLUMNS = ("ENTRY", "SEALED", "WHAT", "MESSAGE", "WHO", "DETAILS")
# What makes a spreadsheet take a cell for a formula or a command, also in the width that East Asian input has.
_ACTIVE = tuple("=+-@|%＝＋－＠｜％")
_BREAKS = dict.fromkeys((*range(32), 127, 133, 8232, 8233), " ")


def csv_line(cells: Sequence[object]) -> bytes:
    r"""Return one line of a table, every cell quoted (RFC 4180), none of them a formula and none with a line break.

    >>> csv_line(["=HYPERLINK(1)", "  @SUM(1)", 'a "b"\r\nc', 3])
    b'"\'=HYPERLINK(1)","\'  @SUM(1)","a ""b""  c","3"\r\n'
    """
    line = io.StringIO()
    csv.writer(line, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerow(
        [_cell(str(one)) for one in cells]
    )
    return line.getvalue().encode("utf-8", "replace")


def _cell(text: str) -> str:
    text = text.translate(_BREAKS)
    return f"'{text}" if text.lstrip().startswith(_ACTIVE) else text

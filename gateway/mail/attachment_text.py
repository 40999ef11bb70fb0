"""What attached files say, as text: PDF, Word, spreadsheets, OpenDocument, RTF, HTML and plain text. Pure.

The libraries that read them are written for honest files. So this runs in a child process with limits (gateway/extractor.py),
and whatever could be unpacked into something huge is looked at before it is unpacked.
"""

import html
import io
import re
import zipfile
from collections.abc import Iterator
from itertools import islice

import docx
import pypdfium2
from docx.table import Table
from python_calamine import CalamineWorkbook

from gateway.mail.charset import decode_text, label_of_html
from gateway.mail.rtf import text_of_rtf
from gateway.mail.text import text_of_html

CHARS_MAX = 200_000  # of one file
BYTES_MAX = 20 * 1024 * 1024  # a larger file is not read
_PLAIN_BYTES = 1024 * 1024
_PAGES_MAX = 50
_ROWS_MAX = 20_000
_SHEETS_MAX = 20
_UNPACKED_MAX = 64 * 1024 * 1024
_MEMBERS_MAX = 2_000
_RATIO_MAX = 200  # unpacked to packed, of a member that is large
_LARGE = 1024 * 1024
_TABLE_DEPTH = 3
_TAG = re.compile(r"<[^<>]{0,4000}>")
_PARAGRAPH = re.compile(r"</(?:text:p|text:h|a:p|table:table-row)>|<text:(?:line-break|tab)[^<>]{0,100}/>")
_SHEETS = (".xls", ".xlsb", ".xlsx", ".xlsm", ".ods")


class Unreadable(Exception):
    """A file that is not read; its words say why."""


def text_of_file(content: bytes, content_type: str, filename: str) -> str:
    """Return the text of a file, at most ``CHARS_MAX`` characters of it.

    Raises Unreadable, or whatever the library for its format raises.
    """
    if len(content) > BYTES_MAX:
        raise Unreadable(f"is larger than {BYTES_MAX} bytes")
    return _bounded(_pieces(content, content_type, filename.lower()))


def _pieces(content: bytes, content_type: str, name: str) -> Iterator[str]:
    if content.startswith(b"%PDF-"):
        return (text for text, _ in pages_of_pdf(content))
    if content.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _archive(content)
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        if name.endswith(".xls") or content_type == "application/vnd.ms-excel":
            return _sheets(content)
        raise Unreadable("is an old Office file of a kind that is not read")
    if content.startswith(b"{\\rtf"):
        return iter((text_of_rtf(content[:_PLAIN_BYTES]),))
    if content_type == "text/html" or name.endswith((".html", ".htm")):
        text = decode_text(content[:_PLAIN_BYTES], label_of_html(content))[0]
        return iter((text_of_html(text),))
    if content_type == "application/pdf" or name.endswith(_SHEETS) or b"\x00\x00\x00" in content[:4096]:
        raise Unreadable("is not what its name says")
    return iter((decode_text(content[:_PLAIN_BYTES], "")[0],))


def pages_of_pdf(content: bytes) -> Iterator[tuple[str, pypdfium2.PdfPage]]:
    """Yield the text of each page of a PDF, and the page, which is closed when the next one is asked for."""
    document = pypdfium2.PdfDocument(content)
    try:
        for number in range(min(len(document), _PAGES_MAX)):
            page = document[number]
            text = page.get_textpage()
            yield text.get_text_bounded(), page
            text.close()
            page.close()
    finally:
        document.close()


def _archive(content: bytes) -> Iterator[str]:
    """Read an Office or OpenDocument file, known by what it holds, if it is no bomb."""
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        members = packed.infolist()
        names = {member.filename for member in members}
        if len(members) > _MEMBERS_MAX or sum(member.file_size for member in members) > _UNPACKED_MAX:
            raise Unreadable("unpacks to more than is read")
        for member in members:
            if member.file_size > max(_LARGE, _RATIO_MAX * member.compress_size):
                raise Unreadable("unpacks to far more than its size")
        if "word/document.xml" in names:
            yield from _word(content)
        elif names & {"xl/workbook.xml", "xl/workbook.bin"}:
            yield from _sheets(content)
        elif "content.xml" in names:
            if b"spreadsheet" in _member(packed, "mimetype"):
                yield from _sheets(content)
            else:
                yield _stripped(_member(packed, "content.xml"))
        elif "ppt/presentation.xml" in names:
            for name in sorted(one for one in names if one.startswith("ppt/slides/slide")):
                yield _stripped(_member(packed, name))
        else:
            raise Unreadable("is an archive; archives are not unpacked")


def _member(packed: zipfile.ZipFile, name: str) -> bytes:
    with packed.open(name) as member:
        return member.read(_UNPACKED_MAX)


def _stripped(xml: bytes) -> str:
    text = _PARAGRAPH.sub("\n", xml.decode("utf-8", "replace"))
    return html.unescape(_TAG.sub("", text))


def _word(content: bytes) -> Iterator[str]:
    document = docx.Document(io.BytesIO(content))
    for section in islice(document.sections, 10):
        yield from (paragraph.text for paragraph in section.header.paragraphs)
        yield from (paragraph.text for paragraph in section.footer.paragraphs)
    for block in document.iter_inner_content():
        yield from _table(block, 0) if isinstance(block, Table) else (block.text,)


def _table(table: Table, depth: int) -> Iterator[str]:
    for row in table.rows:
        seen = list(dict.fromkeys(cell._tc for cell in row.cells))  # noqa: SLF001 - a merged cell comes once for each column
        cells = {cell._tc: cell for cell in row.cells}  # noqa: SLF001
        yield "\t".join(cells[one].text for one in seen)
        if depth < _TABLE_DEPTH:
            for one in seen:
                for inner in cells[one].tables:
                    yield from _table(inner, depth + 1)


def _sheets(content: bytes) -> Iterator[str]:
    workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
    for name in workbook.sheet_names[:_SHEETS_MAX]:
        sheet = workbook.get_sheet_by_name(name)
        for row in islice(sheet.iter_rows(), _ROWS_MAX):
            cells = [_cell(value) for value in row[:200]]
            if any(cells):
                yield "\t".join(cells)


def _cell(value: object) -> str:
    # A spreadsheet keeps every number as a fraction: an order number is to be read without its ".0".
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _bounded(pieces: Iterator[str]) -> str:
    kept: list[str] = []
    room = CHARS_MAX
    for piece in pieces:
        clean = piece.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")[:room]
        kept.append(clean)
        room -= len(clean) + 1
        if room <= 0:
            break
    return "\n".join(kept).strip()

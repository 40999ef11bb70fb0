"""An mbox file taken apart, one message in memory at a time (RFC 4155 and its older relatives).

Splitting: a line that begins with ``From `` is a separator at the start of the file, and after a blank line when it
bears a date (weekday and hh:mm) as the first one does. Where the first one bears none, the date is not asked for.
``Content-Length`` (mboxcl, mboxcl2) is not trusted for splitting: programs edit mail and leave it wrong.

What is undone, and nothing else: the separator line, the one blank line before the next separator or the end, and
one ``>`` of lines in the body that begin with ``>From ``, ``>>From `` and so on (mboxrd). The last only where the
file shows that its writer quoted: no line that begins with ``From `` stands unquoted in any body, as they do in
mboxcl2. In the older mboxo a sender's own ``>From `` cannot be told from a quoted ``From ``; it loses its ``>`` too,
and ``Piece.unquoted`` says how many lines did. Line ends stay as they are.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

_LINE_BYTES = 64 * 1024
_DATE = re.compile(rb"\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)\b.*\b\d{1,2}:\d\d\b")
_QUOTED = re.compile(rb">+From ")
_QUOTED_LINE = re.compile(rb"^>(?=>*From )", re.MULTILINE)
_BLANK = frozenset({b"\n", b"\r\n"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One message. ``raw`` is None when it is larger than allowed; ``separator`` is its ``From `` line."""

    number: int  # from 1, in the order of the file
    separator: bytes
    raw: bytes | None
    size_bytes: int
    unquoted: int = 0


def is_separator(line: bytes) -> bool:
    """Say whether a line is a dated separator, whatever stands before it.

    >>> is_separator(b"From anna@shop.example Sat Jan 31 12:00:00 2026")
    True
    >>> is_separator(b"From what I hear, it never came")
    False
    """
    return line.startswith(b"From ") and _DATE.search(line) is not None


def split_mbox(file: BinaryIO, *, message_bytes: int) -> Iterator[Piece]:
    """Yield the messages of a file opened for bytes, which is read twice. It must begin with a separator."""
    unquotes = _writer_quotes(file)
    file.seek(0)
    number, separator = 0, b""
    held, size = bytearray(), 0
    for line, opens in _lines(file):
        if opens:
            if number:
                yield _piece(number, separator, held, size, message_bytes, unquotes)
            number, separator = number + 1, line.rstrip(b"\r\n")
            held, size = bytearray(), 0
            continue
        size += len(line)
        if size <= message_bytes + 2:  # and the blank line that is no part of it
            held += line
    if number:
        yield _piece(number, separator, held, size, message_bytes, unquotes)


def _piece(
    number: int, separator: bytes, held: bytearray, size: int, message_bytes: int, unquotes: bool
) -> Piece:
    if size > len(held):
        return Piece(number=number, separator=separator, raw=None, size_bytes=size)
    raw = bytes(held)
    for end in (b"\r\n\r\n", b"\n\n"):
        if raw.endswith(end):
            raw = raw[: -len(end) // 2]
            break
    unquoted = 0
    if unquotes and b"From " in raw:
        start = _body_start(raw)
        body, unquoted = _QUOTED_LINE.subn(b"", raw[start:])
        raw = raw[:start] + body
    if len(raw) > message_bytes:
        return Piece(number=number, separator=separator, raw=None, size_bytes=len(raw))
    return Piece(number=number, separator=separator, raw=raw, size_bytes=len(raw), unquoted=unquoted)


def _body_start(raw: bytes) -> int:
    found = re.search(rb"\r?\n\r?\n", raw)
    return found.end() if found else len(raw)


def _writer_quotes(file: BinaryIO) -> bool:
    """Say whether bodies hold quoted ``From `` lines and no unquoted ones."""
    file.seek(0)
    quoted, in_body, whole = False, False, True
    for line, opens in _lines(file):
        if opens:
            in_body = False
        elif not in_body:
            in_body = line in _BLANK
        elif whole and line.startswith(b"From "):
            return False
        elif whole and _QUOTED.match(line):
            quoted = True
        whole = line.endswith(b"\n")
    return quoted


def _lines(file: BinaryIO) -> Iterator[tuple[bytes, bool]]:
    """Yield each line, long ones in parts, and whether it separates messages."""
    first = True
    dated = True
    after_blank, whole = True, True  # ``whole``: the part before ended its line
    while line := file.readline(_LINE_BYTES):
        opens = after_blank and line.startswith(b"From ") and (first or not dated or is_separator(line))
        if first:
            dated = is_separator(line)
            first = False
        yield line, opens
        after_blank = whole and line in _BLANK
        whole = line.endswith(b"\n")

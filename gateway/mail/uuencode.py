"""Files in uuencode, as a part's encoding or in the middle of a text, as mail programs once sent them."""

import binascii
import re
from collections.abc import Iterator

_BEGIN = re.compile(rb"^begin [0-7]{3,4} ([^\r\n]{1,255}?)[ \t]*\r?\n", re.MULTILINE)
# The line that ends a file, or the first that is none of its lines.
_END = re.compile(rb"^(?:(end)[ \t]*\r?(?:\n|\Z)|(?![ -`]{0,90}\r?\n))", re.MULTILINE)
_FILES_MAX = 100


def files_in(text: bytes | memoryview) -> Iterator[tuple[int, int, str, bytes]]:
    """Yield (start, end, name, content) of each whole file in a text; what does not end, or is no uuencode, stays text."""
    at = 0
    for _ in range(_FILES_MAX):
        begin = _BEGIN.search(text, at)
        if begin is None:
            return
        at = begin.end()
        end = _END.search(text, at)
        if end is None or not end[1]:
            continue
        content, wrong = decoded(bytes(text[at : end.end()]))
        if not wrong and content:
            yield begin.start(), end.end(), begin[1].decode("utf-8", "replace"), content
            at = end.end()


def uudecoded(raw: bytes) -> tuple[bytes, str]:
    """Return the file that a part in uuencode holds, and what was wrong with it."""
    begin = _BEGIN.search(raw)
    if begin is None:
        return raw, "uuencode without its first line, read as it stands"
    return decoded(raw[begin.end() :])


def decoded(lines: bytes) -> tuple[bytes, str]:
    """Return what lines of uuencode hold, up to the line that says "end"."""
    found = bytearray()
    for line in lines.splitlines():
        if line.strip() == b"end":
            break
        try:
            found += binascii.a2b_uu(line)
        except binascii.Error:
            wanted = (((line[0] - 32) & 63) * 4 + 5) // 3 if line else 0  # senders add a checksum letter
            try:
                found += binascii.a2b_uu(line[:wanted])
            except binascii.Error:
                return bytes(found), "uuencode is broken, read as far as it goes"
    return bytes(found), ""

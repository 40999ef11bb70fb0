"""Where a message's parts stand in its bytes: an attached message is handed out as it came, not written anew."""

import re

Region = tuple[int, int]
_HEADER_END = re.compile(rb"\n\r?\n")


def body_of(raw: bytes, region: Region) -> Region:
    """Return where an entity's body stands, behind the first empty line."""
    start, end = region
    if raw.startswith((b"\n", b"\r\n"), start):
        return raw.index(b"\n", start) + 1, end
    found = _HEADER_END.search(raw, start, end)
    return (found.end() if found else end), end


def parts_of(raw: bytes, region: Region, boundary: str) -> list[Region]:
    """Return where the parts of a multipart body stand, by its boundary alone (RFC 2046 section 5.1.1)."""
    mark = re.escape(boundary.encode("utf-8", "surrogateescape"))
    start, end = body_of(raw, region)
    parts: list[Region] = []
    opened = -1
    for match in re.compile(rb"^--" + mark + rb"(--)?[ \t]*\r?(?:\n|\Z)", re.MULTILINE).finditer(
        raw, start, end
    ):
        if opened >= 0:
            parts.append((opened, max(opened, _before_line(raw, match.start()))))
        opened = -1 if match[1] else match.end()
        if match[1]:
            break
    if opened >= 0:
        parts.append((opened, end))
    return parts


def _before_line(raw: bytes, at: int) -> int:
    """Step over the line end before a delimiter, which belongs to it."""
    if raw[at - 1 : at] == b"\n":
        at -= 1
        if raw[at - 1 : at] == b"\r":
            at -= 1
    return at

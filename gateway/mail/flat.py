"""Reading a message that nests too deep, or has too many parts, for a parser that follows it down: one pass, no stack.

Every line that is two dashes and a boundary declared anywhere ends a part. What stands between is a leaf with its own
header, however deep it was.
"""

import re
from collections.abc import Iterator
from email.message import Message
from email.parser import BytesHeaderParser

LEAVES_MAX = 1999
_BOUNDARY = re.compile(rb'boundary\s*=\s*(?:"([^"\r\n]{1,200})"|([^\s;"]{1,200}))', re.IGNORECASE)
_BOUNDARIES_MAX = 100_000
_DELIMITER = re.compile(rb"^--([^\r\n]{1,210})", re.MULTILINE)
_HEADER_END = re.compile(rb"\r?\n\r?\n")
_NESTED_MAX = 200


def boundaries_of(raw: bytes) -> set[bytes]:
    """Return the boundaries a message declares, wherever it does."""
    found: set[bytes] = set()
    for match in _BOUNDARY.finditer(raw):
        found.add(match[1] or match[2])
        if len(found) >= _BOUNDARIES_MAX:
            break
    return found


def delimiters_of(raw: bytes, boundaries: set[bytes]) -> Iterator[tuple[int, int]]:
    """Yield where the lines begin and end that a boundary makes a delimiter."""
    for match in _DELIMITER.finditer(raw):
        line = match[1].rstrip()
        if line in boundaries or line.removesuffix(b"--") in boundaries:
            yield match.start(), match.end()


def leaves_of(raw: bytes) -> list[Message]:
    """Return the parts that hold content, in order, each with its header; what is beyond 1,999 comes as one, undecoded."""
    leaves: list[Message] = []
    start = 0
    for at, end in delimiters_of(raw, boundaries_of(raw)):
        _close(raw[start:at], leaves)
        start = end
        if len(leaves) >= LEAVES_MAX:
            leaves.append(_leaf(b"", raw[start:]))
            return leaves
    _close(raw[start:], leaves)
    return leaves


def _close(block: bytes, leaves: list[Message]) -> None:
    for _ in range(_NESTED_MAX):  # one for each message that has no multipart around it
        header, body = _split(block)
        if not body.strip():
            return
        leaf = _leaf(header, body)
        kind = leaf.get_content_type()
        if (
            kind == "message/rfc822"
            and "base64" not in str(leaf.get("content-transfer-encoding", "")).lower()
        ):
            block = body
            continue
        if leaf.get_content_maintype() != "multipart" or body.count(b"\n") > 3:
            leaves.append(leaf)
        return
    leaves.append(_leaf(b"", block))


def _leaf(header: bytes, body: bytes) -> Message:
    leaf: Message = BytesHeaderParser().parsebytes(header)
    leaf.set_payload(body.decode("ascii", "surrogateescape"))
    return leaf


def _split(block: bytes) -> tuple[bytes, bytes]:
    block = block[1:] if block.startswith(b"\n") else block.removeprefix(b"\r\n")  # what ended the delimiter
    if block.startswith((b"\r\n", b"\n")):
        return b"", block.lstrip(b"\r\n")
    found = _HEADER_END.search(block)
    return (block, b"") if found is None else (block[: found.end()], block[found.end() :])

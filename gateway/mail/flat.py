"""Reading a message that nests too deep for a parser that follows it down: one pass over its lines, no stack.

Every line that begins with two dashes and a boundary declared so far ends a part. What stands between is a leaf with
its own header, however deep it was.
"""

import re
from email.message import Message
from email.parser import BytesHeaderParser

_BOUNDARY = re.compile(rb'boundary\s*=\s*(?:"([^"\r\n]{1,200})"|([^\s;"]{1,200}))', re.IGNORECASE)
_LEAVES_MAX = 2000


def leaves_of(raw: bytes) -> list[Message]:
    """Return the parts that hold content, in order, each with its header; at most 2,000."""
    leaves: list[Message] = []
    boundaries: set[bytes] = set()
    part: list[bytes] = []
    for line in raw.splitlines(keepends=True):
        if line.startswith(b"--") and line.rstrip()[2:].removesuffix(b"--") in boundaries:
            _close(part, leaves, boundaries)
            part = []
            if len(leaves) >= _LEAVES_MAX:
                break
            continue
        part.append(line)
        if b"oundary" in line or b"OUNDARY" in line:
            boundaries.update(quoted or bare for quoted, bare in _BOUNDARY.findall(line))
    _close(part, leaves, boundaries)
    return leaves


def _close(part: list[bytes], leaves: list[Message], boundaries: set[bytes]) -> None:
    block = b"".join(part)
    header, body = _split(block)
    message = BytesHeaderParser().parsebytes(header)
    if not body.strip() or message.get_content_maintype() == "multipart":
        return
    if message.get_content_type() == "message/rfc822":
        _close([body], leaves, boundaries)  # one level for each message that has no multipart around it
        return
    message.set_payload(body.decode("ascii", "surrogateescape"))
    leaves.append(message)


def _split(block: bytes) -> tuple[bytes, bytes]:
    found = re.search(rb"\r?\n\r?\n", block)
    if block.startswith((b"\r\n", b"\n")):
        return b"", block.lstrip(b"\r\n")
    return (block, b"") if found is None else (block[: found.end()], block[found.end() :])

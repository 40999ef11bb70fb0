"""Long bodies set aside while the MIME structure is read, so that a parser which reads line by line sees few lines.

A body of 64 KiB and more is replaced by one line that names it, and put back, byte for byte, when its part is decoded.
Inside it no line begins with two dashes, so it can hold no boundary; and it cannot be taken for a header block, for its
first line is none. Reading 50 MB of attachment costs then what its decoding costs.
"""

import re
from dataclasses import dataclass, field

_LONG_BYTES = 64 * 1024
_SEPARATORS_MAX = 20_000
_TRIES_MAX = 1000
_BLANK = re.compile(rb"\n\r?\n")
_HEADER_LIKE = re.compile(rb"From |[!-9;-~]*:|[\t \r\n]")  # email.feedparser's own idea of a header line


@dataclass(frozen=True, slots=True, kw_only=True)
class Cargo:
    """Bodies set aside; ``token`` stands in no body, since it is the hash of the whole message."""

    token: str
    bodies: list[memoryview] = field(default_factory=list)

    def restored(self, payload: str) -> bytes | memoryview:
        """Return a payload's bytes with the bodies that were set aside back in their places."""
        if not self.bodies or self.token not in payload:
            return payload.encode("utf-8", "surrogateescape")
        pieces = re.split(rf"{self.token}x([0-9]{{1,6}})x", payload)
        if len(pieces) == 3 and not pieces[0] and not pieces[2]:
            return self.bodies[int(pieces[1])]
        return b"".join(
            self.bodies[int(piece)] if number % 2 else piece.encode("utf-8", "surrogateescape")
            for number, piece in enumerate(pieces)
        )


def lightened(raw: bytes, sha256: str) -> tuple[bytes, Cargo]:
    """Return the message with its long bodies replaced, and the bodies."""
    cargo = Cargo(token=sha256)
    if len(raw) < _LONG_BYTES or raw.count(b"\n--") > _SEPARATORS_MAX:
        return raw, cargo
    view = memoryview(raw)
    light: list[bytes | memoryview] = []
    kept_to = start = 0
    while start < len(raw):
        separator = raw.find(b"\n--", start)
        end = separator if separator >= 0 else len(raw)
        if separator > 0 and raw[separator - 1 : separator] == b"\r":
            end -= 1
        body = _body(raw, start, end)
        if body is not None:
            light += (view[kept_to:body], f"{cargo.token}x{len(cargo.bodies)}x".encode())
            cargo.bodies.append(view[body:end])
            kept_to = end
        start = separator + 3 if separator >= 0 else len(raw)
    if not cargo.bodies:
        return raw, cargo
    light.append(view[kept_to:])
    return b"".join(light), cargo


def _body(raw: bytes, start: int, end: int) -> int | None:
    """Return where a long body begins between two places: after an empty line, with a line that is no header's."""
    at = start
    for _ in range(_TRIES_MAX):
        if end - at < _LONG_BYTES:
            return None
        blank = _BLANK.search(raw, at, end)
        if blank is None:
            return None
        at = blank.end()
        if end - at >= _LONG_BYTES and not _HEADER_LIKE.match(raw, at):
            return at
        at -= 1  # this empty line's end may begin the next one
    return None

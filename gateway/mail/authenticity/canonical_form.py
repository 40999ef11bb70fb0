"""What a signature is made over: header fields and body in canonical form (RFC 6376 section 3.4), in linear time."""

import hashlib
import re
from collections.abc import Iterable, Iterator

from gateway.mail.header_block import header_block_of

FIELDS_MAX = 2000
HEADER_BYTES_MAX = 512 * 1024
_MANY_ENDS = b"\r\n" * 1024
_SPACES = re.compile(rb"[ \t]+")


class Signed:
    """A message as signatures see it. Bodies and their hashes are made once, however many signatures there are."""

    def __init__(self, raw: bytes) -> None:
        block = header_block_of(raw)
        rest = block.rest
        self.fields = tuple((name, field) for name, field in block.fields if name)
        self._body = rest[2:] if rest.startswith(b"\r\n") else rest[1:] if rest.startswith(b"\n") else b""
        self.too_large = (
            len(block.fields) > FIELDS_MAX or len(raw) - len(rest) > HEADER_BYTES_MAX or _cut(rest)
        )
        if self.fields and not self.fields[0][1].endswith(b"\r\n"):
            # A message kept with bare line feeds, as files are: on the wire every line ended with CRLF.
            self.fields = tuple((name, _crlf(field)) for name, field in self.fields)
            self._body = _crlf(self._body)
        self._bodies: dict[str, bytes] = {}
        self._digests: dict[tuple[str, int | None], bytes] = {}

    def of(self, name: str) -> tuple[bytes, ...]:
        """Return all fields of a name, the topmost first."""
        return tuple(field for found, field in self.fields if found == name)

    def chosen(self, names: Iterable[str]) -> Iterator[bytes]:
        """Yield the fields that an ``h=`` list picks: of each name from the bottom up, nothing where none is left."""
        left: dict[str, list[bytes]] = {}
        for name, field in self.fields:
            left.setdefault(name, []).append(field)
        for name in names:
            if left.get(name):
                yield left[name].pop()

    def body_length(self, form: str) -> int:
        return len(self._canonical(form))

    def body_digest(self, form: str, length: int | None) -> bytes:
        """Return the SHA-256 of the canonical body, or of its first ``length`` bytes."""
        key = (form, length)
        if key not in self._digests:
            body = memoryview(self._canonical(form))
            self._digests[key] = hashlib.sha256(body if length is None else body[:length]).digest()
        return self._digests[key]

    def _canonical(self, form: str) -> bytes:
        if form not in self._bodies:
            self._bodies[form] = relaxed_body(self._body) if form == "relaxed" else simple_body(self._body)
        return self._bodies[form]


def header_form(field: bytes, form: str) -> bytes:
    r"""Return a header field, with its line end, in canonical form.

    >>> header_form(b"SubJect : a \r\n\t b \r\n", "relaxed")
    b'subject:a b\r\n'
    """
    if form != "relaxed":
        return field
    name, _, value = field.partition(b":")
    value = _SPACES.sub(b" ", value.replace(b"\r\n", b"")).strip(b" ")
    return name.strip(b" \t").lower() + b":" + value + b"\r\n"


def without_signature(field: bytes) -> bytes:
    r"""Return a signature field as it was signed: its ``b=`` empty, and no line end after it.

    >>> without_signature(b"DKIM-Signature: a=x; b=abc\r\n d; s=y\r\n")
    b'DKIM-Signature: a=x; b=; s=y'
    """
    name, _, value = field.partition(b":")
    specs = value.split(b";")
    for place, spec in enumerate(specs):
        tag, equals, _ = spec.partition(b"=")
        if equals and tag.strip() == b"b":
            specs[place] = tag + b"="
    return (name + b":" + b";".join(specs)).removesuffix(b"\r\n")


def simple_body(body: bytes) -> bytes:
    r"""Return a body with exactly one line end at its end.

    >>> simple_body(b""), simple_body(b"a \r\n\r\n")
    (b'\r\n', b'a \r\n')
    """
    end = len(body)
    for ends in (_MANY_ENDS, b"\r\n"):  # first in great steps: a body may be nothing else
        while body.endswith(ends, 0, end):
            end -= len(ends)
    return body[:end] + b"\r\n"


def relaxed_body(body: bytes) -> bytes:
    r"""Return a body with every run of blanks as one, none before a line end, and no empty lines at its end.

    >>> relaxed_body(b" \r\n"), relaxed_body(b"a \t b\t\r\n \r\n")
    (b'', b'a b\r\n')
    """
    # In two steps, each linear: a pattern of blanks before a line end is quadratic on a long run of blanks.
    body = _SPACES.sub(b" ", body).replace(b" \r\n", b"\r\n").removesuffix(b" ")
    body = simple_body(body)
    return b"" if body == b"\r\n" else body


def _crlf(text: bytes) -> bytes:
    return text.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def _cut(rest: bytes) -> bool:
    """Tell whether the header went on where reading it ended."""
    return bool(rest) and not rest.startswith((b"\r\n", b"\n"))

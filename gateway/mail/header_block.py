"""A message's header block as bytes: fields found and left as they are, never taken apart and put together again."""

import re
from dataclasses import dataclass

_FIELD = re.compile(rb"[!-9;-~]+[ \t]*:")
_POSTMARK = re.compile(
    rb">?From (?![ \t]*:)"
)  # "From : a@b" is a field, if an old one (RFC 5322 section 4.5)
_FIELDS_MAX = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderBlock:
    """``before`` is an mbox postmark line, if one stands there; each field keeps its folding and line end."""

    before: bytes
    fields: tuple[
        tuple[str, bytes], ...
    ]  # (lower-cased name, the whole field); "" for a line that is no field
    rest: bytes  # the empty line and the body, or nothing; all that is left where there are too many fields

    def joined(self) -> bytes:
        return self.before + b"".join(field for _, field in self.fields) + self.rest

    def values(self, name: str) -> list[bytes]:
        """Return the values of all fields of a name, unfolded."""
        return [
            re.sub(rb"\r?\n(?=[ \t])", b"", field.partition(b":")[2]).strip()
            for found, field in self.fields
            if found == name
        ]


def header_block_of(raw: bytes) -> HeaderBlock:
    """Find the header block, of 200,000 fields at most; ``header_block_of(raw).joined() == raw`` for any bytes."""
    at = 0
    if _POSTMARK.match(raw):
        at = raw.find(b"\n") + 1 or len(raw)
    before = raw[:at]
    fields: list[tuple[str, bytes]] = []
    while at < len(raw) and len(fields) < _FIELDS_MAX:
        if raw.startswith((b"\r\n", b"\n"), at):
            break
        start = at
        at = raw.find(b"\n", at) + 1 or len(raw)
        while at < len(raw) and raw[at] in b" \t":
            at = raw.find(b"\n", at) + 1 or len(raw)
        field = raw[start:at]
        name = _FIELD.match(field)
        if name is None:
            if not fields:
                at = start
                break  # no header at all: everything is body
            fields.append(("", field))
            continue
        fields.append((name[0][:-1].strip().lower().decode("ascii"), field))
    return HeaderBlock(before=before, fields=tuple(fields), rest=raw[at:])

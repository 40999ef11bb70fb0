"""What FETCH answers about one message: sizes, flags, envelope, structure and sections (RFC 3501 section 7.4.2)."""

import re
from collections.abc import Iterable
from email import message_from_bytes
from email.message import Message as Mail

from gateway.demo.imap_store import Message
from gateway.demo.imap_structure import body_of, children, crlf, envelope_of, structure_of
from gateway.demo.imap_syntax import BadSyntax, Value, as_list, as_text, nstring

_MACROS = {
    "FAST": ["FLAGS", "INTERNALDATE", "RFC822.SIZE"],
    "ALL": ["FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE"],
    "FULL": ["FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "BODY"],
}
_OLD_NAMES = {"RFC822": "BODY[]", "RFC822.HEADER": "BODY.PEEK[HEADER]", "RFC822.TEXT": "BODY[TEXT]"}
_SECTION = re.compile(
    r"^BODY(?P<peek>\.PEEK)?\[(?P<part>[\d.]*?)\.?(?P<what>HEADER\.FIELDS(?:\.NOT)?|HEADER|TEXT|MIME)?"
    r"(?: \((?P<fields>[^()]*)\))?\](?:<(?P<start>\d{1,10})\.(?P<count>\d{1,10})>)?$",
    re.IGNORECASE,
)


def fetch_names(value: Value) -> list[str]:
    """Return the data items that a FETCH asks for, macros spelled out."""
    names = [as_text(one) for one in as_list(value)]
    if len(names) == 1:
        names = _MACROS.get(names[0].upper(), names)
    return list(dict.fromkeys(names))


def reads_the_message(names: Iterable[str]) -> bool:
    """Tell whether a FETCH sets the Seen flag: it asks for a section without PEEK."""
    return any(re.match(r"(BODY\[|RFC822$|RFC822\.TEXT$)", name, re.IGNORECASE) for name in names)


def fetch_answer(message: Message, names: Iterable[str]) -> bytes:
    """Return the parenthesised answer for one message. Raises BadSyntax for an item that is not known."""
    return b"(" + b" ".join(_item(message, name) for name in names) + b")"


def _item(message: Message, name: str) -> bytes:
    key = name.upper()
    label = key.encode("latin-1", "replace")
    match key:
        case "UID":
            return b"UID %d" % message.uid
        case "FLAGS":
            return b"FLAGS (" + " ".join(sorted(message.flags)).encode() + b")"
        case "INTERNALDATE":
            return b'INTERNALDATE "%s"' % f"{message.at:%d-%b-%Y %H:%M:%S %z}".encode()
        case "RFC822.SIZE":
            return b"RFC822.SIZE %d" % len(message.raw)
        case "ENVELOPE":
            return b"ENVELOPE " + envelope_of(message_from_bytes(header_of(message.raw)))
        case "BODYSTRUCTURE" | "BODY":
            return (
                label + b" " + structure_of(message_from_bytes(message.raw), extended=key == "BODYSTRUCTURE")
            )
        case "RFC822" | "RFC822.HEADER" | "RFC822.TEXT":
            return label + b" " + nstring(_section(message.raw, _wanted(_OLD_NAMES[key])))
    found = _wanted(name)
    data = _section(message.raw, found)
    inner = name[name.index("[") : name.index("]") + 1]
    if found["start"] is not None:
        start = int(found["start"])
        data = None if data is None else data[start : start + int(found["count"] or 0)]
        return f"BODY{inner}<{start}> ".encode() + nstring(data)
    return f"BODY{inner} ".encode() + nstring(data)


def _wanted(name: str) -> re.Match[str]:
    match = _SECTION.match(name)
    if match is None:
        raise BadSyntax(f"FETCH knows no {name[:80]}")
    return match


def _section(raw: bytes, wanted: re.Match[str]) -> bytes | None:
    what = (wanted["what"] or "").upper()
    if wanted["part"]:
        part = _part(message_from_bytes(raw), [int(n) for n in wanted["part"].split(".") if n])
        if part is None:
            return None
        if what in {"MIME", "HEADER"} and part.get_content_maintype() != "message":
            return crlf(_fields_of(part))
        raw = body_of(part)
        if not what or (what == "TEXT" and part.get_content_maintype() != "message"):
            return raw
    if not what:
        return raw
    head = header_of(raw)
    if what == "TEXT":
        return raw[len(head) :]
    if wanted["fields"] is None:
        return head
    names = {name.strip('"').lower() for name in wanted["fields"].split()}
    return _only(head, names, keep=not what.endswith("NOT"))


def header_of(raw: bytes) -> bytes:
    end = re.search(rb"\r?\n\r?\n", raw)
    return raw[: end.end()] if end else raw


def _only(head: bytes, names: set[str], *, keep: bool) -> bytes:
    kept: list[bytes] = []
    taking = False
    for line in head.splitlines(keepends=True):
        if line.strip() == b"":
            break
        if line[:1] not in b" \t":
            taking = (line.partition(b":")[0].strip().lower().decode("latin-1") in names) is keep
        if taking:
            kept.append(line)
    return b"".join(kept) + b"\r\n"


def _part(mail: Mail, path: list[int]) -> Mail | None:
    """Return the part with that section number; a single-part message's only part is 1."""
    for number in path:
        if mail.get_content_type() == "message/rfc822":
            mail = next(iter(children(mail)), mail)
        inner = children(mail)
        if not inner:
            return mail if number == 1 else None
        if not 1 <= number <= len(inner):
            return None
        mail = inner[number - 1]
    return mail


def _fields_of(part: Mail) -> bytes:
    return "".join(f"{name}: {value}\n" for name, value in part.items()).encode("utf-8", "replace") + b"\n"

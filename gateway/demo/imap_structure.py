"""The shape of a message as IMAP describes it: ENVELOPE and BODYSTRUCTURE (RFC 3501 section 7.4.2)."""

import re
from email.message import Message as Mail
from email.utils import getaddresses

from gateway.demo.imap_syntax import nstring, quoted

_DEPTH = 20


def children(part: Mail) -> list[Mail]:
    """Return the parts inside a part: those of a multipart, or the one message of a message/rfc822."""
    inner = part.get_payload()
    return [one for one in inner if isinstance(one, Mail)] if isinstance(inner, list) else []


def body_of(part: Mail) -> bytes:
    """Return the bytes of a part as they travel, still encoded."""
    if part.is_multipart():
        return crlf(part.as_bytes().partition(b"\n\n")[2])
    encoded = str(part.get("Content-Transfer-Encoding", "")).strip().lower() in {"base64", "quoted-printable"}
    # Undecoded 8-bit text is given by the standard library only as "decoded" bytes.
    payload = part.get_payload() if encoded else part.get_payload(decode=True)
    return crlf(payload if isinstance(payload, bytes) else str(payload).encode("ascii", "replace"))


def crlf(data: bytes) -> bytes:
    return re.sub(rb"\r?\n", b"\r\n", data)


def envelope_of(mail: Mail) -> bytes:
    """Return the ENVELOPE of a message's header; what is missing is NIL."""

    def field(name: str) -> bytes | None:
        value = mail.get(name)
        return None if value is None else " ".join(str(value).split()).encode("utf-8", "replace")

    def people(name: str, *instead: str) -> bytes:
        values = next((found for key in (name, *instead) if (found := mail.get_all(key))), [])
        pairs = [pair for pair in getaddresses([str(value) for value in values]) if pair[1]]
        return b"(" + b"".join(_person(*pair) for pair in pairs) + b")" if pairs else b"NIL"

    parts = [
        nstring(field("Date")),
        nstring(field("Subject")),
        people("From"),
        people("Sender", "From"),
        people("Reply-To", "From"),
        people("To"),
        people("Cc"),
        people("Bcc"),
        nstring(field("In-Reply-To")),
        nstring(field("Message-ID")),
    ]
    return b"(" + b" ".join(parts) + b")"


def _person(name: str, address: str) -> bytes:
    local, _, domain = address.rpartition("@")
    words = (name.encode("utf-8", "replace") or None, None, (local or domain).encode(), domain.encode())
    return b"(" + b" ".join(map(nstring, words)) + b")"


def structure_of(part: Mail, *, extended: bool, depth: int = _DEPTH) -> bytes:
    """Return the BODYSTRUCTURE of a part; without ``extended`` it is what BODY answers."""
    main, sub = (quoted(word.upper().encode()) for word in part.get_content_type().split("/", 1))
    inner = children(part) if depth else []
    if part.get_content_maintype() == "multipart" and inner:
        parts = b"".join(structure_of(one, extended=extended, depth=depth - 1) for one in inner)
        more = b" " + _parameters(part, "Content-Type") + b" NIL NIL" if extended else b""
        return b"(" + parts + b" " + sub + more + b")"
    body = body_of(part)
    encoding = str(part.get("Content-Transfer-Encoding", "7bit")).upper().strip().encode("ascii", "replace")
    fields = [
        main,
        sub,
        _parameters(part, "Content-Type"),
        nstring(_word(part, "Content-ID")),
        b"NIL",
        quoted(encoding),
        b"%d" % len(body),
    ]
    if part.get_content_type() == "message/rfc822" and inner:
        fields += [envelope_of(inner[0]), structure_of(inner[0], extended=extended, depth=depth - 1)]
    if part.get_content_maintype() == "text" or part.get_content_type() == "message/rfc822":
        fields.append(b"%d" % body.count(b"\n"))
    if extended:
        fields += [b"NIL", _disposition(part), b"NIL"]
    return b"(" + b" ".join(fields) + b")"


def _disposition(part: Mail) -> bytes:
    word = part.get_content_disposition()
    if not word:
        return b"NIL"
    return b"(" + quoted(word.upper().encode()) + b" " + _parameters(part, "Content-Disposition") + b")"


def _word(part: Mail, name: str) -> bytes | None:
    value = part.get(name)
    return None if value is None else str(value).encode("utf-8", "replace")


def _parameters(part: Mail, name: str) -> bytes:
    pairs = part.get_params(failobj=[], header=name)[1:]
    words = [word if isinstance(word, str) else word[2] for pair in pairs for word in pair]
    return (
        b"(" + b" ".join(quoted(word.encode("utf-8", "replace")) for word in words) + b")"
        if words
        else b"NIL"
    )

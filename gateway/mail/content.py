"""A part's bytes: transfer encodings undone, with the mistakes senders make in them."""

import binascii
import re
from email.message import Message

from gateway.mail.cargo import Cargo
from gateway.mail.uuencode import uudecoded

_PLAIN = frozenset({"", "7bit", "8bit", "binary"})
_B64_JUNK = re.compile(rb"[^A-Za-z0-9+/]")
_B64_OTHER = re.compile(rb"[^A-Za-z0-9+/=\s]")
_B64_ONLY = re.compile(rb"[A-Za-z0-9+/=\s]+")
_B64_PIECE = re.compile(rb"[A-Za-z0-9+/\s]+=*")
_PADDING = re.compile(rb"=[=\s]*")
_PROSE = re.compile(rb"(?:\s*+[!-~]{1,30}+[ \t]){4}")  # words with blanks between them
_PIECES_MAX = 10_000

# What a file's first bytes say, before what its sender claims.
_MAGIC = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"\x1f\x8b", "application/gzip"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"MZ", "application/x-msdownload"),
    (b"\x7fELF", "application/x-executable"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (b"{\\rtf", "application/rtf"),
    (b"OggS", "application/ogg"),
    (b"ID3", "audio/mpeg"),
)
_HEIC = frozenset({b"ftypheic", b"ftypheix", b"ftypmif1"})
_OFFICE = (
    "application/vnd.openxmlformats-",
    "application/vnd.oasis.",
    "application/epub",
    "application/java-archive",
)
_OLE = ("application/msword", "application/vnd.ms-")


def encoding_of(part: Message) -> str:
    """Return a part's transfer encoding, lower-cased, without what senders put around it."""
    return str(part.get("content-transfer-encoding", "")).partition(";")[0].strip().strip("\"'").lower()


def payload_of(part: Message) -> str | list[object] | None:
    """Return a part's payload as the parser left it: get_payload() would decode 8-bit text by its label, with losses."""
    payload: str | list[object] | None = vars(part)["_payload"]
    return payload


def content_of(part: Message, cargo: Cargo) -> tuple[bytes | memoryview, str]:
    """Return a leaf part's bytes and what was wrong with their encoding, "" when nothing was. Never raises."""
    payload = payload_of(part)
    raw = cargo.restored(payload) if isinstance(payload, str) else b""
    encoding = encoding_of(part)
    plainly = re.sub(r"[^a-z0-9]", "", encoding)  # "7-bit", "quoted printable": known, and always meant
    if plainly.removesuffix("s") in _PLAIN:
        return raw, ""
    if plainly == "base64":
        return _base64(raw, is_text=part.get_content_maintype() in {"text", "multipart"})
    if plainly == "quotedprintable":
        return binascii.a2b_qp(raw), ""
    if plainly in {"xuuencode", "uuencode", "uue", "xuue"}:
        return uudecoded(bytes(raw))
    return raw, f"transfer encoding {encoding[:40]!r} is unknown, read as it stands"


def _base64(raw: bytes | memoryview, *, is_text: bool) -> tuple[bytes | memoryview, str]:
    padding = _PADDING.search(raw)
    end = padding.end() if padding else len(raw)
    rest = bytes(raw[end:]).strip(b"= \t\r\n")
    if is_text and _PROSE.match(raw):
        return raw, "is no base64, as it claims, and is read as it stands"
    first, wrong = _decoded(raw[:end])
    if not rest:
        return first, wrong
    if _B64_ONLY.fullmatch(
        rest
    ):  # several encodings one after the other: a decoder stops at the first padding
        return b"".join(
            [first, *(_decoded(piece)[0] for piece in _B64_PIECE.findall(rest)[:_PIECES_MAX])]
        ), "base64 goes on behind its end"
    return (first + b"\n" + rest if is_text else first), "text stands behind the end of base64"


def _decoded(raw: bytes | memoryview) -> tuple[bytes, str]:
    junk = _B64_OTHER.search(raw) is not None
    try:
        return binascii.a2b_base64(raw), "base64 holds other characters, which are left out" if junk else ""
    except binascii.Error:
        clean = _B64_JUNK.sub(b"", raw)
        whole = clean[: len(clean) - (len(clean) % 4 == 1)]
        return binascii.a2b_base64(
            whole + b"=" * (-len(whole) % 4)
        ), "base64 is broken, read as far as it goes"


def type_of(content: bytes | memoryview, claimed: str) -> str:
    """Return a file's true type: by its first bytes where they say, else as its sender claims."""
    content = bytes(content[:64])
    if content.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return claimed if claimed.startswith(_OFFICE) else "application/zip"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    if content[4:12] in _HEIC:
        return "image/heic"
    for start, kind in _MAGIC:
        if content.startswith(start):
            return claimed if kind == "application/x-ole-storage" and claimed.startswith(_OLE) else kind
    return claimed

"""A part's bytes: transfer encodings undone, with the mistakes senders make in them."""

import binascii
import re
from email.message import Message

_B64_JUNK = re.compile(rb"[^A-Za-z0-9+/]")
_UU_BEGIN = re.compile(rb"^begin [0-7]{3,4} .*$", re.MULTILINE)

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


def content_of(part: Message) -> tuple[bytes, str]:
    """Return a leaf part's bytes and what was wrong with their encoding, "" when nothing was. Never raises."""
    payload = part.get_payload()
    if isinstance(payload, list):
        return b"", ""
    raw = payload.encode("utf-8", "surrogateescape") if isinstance(payload, str) else b""
    encoding = str(part.get("content-transfer-encoding", "")).partition(";")[0].strip().strip("\"'").lower()
    if encoding == "base64":
        return _base64(raw)
    if encoding == "quoted-printable":
        return binascii.a2b_qp(raw), ""
    if encoding in {"x-uuencode", "uuencode", "uue", "x-uue"}:
        return _uuencoded(raw)
    known = {"", "7bit", "8bit", "binary"}
    return (
        raw,
        "" if encoding in known else f"transfer encoding {encoding[:40]!r} is unknown, read as it stands",
    )


def _base64(raw: bytes) -> tuple[bytes, str]:
    try:
        return binascii.a2b_base64(raw), _after_end(raw)
    except binascii.Error:
        clean = _B64_JUNK.sub(b"", raw)
        whole = clean[: len(clean) - (len(clean) % 4 == 1)]
        return binascii.a2b_base64(
            whole + b"=" * (-len(whole) % 4)
        ), "base64 is broken, read as far as it goes"


def _after_end(raw: bytes) -> str:
    """Say whether text stands behind the padding: a decoder that stops there has not seen it."""
    end = raw.find(b"=")
    return "text stands behind the end of base64" if end >= 0 and raw[end:].strip(b"= \t\r\n") else ""


def _uuencoded(raw: bytes) -> tuple[bytes, str]:
    begin = _UU_BEGIN.search(raw)
    if begin is None:
        return raw, "uuencode without its first line, read as it stands"
    found = bytearray()
    for line in raw[begin.end() :].splitlines():
        if line.strip() == b"end":
            break
        try:
            found += binascii.a2b_uu(line)
        except binascii.Error:
            wanted = (((line[0] - 32) & 63) * 4 + 5) // 3 if line else 0
            try:
                found += binascii.a2b_uu(line[:wanted])
            except binascii.Error:
                return bytes(found), "uuencode is broken, read as far as it goes"
    return bytes(found), ""


def type_of(content: bytes, claimed: str) -> str:
    """Return a file's true type: by its first bytes where they say, else as its sender claims."""
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

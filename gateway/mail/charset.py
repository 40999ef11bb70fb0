"""Bytes to text, whatever the label says: the labels senders write are often wrong in known ways."""

import codecs
import re
from functools import lru_cache

# Labels that mean more than they say (https://encoding.spec.whatwg.org/#names-and-labels), and common misspellings.
_WIDER = {
    "ascii": "us-ascii",
    "ansi_x3.4-1968": "us-ascii",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "gb_2312-80": "gb18030",
    "hz-gb-2312": "hz",
    "ks_c_5601-1987": "cp949",
    "ks_c_5601": "cp949",
    "euc-kr": "cp949",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "x-sjis": "cp932",
    "sjis": "cp932",
    "iso-2022-jp": "iso2022_jp_ext",
    "csiso2022jp": "iso2022_jp_ext",
    "windows-31j": "cp932",
    "ms_kanji": "cp932",
    "big5": "big5hkscs",
    "cn-big5": "big5hkscs",
    "iso-8859-9": "cp1254",
    "iso-8859-11": "cp874",
    "tis-620": "cp874",
    "windows-874": "cp874",
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "iso-8859-8-i": "iso-8859-8",
    "unicode-1-1-utf-7": "utf-7",
    "utf8": "utf-8",
    "x-unknown": "",
    "unknown": "",
    "unknown-8bit": "",
    "default": "",
    "8bit": "",
    "binary": "",
}
_NEVER_CHARSETS = frozenset(
    {
        "idna",
        "punycode",
        "undefined",
        "unicode_escape",
        "raw_unicode_escape",
        "unicode-escape",
        "raw-unicode-escape",
    }
)
_META = re.compile(rb"(?i)<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]{1,40})")
_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_ISO_2022_JP_MARKS = (b"\x1b$B", b"\x1b$@", b"\x1b(J")


def decode_text(content: bytes, label: str) -> tuple[str, str]:
    """Return the text and what was wrong with its label, "" when nothing was. Never raises, never drops a byte.

    >>> decode_text("Größe".encode("cp1252"), "us-ascii")
    ('Größe', 'us-ascii text holds 8-bit bytes, read as windows-1252')
    """
    label = label.strip().strip("'\"").lower().removeprefix("charset=")
    name = _codec(_WIDER.get(label, label))
    if name in {"ascii", ""}:
        return _unlabelled(content, label)
    try:
        return content.decode(name), ""
    except (UnicodeError, ValueError):
        pass
    if name.startswith("iso2022_jp") and content.isascii():
        return _iso_2022_jp(content), ""
    text, read_as = _guess(content)
    if name != "utf-8" and read_as == "utf-8":
        return text, f"{label} is wrong, read as utf-8"
    if name == "cp1252":
        # The five bytes that windows-1252 leaves open; every other one is right.
        return content.decode(
            "cp1252", "backslashreplace"
        ), f"{label} text holds bytes that mean nothing in it"
    if name == "utf-8":
        broken = content.decode("utf-8", "replace")
        if broken.count("\ufffd") * 8 > len(content):
            return text, f"utf-8 is wrong, read as {read_as}"
        return broken, "utf-8 text holds bytes that are not"
    return content.decode(name, "backslashreplace"), f"{label} text holds bytes that mean nothing in it"


def label_of_html(content: bytes | memoryview) -> str:
    """Return the charset that an HTML document states itself, "" for none."""
    start = bytes(content[:4096])
    bom = next((name for mark, name in _BOMS if start.startswith(mark)), "")
    stated = _META.search(start)
    return bom or (stated[1].decode("ascii", "replace") if stated else "")


def _iso_2022_jp(content: bytes) -> str:
    """Return ISO-2022-JP with the vendors' characters that mail is full of (circled digits, "Co., Ltd." in one sign)."""
    pieces = re.split(rb"(\x1b(?:\$[@B]|\([BJI]))", content)
    text, double, kana = "", False, False
    for piece in pieces:
        if piece.startswith(b"\x1b") and len(piece) == 3:
            double, kana = piece[1:2] == b"$", piece == b"\x1b(I"
        elif double or kana:
            high = bytes(byte | 0x80 for byte in piece)
            text += high.decode("euc_jis_2004" if double else "cp932", "backslashreplace")
        else:
            text += piece.decode("ascii", "backslashreplace")
    return text


def _unlabelled(content: bytes, label: str) -> tuple[str, str]:
    if content.isascii():
        if b"\x1b" in content and any(mark in content for mark in _ISO_2022_JP_MARKS):
            try:
                return content.decode("iso2022_jp_ext"), "text without a label, read as iso-2022-jp"
            except UnicodeError:
                pass
        return content.decode("ascii"), ""
    text, read_as = _guess(content)
    if label in {"", "us-ascii", "ascii", "ansi_x3.4-1968"}:
        wrong = f"{label or 'unlabelled'} text holds 8-bit bytes"
    else:
        wrong = f"charset {label!r} is unknown"
    return text, f"{wrong}, read as {'windows-1252' if read_as == 'cp1252' else read_as}"


def _guess(content: bytes) -> tuple[str, str]:
    try:
        return content.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        return content.decode("cp1252", "backslashreplace"), "cp1252"


@lru_cache(maxsize=256)
def _codec(label: str) -> str:
    """Return Python's name of a text codec, "" for one it has not: rot13 and zlib are codecs too, and never charsets."""
    if not label or len(label) > 40 or not label.isascii() or "\0" in label:
        return ""
    try:
        found = codecs.lookup(label)
        "".encode(found.name)  # LookupError for one that is no text codec
    except (LookupError, ValueError):
        return ""
    return "" if found.name in _NEVER_CHARSETS else found.name

"""Bytes to text, whatever the label says: the labels senders write are often wrong in known ways."""

import codecs
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
    if not label or len(label) > 40:
        return ""
    try:
        found = codecs.lookup(label)
    except (LookupError, ValueError):
        return ""
    return (
        found.name
        if found._is_text_encoding
        and found.name
        not in {
            "idna",
            "punycode",
            "undefined",
            "unicode_escape",
            "raw_unicode_escape",
            "unicode-escape",
            "raw-unicode-escape",
        }
        else ""
    )  # noqa: SLF001

"""Header fields: decoded words (RFC 2047), parameters (RFC 2231), raw UTF-8 (RFC 6532), ids, dates."""

import binascii
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import unquote_to_bytes

from gateway.mail.charset import decode_text

_WORD = re.compile(r"=\?([^?\s]{1,70})\?([bBqQ])\?([^?]{0,100000})\?=")
FOLD = re.compile(r"\r?\n(?=[ \t])|[\r\n]+")
_ID = re.compile(r"<\s*([^<>\s]{1,998})\s*>")
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_VALUE_MAX = 100_000
_IDS_MAX = 1000
_LEAP_SECOND = re.compile(
    r"(?<=:[0-5]\d):60\b"
)  # a second that RFC 5322 section 3.3 knows and datetime does not


def decode_field(value: str) -> str:
    """Return a field's value unfolded and decoded; ``value`` has its 8-bit bytes as surrogates, as email gives them.

    >>> decode_field("=?utf-8?B?w6k=?= =?utf-8?q?t=C3=A9?=")
    'été'
    """
    value = value[:_VALUE_MAX]
    if value.isascii() and value.isprintable() and "=?" not in value:
        return value.strip()
    value = FOLD.sub("", value)
    if not value.isascii():
        value = decode_text(value.encode("utf-8", "surrogateescape"), "")[0]
    if "=?" in value:
        value = _words(value)
    return CONTROL.sub("", value).strip()


def _words(value: str) -> str:
    """Decode encoded words; neighbours of one charset are joined as bytes first, since senders split characters."""
    pieces: list[str] = []
    pending, charset, last = b"", "", 0
    for word in _WORD.finditer(value):
        between = value[last : word.start()]
        content = _word_bytes(word[2], word[3])
        name = word[1].partition("*")[0].lower()  # RFC 2231 section 5: a language may follow
        if pending and (between.strip() or name != charset):
            pieces.append(decode_text(pending, charset)[0])
            pending = b""
        if between.strip() or (last == 0 and between):
            pieces.append(between)
        pending, charset, last = pending + content, name, word.end()
    if pending:
        pieces.append(decode_text(pending, charset)[0])
    pieces.append(value[last:])
    return "".join(pieces)


def _word_bytes(encoding: str, text: str) -> bytes:
    if encoding in "bB":
        clean = re.sub(r"[^A-Za-z0-9+/]", "", text)
        return binascii.a2b_base64(clean[: len(clean) - (len(clean) % 4 == 1)] + "=" * (-len(clean) % 4))
    return binascii.a2b_qp(text.encode("utf-8", "surrogateescape"), header=True)


def ids(values: list[str]) -> tuple[str, ...]:
    """Return message ids without their brackets, in order, each once; a bare one without brackets counts too."""
    found: dict[str, None] = {}
    for value in values:
        flat = FOLD.sub("", value[:_VALUE_MAX])
        marked = _ID.findall(flat)
        for one in marked or [word for word in flat.split() if "@" in word]:
            found.setdefault(decode_text(one.encode("utf-8", "surrogateescape"), "")[0], None)
            if len(found) == _IDS_MAX:
                return tuple(found)
    return tuple(found)


def date(value: str) -> datetime | None:
    """Return a date field's moment in UTC, None where it is none; "-0000" and no zone count as UTC (RFC 5322 3.3)."""
    try:
        at = parsedate_to_datetime(_LEAP_SECOND.sub(":59", FOLD.sub("", value[:200])))
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None


def parameters(value: str) -> dict[str, str]:
    """Return the parameters of a Content-Type or Content-Disposition, with RFC 2231 continuations and charsets decoded."""
    flat = FOLD.sub("", value[:_VALUE_MAX])
    plain: dict[str, str] = {}
    parts: dict[str, dict[int, tuple[bool, str]]] = {}
    for name, quoted, bare in re.findall(
        r';\s*([^\s=;"]{1,80})\s*=\s*(?:"((?:[^"\\]|\\.)*)"?|([^;]*))', flat
    )[:200]:
        text = re.sub(r"\\(.)", r"\1", quoted) if quoted else bare.strip()
        key, star, rest = name.lower().partition("*")
        if not star:
            plain.setdefault(key, text)
            continue
        number, encoded = rest.rstrip("*"), rest.endswith("*") or not rest
        parts.setdefault(key, {})[int(number) if number.isdecimal() and len(number) < 5 else 0] = (
            encoded,
            text,
        )
    for key, numbered in parts.items():
        plain[key] = _joined([numbered[number] for number in sorted(numbered)])
    return {key: decode_field(text) for key, text in plain.items()}


def _joined(pieces: list[tuple[bool, str]]) -> str:
    charset, content = "", b""
    for number, (encoded, piece) in enumerate(pieces):
        text = piece
        if encoded and number == 0 and piece.count("'") >= 2:
            charset, _, text = piece.split("'", 2)
        raw = text.encode("utf-8", "surrogateescape")
        content += unquote_to_bytes(raw) if encoded else raw
    return decode_text(content, charset or "utf-8")[0]

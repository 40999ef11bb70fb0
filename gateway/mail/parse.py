"""What a message says: mail-parser reads the MIME tree, and what it loses is mended here and beside here.

mail-parser gives up nothing silently that we know of once its text decoding is ours (``charset``), its encodings are
(``content``), and what nests too deep for it is read flat (``flat``). Never raises; what could not be read is a defect.
"""

import hashlib
import logging
import re
from collections.abc import Iterator
from email.message import Message

from mailparser import MailParser
from mailparser.exceptions import MailParserRecursionError

from gateway.errors import Permanent
from gateway.mail import fields
from gateway.mail.charset import decode_text
from gateway.mail.content import content_of, type_of
from gateway.mail.flat import leaves_of
from gateway.mail.message import Attachment, ParsedMail
from gateway.mail.text import read_html

logging.getLogger("mailparser").setLevel(logging.ERROR)  # it logs strangers' headers

_HEADERS_MAX = 5000
_HEADER_BYTES = 4 * 1024 * 1024
_PARTS_MAX = 2000
_TEXT_MAX = 10_000_000
_DEFECTS_MAX = 100
_UNSAFE_NAME = re.compile(r"[\x00-\x1f\x7f/\\:*?\"<>|\u202a-\u202e\u2066-\u2069]+")


class _Mail(MailParser):  # type: ignore[misc]  # the package has no types
    """mail-parser without the dictionaries nobody asks for."""

    def _make_mail(self, complete: bool = True) -> dict[str, object]:  # noqa: ARG002 - mail-parser's signature
        return {}

    def _decode_body_payload(self, part: Message, charset: str, number: int) -> str:  # noqa: ARG002 - mail-parser's
        return ""  # texts are taken from the tree, where their place in it is known


class _Found:
    """What a walk over the tree brings together."""

    def __init__(self) -> None:
        self.plain: list[str] = []
        self.html: list[str] = []
        self.attachments: list[Attachment] = []
        self.defects: dict[str, None] = {}

    def defect(self, words: str, section: str = "") -> None:
        if words and len(self.defects) < _DEFECTS_MAX:
            self.defects.setdefault(f"part {section}: {words}" if section else words)


def parse(raw: bytes) -> ParsedMail:
    """Read one message, whatever its bytes are."""
    found = _Found()
    message, leaves = _tree(raw, found)
    for section, part in leaves:
        if len(found.plain) + len(found.html) + len(found.attachments) >= _PARTS_MAX:
            found.defect(f"more than {_PARTS_MAX} parts; the rest is not read")
            break
        _take(section, part, found)
    texts: list[str] = []
    links: tuple[str, ...] = ()
    html = found.html[0] if found.html else ""
    if found.plain:
        texts = found.plain
        links = read_html(html)[1] if html else ()
    elif found.html:
        read = [read_html(one) for one in found.html]
        texts = [text for text, _ in read]
        links = tuple(dict.fromkeys(link for _, some in read for link in some))
    return _mail(raw, message, found, text="\n\n".join(texts)[:_TEXT_MAX], html=html, links=links)


def attachment(raw: bytes, part: str) -> bytes:
    """Return the decoded bytes of the part with that section number; raises Permanent where there is none."""
    _, leaves = _tree(raw, _Found())
    for section, leaf in leaves:
        if section == part:
            return _bytes_of(leaf)[0]
    raise Permanent(f"this message has no part {part}")


def _tree(raw: bytes, found: _Found) -> tuple[Message, Iterator[tuple[str, Message]]]:
    """Return the message and its leaves with their section numbers."""
    if raw[:5] == b"From ":
        found.defect("begins with an mbox postmark line")
    cut = _bounded(raw, found)
    try:
        mail = _Mail.from_bytes(cut)
        message = mail.message
        for place in mail.defects:
            for names in place.values():
                for name in names:
                    found.defect(_words(str(name)))
        return message, _walk(message, "")
    except (MailParserRecursionError, RecursionError):
        found.defect("nests too deep; its parts are read one after the other")
    except Exception as wrong:  # a parser's fault must not lose a mail: the flat reader needs none of it
        found.defect(f"the parser failed ({type(wrong).__name__}); its parts are read one after the other")
    leaves = leaves_of(cut)
    header = Message()
    if leaves:
        from email.parser import BytesHeaderParser

        header = BytesHeaderParser().parsebytes(cut[:_HEADER_BYTES])
    return header, ((str(number), leaf) for number, leaf in enumerate(leaves, 1))


def _bounded(raw: bytes, found: _Found) -> bytes:
    """Cut a header that is out of all proportion; the body stays whole."""
    end = min((at for mark in (b"\r\n\r\n", b"\n\n") if (at := raw.find(mark)) >= 0), default=len(raw))
    if end <= _HEADER_BYTES and raw.count(b"\n", 0, end) <= _HEADERS_MAX:
        return raw
    found.defect("the header is out of all proportion; only its beginning is read")
    lines = raw[: min(end, _HEADER_BYTES)].split(b"\n")[:_HEADERS_MAX]
    return b"\n".join(lines) + raw[end:]


def _walk(message: Message, prefix: str) -> Iterator[tuple[str, Message]]:
    """Yield the leaves with section numbers as IMAP counts them (RFC 3501 section 6.4.5)."""
    stack: list[tuple[str, Message]] = [(prefix, message)]
    while stack:
        section, part = stack.pop()
        payload = part.get_payload()
        if isinstance(payload, list):
            inner = [one for one in payload if isinstance(one, Message)]
            if part.get_content_type() == "message/rfc822":
                stack.extend((section or "1", one) for one in inner)
                yield section or "1", part
            else:
                base = f"{section}." if section else ""
                stack.extend(reversed([(f"{base}{number}", one) for number, one in enumerate(inner, 1)]))
        else:
            yield section or "1", part


def _bytes_of(part: Message) -> tuple[bytes, str]:
    payload = part.get_payload()
    if isinstance(payload, list):
        inner = payload[0] if payload and isinstance(payload[0], Message) else None
        try:
            return (inner.as_bytes(), "") if inner is not None else (b"", "")
        except (ValueError, LookupError, UnicodeError, RecursionError, AttributeError, TypeError):
            return b"", "an attached message cannot be written out again"
    return content_of(part)


def _take(section: str, part: Message, found: _Found) -> None:
    """Sort one leaf into text, HTML or attachment."""
    type_field = str(part.get("content-type", ""))
    claimed = part.get_content_type()
    given = fields.parameters(type_field) if type_field else {}
    disposition = str(part.get("content-disposition", ""))
    told = fields.parameters(disposition) if disposition else {}
    kind = disposition.partition(";")[0].strip().lower()
    filename = told.get("filename") or given.get("name") or ""
    content, wrong = _bytes_of(part)
    found.defect(wrong, section)
    is_text = (
        claimed in {"text/plain", "text/html"}
        and kind != "attachment"
        and not (filename and kind != "inline")
    )
    if is_text or (
        claimed.startswith("text/") and not filename and kind != "attachment" and claimed != "text/calendar"
    ):
        text, odd = decode_text(content, given.get("charset", ""))
        found.defect(odd, section)
        (found.html if claimed == "text/html" else found.plain).append(
            text.replace("\r\n", "\n").replace("\r", "\n")
        )
        if not filename:
            return
    if claimed == "message/rfc822" and isinstance(part.get_payload(), list):
        filename = filename or "message.eml"
    if not content and not filename and not isinstance(part.get_payload(), list):
        return
    clean = _UNSAFE_NAME.sub("_", filename).strip(" .")[:255]
    if clean != filename.strip(" ."):
        found.defect("a file name holds characters that no file name should", section)
    found.attachments.append(
        Attachment(
            part=section,
            filename=clean,
            content_type=claimed if claimed == "message/rfc822" else type_of(content, claimed),
            size_bytes=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
            content_id=str(part.get("content-id", "")).strip().strip("<>"),
            inline=kind == "inline" or ("content-id" in part and kind != "attachment"),
        )
    )


def _mail(
    raw: bytes, message: Message, found: _Found, *, text: str, html: str, links: tuple[str, ...]
) -> ParsedMail:
    by_name: dict[str, list[str]] = {}
    headers = []
    for name, value in message.raw_items():
        flat = str(value)
        by_name.setdefault(name.lower(), []).append(flat)
        headers.append(
            (name.encode("utf-8", "surrogateescape").decode("utf-8", "replace"), fields.decode_field(flat))
        )
    for name in ("from", "subject", "date", "message-id", "to"):
        if len(by_name.get(name, ())) > 1:
            found.defect(f"{len(by_name[name])} {name} fields; the first is shown")
    if "from" not in by_name:
        found.defect("no From field")
    dated = by_name.get("date", [""])[0]
    at = fields.date(dated) if dated else None
    if dated and at is None:
        found.defect("its Date field is no date")
    traces = (fields.date(one.rpartition(";")[2].strip()) for one in by_name.get("received", [])[:20])
    return ParsedMail(
        sha256=hashlib.sha256(raw).hexdigest(),
        size_bytes=len(raw),
        subject=fields.decode_field(by_name.get("subject", [""])[0]),
        date=at,
        received_trace=next((one for one in traces if one is not None), None),
        message_id=next(iter(fields.ids(by_name.get("message-id", [])[:1])), ""),
        in_reply_to=fields.ids(by_name.get("in-reply-to", [])),
        references=fields.ids(by_name.get("references", [])),
        from_=fields.addresses(by_name.get("from", [])[:1]),
        to=fields.addresses(by_name.get("to", [])),
        cc=fields.addresses(by_name.get("cc", [])),
        reply_to=fields.addresses(by_name.get("reply-to", [])),
        headers=tuple(headers),
        text=text,
        html=html,
        links=links,
        attachments=tuple(found.attachments),
        defects=tuple(found.defects),
    )


def _words(defect: str) -> str:
    """Return mail-parser's name of a defect as words: "StartBoundaryNotFoundDefect: ..." is no sentence."""
    name = defect.partition(":")[0].removesuffix("Defect")
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()

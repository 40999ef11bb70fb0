"""What a message says: its tree's leaves sorted into text, HTML and attachments, and its header read.

Never raises; what could not be read is a defect in plain words.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message

from gateway.errors import Permanent
from gateway.mail import fields
from gateway.mail.addresses import addresses
from gateway.mail.charset import decode_text, label_of_html
from gateway.mail.content import type_of
from gateway.mail.header_block import header_block_of
from gateway.mail.message import Attachment, ParsedMail
from gateway.mail.stamp import OURS
from gateway.mail.text import links_of_html, text_of_html, unflowed
from gateway.mail.tree import Leaf, tree_of
from gateway.mail.uuencode import files_in

_PARTS_MAX = 2000
_TEXT_MAX = 10_000_000
_DEFECTS_MAX = 100
_LABEL_BYTES = 64 * 1024  # of an attached message's header, for the lines that say whose it is
_LABEL = ("From", "To", "Date", "Subject")
_UNSAFE_NAME = re.compile(r"[\x00-\x1f\x7f/\\:*?\"<>|\u200e\u200f\u202a-\u202e\u2066-\u2069]+")


@dataclass(slots=True, kw_only=True)
class _Text:
    """A leaf that is read: its place among alternatives, and what it says."""

    html: bool
    alternative: str
    text: str


class _Found:
    """What a walk over the tree brings together."""

    def __init__(self) -> None:
        self.texts: list[_Text] = []
        self.room = _TEXT_MAX
        self.attachments: list[Attachment] = []
        self.attached_ids: dict[str, None] = {}
        self.defects: dict[str, None] = {}

    def defect(self, words: str, section: str = "") -> None:
        if words and len(self.defects) < _DEFECTS_MAX:
            self.defects.setdefault(f"part {section}: {words}" if section else words)


def parse(raw: bytes) -> ParsedMail:
    """Read one message, whatever its bytes are."""
    found = _Found()
    sha256 = hashlib.sha256(raw).hexdigest()
    message, leaves = tree_of(raw, sha256, found.defect)
    for number, leaf in enumerate(leaves):
        if number >= _PARTS_MAX:
            found.defect(f"more than {_PARTS_MAX} parts; the rest is not read")
            break
        _take(leaf, found)
    said = {one.alternative for one in found.texts if not one.html and one.text.strip()}
    texts: list[str] = []
    links: dict[str, None] = {}
    html = ""
    for one in found.texts:
        if not one.html:
            texts.append(one.text)
            continue
        html = html or one.text
        links.update(dict.fromkeys(links_of_html(one.text)))
        if not (one.alternative and one.alternative in said):
            texts.append(text_of_html(one.text))
    text = "\n\n".join(one for one in texts if one.strip())[:_TEXT_MAX]
    return _mail(raw, sha256, message, found, text=text, html=html, links=tuple(links))


def attachment(raw: bytes, part: str) -> bytes:
    """Return the decoded bytes of the part with that section number; raises Permanent where there is none."""
    _, leaves = tree_of(raw, hashlib.sha256(raw).hexdigest(), lambda _: None)
    for leaf in leaves:
        if leaf.section == part and not leaf.loose:
            return bytes(leaf.content()[0])
        if part.startswith(f"{leaf.section}.u") and not leaf.loose:
            for number, (_, _, _, content) in enumerate(files_in(leaf.content()[0]), 1):
                if part == f"{leaf.section}.u{number}":
                    return content
    raise Permanent(f"this message has no part {part}")


def attachments_of(raw: bytes, parts: frozenset[str]) -> Iterator[tuple[str, bytes]]:
    """Yield the decoded bytes of some parts, in one walk over the message."""
    _, leaves = tree_of(raw, hashlib.sha256(raw).hexdigest(), lambda _: None)
    within = {part.partition(".u")[0] for part in parts if ".u" in part}
    for leaf in leaves:
        if leaf.loose:
            continue
        if leaf.section in parts:
            yield leaf.section, bytes(leaf.content()[0])
        if leaf.section in within:
            for number, (_, _, _, content) in enumerate(files_in(leaf.content()[0]), 1):
                if (part := f"{leaf.section}.u{number}") in parts:
                    yield part, content


def _take(leaf: Leaf, found: _Found) -> None:
    """Sort one leaf into text, HTML or attachment."""
    given: dict[str, str] = {}
    told: dict[str, str] = {}
    kind = content_id = ""
    for name, value in leaf.part.raw_items():
        match name.lower():
            case "content-type" if not given:
                given = fields.parameters(str(value))
            case "content-disposition" if not kind:
                told = fields.parameters(str(value))
                kind = fields.decode_field(str(value)).partition(";")[0].strip().lower()
            case "content-id":
                content_id = content_id or fields.decode_field(str(value)).strip("<> ")
            case _:
                pass
    claimed = "text/plain" if leaf.loose else leaf.part.get_content_type()
    filename = told.get("filename") or given.get("name") or ""
    content, wrong = leaf.content()
    found.defect(wrong, leaf.section)
    if leaf.loose:
        found.defect("text stands before the first part or behind the last")
    if _is_read(claimed, kind, filename):
        if claimed == "text/plain" and not leaf.loose:
            content = _without_files(leaf.section, content, found)
        _read(leaf, claimed, given, content, found)
        if claimed == "text/rfc822-headers":  # of a message that a report returns
            found.attached_ids.update(dict.fromkeys(_ids_of(content)))
        if not filename:
            return
    if leaf.loose or not (content or filename or leaf.message):
        return
    if leaf.message:
        filename = filename or "message.eml"
        found.texts.append(_Text(html=False, alternative="", text=label_of(content)))
        found.attached_ids.update(dict.fromkeys(_ids_of(content)))
    clean = _UNSAFE_NAME.sub("_", filename).strip(" .")[:255]
    if clean != filename.strip(" ."):
        found.defect("a file name holds characters that no file name should", leaf.section)
    found.attachments.append(
        Attachment(
            part=leaf.section,
            filename=clean,
            content_type=claimed if leaf.message else type_of(content, claimed),
            size_bytes=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
            content_id=content_id,
            inline=kind == "inline" or (bool(content_id) and kind != "attachment"),
        )
    )


def _without_files(section: str, content: bytes | memoryview, found: _Found) -> bytes | memoryview:
    """Take files in uuencode out of a text; they become attachments numbered ``1.u1``, ``1.u2``."""
    text: list[bytes] = []
    at = 0
    for number, (start, end, name, file) in enumerate(files_in(content), 1):
        text.append(bytes(content[at:start]))
        at = end
        found.attachments.append(
            Attachment(
                part=f"{section}.u{number}",
                filename=_UNSAFE_NAME.sub("_", name).strip(" ."),
                content_type=type_of(file, "application/octet-stream"),
                size_bytes=len(file),
                sha256=hashlib.sha256(file).hexdigest(),
            )
        )
    return b"".join([*text, bytes(content[at:])]) if at else content


def label_of(content: bytes | memoryview) -> str:
    """Return an attached message's From, To, Date and Subject as lines: an order may be named nowhere else."""
    block = header_block_of(bytes(content[:_LABEL_BYTES]))
    told = ((name, value) for name in _LABEL for value in block.values(name.lower())[:1])
    lines = (
        f"{name}: {fields.decode_field(value.decode('utf-8', 'surrogateescape'))}" for name, value in told
    )
    return "\n".join(lines)


def _ids_of(content: bytes | memoryview) -> tuple[str, ...]:
    """Return the Message-ID of an attached message."""
    written = header_block_of(bytes(content[:_LABEL_BYTES])).values("message-id")[:1]
    return tuple(fields.ids([one.decode("utf-8", "surrogateescape") for one in written])[:1])


def _is_read(claimed: str, kind: str, filename: str) -> bool:
    """Say whether a leaf is something to read: not sent as a file, and text (or a multipart that has no parts)."""
    if kind == "attachment":
        return False
    if claimed in {"text/plain", "text/html"}:
        return not filename or kind == "inline"
    if filename or claimed == "text/calendar":
        return False
    return claimed.startswith(("text/", "multipart/")) or claimed == "message/delivery-status"


def _read(
    leaf: Leaf, claimed: str, given: dict[str, str], content: bytes | memoryview, found: _Found
) -> None:
    if len(content) > found.room:
        found.defect(f"text beyond {_TEXT_MAX} bytes is not read", leaf.section)
        content = bytes(content[: found.room])
        content = content[: content.rfind(b"\n") + 1] or content
    found.room -= len(content)
    is_html = claimed == "text/html"
    charset = given.get("charset", "")
    if is_html and not charset:
        charset = label_of_html(content)
    text, odd = decode_text(bytes(content), charset)
    found.defect(odd, leaf.section)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if given.get("format", "").lower() == "flowed":
        text = unflowed(text, delete_space=given.get("delsp", "").lower() == "yes")
    found.texts.append(_Text(html=is_html, alternative=leaf.alternative, text=text))


def _mail(
    raw: bytes, sha256: str, message: Message, found: _Found, *, text: str, html: str, links: tuple[str, ...]
) -> ParsedMail:
    by_name: dict[str, list[str]] = {}
    headers = []
    for name, value in message.raw_items():
        flat = str(value)
        by_name.setdefault(name.lower(), []).append(flat)
        if not name.isascii():
            name = name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")  # noqa: PLW2901
        headers.append((name, fields.decode_field(flat)))
    for name in ("from", "subject", "date", "message-id", "to"):
        if len(by_name.get(name, ())) > 1:
            shown = "all are" if name == "to" else "the first is"
            found.defect(f"{len(by_name[name])} {name} fields; {shown} shown")
    if claims := [name for name in by_name if name.startswith(OURS)]:
        found.defect(f"carries fields under Docket's own names: {', '.join(claims[:10])}")
    if "from" not in by_name:
        found.defect("no From field")
    dated = by_name.get("date", [""])[0]
    at = fields.date(dated) if dated else None
    if dated and at is None:
        found.defect("its Date field is no date")
    traces = (fields.date(one.rpartition(";")[2].strip()) for one in by_name.get("received", [])[:20])
    return ParsedMail(
        sha256=sha256,
        size_bytes=len(raw),
        subject=fields.decode_field(by_name.get("subject", [""])[0]),
        date=at,
        received_trace=next((one for one in traces if one is not None), None),
        message_id=next(iter(fields.ids(by_name.get("message-id", [])[:1])), ""),
        in_reply_to=fields.ids(by_name.get("in-reply-to", [])),
        references=fields.ids(by_name.get("references", [])),
        from_=addresses(by_name.get("from", [])[:1]),
        to=addresses(by_name.get("to", [])),
        cc=addresses(by_name.get("cc", [])),
        reply_to=addresses(by_name.get("reply-to", [])),
        headers=tuple(headers),
        text=text,
        html=html,
        links=links,
        attachments=tuple(found.attachments),
        attached_ids=tuple(found.attached_ids)[:_PARTS_MAX],
        defects=tuple(found.defects),
    )

"""The copy that leaves for a marketplace: from the approved sender, with nothing internal in it.

Only the header block is touched, field by field; subject and body stay as they are, byte for byte: eBay's ``[#...#]``
token, DKIM-able bodies and attachments depend on it.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.utils import format_datetime

from gateway.errors import Permanent
from gateway.mail.attached import carries_our_stamps
from gateway.mail.header_block import header_block_of

# All that leaves. What a mail program adds besides tells of the agent, their machine, our network or our tags.
_KEPT = frozenset(
    {
        "to",
        "cc",
        "subject",
        "date",
        "message-id",
        "in-reply-to",
        "references",
        "mime-version",
        "importance",
        "priority",
        "x-priority",
        "auto-submitted",
    }
)
_ONCE = frozenset({"date", "message-id"})  # RFC 5322 section 3.6; the first is what the archive shows
_NAME_MAX = 200  # characters of a display name
TRACE = "X-Trace"
_BARE_CR = re.compile(rb"\r(?!\n)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_TRACE = re.compile(r"[A-Za-z0-9]{1,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """What is sent, and its header block as evidence of what it said."""

    raw: bytes
    header_block: bytes


def outgoing(raw: bytes, *, from_address: str, display_name: str, trace: str, at: datetime) -> Outgoing:
    """Rewrite a message for the wire; raises Permanent for one that carries our stamps, which are internal.

    ``trace`` is the one opaque token that lets us know our message again; ``at`` dates one that has no Date.
    """
    if not _TRACE.fullmatch(trace):
        raise ValueError(f"{trace!r} is no opaque token")
    if carries_our_stamps(raw):
        raise Permanent(
            "this message has one of Docket's own copies attached, with internal tags in it; "
            "attach the original instead (docket show SEQ --raw)",
            "550 5.7.1 An attached message carries internal fields; attach the original instead",
        )
    block = header_block_of(raw)
    if any(not name or _BARE_CR.search(field) for name, field in block.fields) or (
        block.fields and block.rest[:1] not in b"\r\n"
    ):
        # Nobody can say whether such a line is header or body: kept it could tell too much, dropped it could be missed.
        raise Permanent(
            "a line in this message's header is no header field; an empty line must stand between header and text",
            "550 5.6.0 A line of the header is no header field; put an empty line before the text",
        )
    kept: list[bytes] = []
    names: set[str] = set()
    for name, field in block.fields:
        if (name in _KEPT or name.startswith("content-")) and not (name in _ONCE and name in names):
            names.add(name)
            kept.append(field if field.endswith(b"\n") else field + b"\r\n")
    fields = [_from(display_name, from_address)]
    if "date" not in names:
        fields.append(f"Date: {format_datetime(at)}\r\n".encode())
    if "message-id" not in names:
        domain = from_address.rpartition("@")[2]
        fields.append(f"Message-ID: <{trace.lower()}@{domain}>\r\n".encode())
    fields.append(f"{TRACE}: {trace}\r\n".encode())
    header = b"".join([*fields, *kept])
    # A message without a header is all body.
    between = b"" if block.rest.startswith((b"\r\n", b"\n")) and block.fields else b"\r\n"
    return Outgoing(raw=header + between + block.rest, header_block=header)


def _from(name: str, address: str) -> bytes:
    name = _CONTROL.sub(" ", name).strip()[:_NAME_MAX]
    if not name:
        return f"From: {address}\r\n".encode()
    if name.isascii() and "=?" not in name:
        name = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    else:
        name = Header(name, "utf-8", header_name="From", maxlinelen=75).encode(linesep="\r\n")
    between = " " if len(name) + len(address) < 69 else "\r\n "
    return f"From: {name}{between}<{address}>\r\n".encode()

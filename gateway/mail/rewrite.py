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
from gateway.mail.header_block import header_block_of
from gateway.mail.stamp import OURS, has_our_stamps

# What tells of the agent, their machine or our network, and what only the last relay may say.
_GONE = frozenset(
    {
        "from",
        "sender",
        "reply-to",
        "bcc",
        "return-path",
        "received",
        "user-agent",
        "x-mailer",
        "x-sender",
        "x-envelope-from",
        "x-identity-key",
        "x-account-key",
        "x-uniform-type-identifier",
        "x-universally-unique-identifier",
        "x-apple-mail-remote-attachments",
        "thread-index",
        "thread-topic",
        "disposition-notification-to",
        "disposition-notification-options",
        "return-receipt-to",
        "x-confirm-reading-to",
        "delivered-to",
        "x-original-to",
        "errors-to",
        "mail-reply-to",
        "mail-followup-to",
        "x-mimeole",
        "x-unsent",
        "x-authenticated-sender",
        "received-spf",
        "domainkey-signature",
        "organization",
        "autocrypt",
        "openpgp",
        "authentication-results",
        "dkim-signature",  # it signs the From we replace
        "status",
        "x-status",
        "x-keywords",
    }
)
TRACE = "X-Trace"
# Families of such fields, of which a program may write any number.
_GONE_PREFIXES = (
    OURS,
    TRACE.lower(),
    "arc-",
    "resent-",
    "x-forged-",
    "x-forwarded-",
    "x-gm-",
    "x-google-",
    "x-mailer-",
    "x-mbox-",
    "x-microsoft-",
    "x-mozilla-",
    "x-ms-",
    "x-originating-",
    "x-spam-",
    "x-virus-",
)
_TRACE = re.compile(r"[A-Za-z0-9]{1,64}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """What is sent, and its header block as evidence of what it said."""

    raw: bytes
    header_block: bytes


def outgoing(raw: bytes, *, from_address: str, display_name: str, trace: str, at: datetime) -> Outgoing:
    """Rewrite a message for the wire; raises Permanent for one that carries our stamps, which are internal.

    ``trace`` is the one opaque token that lets us know our message again; ``at`` dates one that has no Date.
    """
    block = header_block_of(raw)
    if has_our_stamps(block.rest):
        raise Permanent(
            "this message has one of Docket's own copies attached, with internal tags in it; "
            "attach the original instead (docket show SEQ --raw)",
            "550 5.7.1 An attached message carries internal fields; attach the original instead",
        )
    if any(not name for name, _ in block.fields) or (block.fields and block.rest[:1] not in b"\r\n"):
        # Nobody can say whether such a line is header or body: kept it could tell too much, dropped it could be missed.
        raise Permanent(
            "a line in this message's header is no header field; an empty line must stand between header and text",
            "550 5.6.0 A line of the header is no header field; put an empty line before the text",
        )
    if not _TRACE.fullmatch(trace):
        raise ValueError(f"{trace!r} is no opaque token")
    kept = [
        (name, field)
        for name, field in block.fields
        if name not in _GONE and not name.startswith(_GONE_PREFIXES)
    ]
    names = {name for name, _ in kept}
    fields = [_from(display_name, from_address)]
    if "date" not in names:
        fields.append(f"Date: {format_datetime(at)}\r\n".encode())
    if "message-id" not in names:
        domain = from_address.rpartition("@")[2]
        fields.append(f"Message-ID: <{trace.lower()}@{domain}>\r\n".encode())
    fields.append(f"{TRACE}: {trace}\r\n".encode())
    fields.extend(_ended(field) for _, field in kept)
    header = b"".join(fields)
    separator = b"" if block.fields and block.rest else b"\r\n"
    return Outgoing(raw=header + separator + block.rest, header_block=header)


def _from(name: str, address: str) -> bytes:
    name = _CONTROL.sub(" ", name).strip()
    if not name:
        return f"From: {address}\r\n".encode()
    if name.isascii():
        quoted = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
        return f"From: {quoted} <{address}>\r\n".encode()
    encoded = Header(name, "utf-8", header_name="From").encode(linesep="\r\n")
    return f"From: {encoded} <{address}>\r\n".encode()


def _ended(field: bytes) -> bytes:
    return field if field.endswith(b"\n") else field + b"\r\n"

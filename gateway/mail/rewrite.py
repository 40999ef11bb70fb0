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
        "resent-bcc",
        "return-path",
        "received",
        "user-agent",
        "x-mailer",
        "x-mailer-version",
        "x-originating-ip",
        "x-originating-email",
        "x-sender",
        "x-envelope-from",
        "x-identity-key",
        "x-account-key",
        "x-mozilla-status",
        "x-mozilla-status2",
        "x-mozilla-keys",
        "x-mozilla-draft-info",
        "x-uniform-type-identifier",
        "x-universally-unique-identifier",
        "x-apple-mail-remote-attachments",
        "x-ms-has-attach",
        "x-ms-exchange-organization-authas",
        "thread-index",
        "thread-topic",
        "disposition-notification-to",
        "return-receipt-to",
        "organization",
        "autocrypt",
        "openpgp",
        "authentication-results",
        "dkim-signature",  # it signs the From we replace
        "x-mbox-postmark",
        "status",
        "x-status",
        "x-keywords",
    }
)
TRACE = "X-Trace"
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
    block = header_block_of(raw)
    attached = block.rest
    if has_our_stamps(attached):
        raise Permanent(
            "this message has one of Docket's own copies attached, with internal tags in it; "
            "attach the original instead (docket show SEQ --raw)",
            "550 5.7.1 An attached message carries internal fields; attach the original instead",
        )
    if not _TRACE.fullmatch(trace):
        raise ValueError(f"{trace!r} is no opaque token")
    kept = [
        (name, field)
        for name, field in block.fields
        if name not in _GONE and not name.startswith((OURS, TRACE.lower()))
    ]
    names = {name for name, _ in kept}
    fields = [_from(display_name, from_address)]
    if "date" not in names:
        fields.append(f"Date: {format_datetime(at)}\r\n".encode())
    if "message-id" not in names:
        domain = from_address.rpartition("@")[2]
        fields.append(f"Message-ID: <{trace.lower()}@{domain}>\r\n".encode())
    fields.append(f"{TRACE}: {trace}\r\n".encode())
    fields.extend(_ended(field) for name, field in kept if name)
    header = b"".join(fields)
    return Outgoing(raw=header + (block.rest or b"\r\n"), header_block=header)


def _from(name: str, address: str) -> bytes:
    if not name:
        return f"From: {address}\r\n".encode()
    if name.isascii():
        quoted = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
        return f"From: {quoted} <{address}>\r\n".encode()
    return f"From: {Header(name, 'utf-8', header_name='From').encode(linesep=chr(13) + chr(10))} <{address}>\r\n".encode()


def _ended(field: bytes) -> bytes:
    return field if field.endswith(b"\n") else field + b"\r\n"

"""The stamps on a delivered copy: prepended, with every byte of the original untouched below them.

Prepending trace fields breaks no DKIM signature in any canonicalisation (RFC 6376 section 5.4.2: signers pick fields from
the bottom up). Fields that a stranger wrote under our names are renamed, so that filters in a mail client can trust
ours; where a signature covers them they stay, below ours, and are named in the list of what was forged.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.utils import format_datetime

from gateway.mail.header_block import header_block_of

OURS = "x-docket-"
_PROTOCOLS = {"smtp": "ESMTP", "lmtp": "LMTP", "submission": "ESMTPSA"}
_UNSAFE = re.compile(r"[^\x20-\x7e]|[()\\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """What is written before a delivered message. ``orders`` are (value, confidence, method)."""

    id: str
    seq: int
    by: str
    helo: str
    peer: str
    protocol: str
    tls: str
    for_: str
    at: datetime
    orders: tuple[tuple[str, str, str], ...] = ()
    tags: tuple[str, ...] = ()
    marketplace: str = ""


def stamp(raw: bytes, stamp: Stamp) -> bytes:
    """Return the copy that is delivered: our fields, then the message."""
    fields = [
        _received(stamp),
        _field("X-Docket-ID", f"{stamp.id}; seq={stamp.seq}"),
        *([_field("X-Docket-Marketplace", stamp.marketplace)] if stamp.marketplace else []),
        *(
            _field("X-Docket-Order", f"{value}; confidence={confidence}; method={method}")
            for value, confidence, method in stamp.orders
        ),
        *([_field("X-Docket-Tags", ", ".join(stamp.tags))] if stamp.tags else []),
    ]
    return "".join(fields).encode("ascii") + disowned(raw)


def disowned(raw: bytes) -> bytes:
    """Rename fields that claim to be ours, but for those a DKIM signature covers; drop an mbox postmark line's place.

    A postmark line is no header field: it is kept as one, ``X-Mbox-Postmark``, since it may not stand in the middle.
    """
    block = header_block_of(raw)
    if not block.before and not any(name.startswith(OURS) for name, _ in block.fields):
        return raw
    signed = _signed(block.values("dkim-signature"))
    fields = [
        (b"X-Forged-" + field) if name.startswith(OURS) and name not in signed else field
        for name, field in block.fields
    ]
    postmark = b"X-Mbox-Postmark: " + block.before if block.before else b""
    return postmark + b"".join(fields) + block.rest


def forged(raw: bytes) -> tuple[str, ...]:
    """Return the names of fields that claim to be ours."""
    return tuple(dict.fromkeys(name for name, _ in header_block_of(raw).fields if name.startswith(OURS)))


def has_our_stamps(raw: bytes) -> bool:
    """Say whether a message, or any message attached to it as it stands, carries fields under our names."""
    return re.search(rb"(?im)^x-docket-[a-z-]+[ \t]*:", raw) is not None


def _signed(signatures: list[bytes]) -> set[str]:
    names: set[str] = set()
    for signature in signatures:
        found = re.search(rb"(?:^|;)\s*h\s*=\s*([^;]*)", signature)
        if found is not None:
            names.update(name.strip().lower().decode("ascii", "replace") for name in found[1].split(b":"))
    return names


def _received(stamp: Stamp) -> str:
    """Return the trace field of RFC 5321 section 4.4, which makes our hop part of the message's way."""
    protocol = _PROTOCOLS.get(stamp.protocol, "ESMTP")
    if stamp.tls and protocol == "ESMTP":
        protocol = "ESMTPS"
    helo = _UNSAFE.sub("?", stamp.helo) or "unknown"
    parts = [
        f"from {helo} ({_UNSAFE.sub('?', stamp.peer) or 'local'})",
        f"by {stamp.by} with {protocol} id {stamp.id}",
        *([f"for <{_UNSAFE.sub('?', stamp.for_)}>"] if stamp.for_ else []),
    ]
    return "Received: " + "\r\n\t".join([*parts[:-1], f"{parts[-1]};", format_datetime(stamp.at)]) + "\r\n"


def _field(name: str, value: str) -> str:
    """Return a field folded at 78 characters, ASCII only (RFC 2047)."""
    clean = re.sub(r"[\r\n\x00]+", " ", value)
    charset = "us-ascii" if clean.isascii() else "utf-8"
    text = Header(clean, charset, maxlinelen=78, header_name=name).encode(linesep="\r\n")
    return f"{name}: {text}\r\n"

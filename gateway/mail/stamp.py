"""The stamps on a delivered copy: prepended, with every byte of the original untouched below them.

Prepending trace fields breaks no DKIM signature in any canonicalisation (RFC 6376 section 5.4.2: signers pick fields from
the bottom up). Fields that a stranger wrote under our names are renamed, so that filters in a mail client can trust
ours; where a signature covers them they stay, below ours, and are named in the list of what was forged.
"""

import base64
import re
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.utils import format_datetime

from gateway.mail.authenticity.reported import without_comments
from gateway.mail.header_block import header_block_of

OURS = "x-docket-"
RESULTS = "authentication-results"
_PROTOCOLS = {"smtp": "ESMTP", "lmtp": "LMTP", "submission": "ESMTPSA"}
_UNSAFE = re.compile(r"[^!-~]|[()<>;,\\]")  # what would let a stranger's name write more of our trace field
_WORD_MAX = 255  # octets of a domain name, RFC 5321 section 4.5.3.1.2
_LONG_WORD = re.compile(r"(\S{900})(?=\S)")  # a line holds 998 octets, RFC 5322 section 2.1.1
_NAMED_MAX = 20
_RESULTS_MAX = 32 * 1024
_NO_VALUE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+"
)  # the line ends of str.splitlines among them


def _in_base64(content: bytes) -> bytes:
    """Return a pattern of what base64 makes of these bytes, wherever they stand among others."""
    ways = []
    for before in range(3):
        text = base64.b64encode(bytes(before) + content)
        # The characters that these bytes decide alone: those at the ends hold bits of their neighbours.
        ways.append(text[-(-8 * before // 6) : 8 * (before + len(content)) // 6])
    return b"|".join(map(re.escape, ways))


_STAMPS = re.compile(rb"(?im)(?:^|(?<=\r))x-docket-[!-9;-~]+[ \t]*:")
_STAMPS_BASE64 = re.compile(_in_base64(b"\nX-Docket-"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """What is written before a delivered message. ``orders`` are (value, confidence, method).

    ``results`` are the statements about who sent it, none where nobody has looked. ``authserv`` is the name under which
    a stranger's Authentication-Results are forged; "" where the server that handed it over speaks under our own.
    """

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
    results: tuple[str, ...] = ()
    authserv: str = ""


def stamp(raw: bytes, stamp: Stamp) -> bytes:
    """Return the copy that is delivered: our fields, then the message.

    What claims to be ours and may not be renamed is named in ``X-Docket-Forged``.
    """
    copy = disowned(raw, stamp.authserv)
    left = forged(copy, stamp.authserv)
    fields = [
        # Above our trace field, as RFC 8601 section 4.1 has it.
        *([_results(stamp)] if stamp.results or RESULTS in left else []),
        _received(stamp),
        _field("X-Docket-ID", f"{stamp.id}; seq={stamp.seq}"),
        *([_field("X-Docket-Marketplace", stamp.marketplace)] if stamp.marketplace else []),
        *(
            _field("X-Docket-Order", f"{value}; confidence={confidence}; method={method}")
            for value, confidence, method in stamp.orders
        ),
        *([_field("X-Docket-Tags", ", ".join(stamp.tags))] if stamp.tags else []),
        *([_field("X-Docket-Forged", ", ".join(left[:_NAMED_MAX]))] if left else []),
    ]
    return "".join(fields).encode("ascii") + copy


def disowned(raw: bytes, authserv: str = "") -> bytes:
    """Rename fields that claim to be ours, but for those a DKIM signature covers.

    ``authserv`` is the name that our Authentication-Results bear (RFC 8601 section 5).

    An mbox postmark line is no header field and may not stand in the middle: it is kept as one, ``X-Mbox-Postmark``.
    """
    block = header_block_of(raw)
    if not block.before and not any(_claims(name, field, authserv) for name, field in block.fields):
        return raw
    signed = _signed(block.values("dkim-signature"))
    fields = [
        (b"X-Forged-" + field) if name not in signed and _claims(name, field, authserv) else field
        for name, field in block.fields
    ]
    postmark = b"X-Mbox-Postmark: " + block.before if block.before else b""
    return postmark + b"".join(fields) + block.rest


def forged(raw: bytes, authserv: str = "") -> tuple[str, ...]:
    """Return the names of fields that claim to be ours."""
    fields = header_block_of(raw).fields
    return tuple(dict.fromkeys(name for name, field in fields if _claims(name, field, authserv)))


def has_our_stamps(raw: bytes) -> bool:
    """Say whether a message, or any message attached to it, carries fields under our names.

    An attached message may be in base64, at any depth of parts: our names are looked for as base64 writes them.
    """
    return (
        _STAMPS.search(raw) is not None or _STAMPS_BASE64.search(raw.translate(None, b"\r\n\t ")) is not None
    )


def _claims(name: str, field: bytes, authserv: str) -> bool:
    """Tell whether a field claims to be ours; of Authentication-Results, however it spells the name of who found them."""
    if name != RESULTS or not authserv:
        return name.startswith(OURS)
    text = field.partition(b":")[2].decode("utf-8", "replace").lower()
    ours = authserv.lower()
    if len(text) > _RESULTS_MAX:
        return ours in text
    return ours in re.split(r'[\s"/]+', without_comments(text).replace("\\", "").partition(";")[0])


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
    parts = [
        f"from {_word(stamp.helo) or 'unknown'} ({_word(stamp.peer) or 'local'})",
        f"by {stamp.by} with {protocol} id {stamp.id}",
        *([f"for <{_word(stamp.for_)}>"] if stamp.for_ else []),
    ]
    return "Received: " + "\r\n\t".join([*parts[:-1], f"{parts[-1]};", format_datetime(stamp.at)]) + "\r\n"


def _results(stamp: Stamp) -> str:
    return "Authentication-Results: " + ";\r\n\t".join((stamp.by, *(stamp.results or ("none",)))) + "\r\n"


def _word(text: str) -> str:
    return _UNSAFE.sub("?", text[:_WORD_MAX])


def _field(name: str, value: str) -> str:
    """Return a field folded at 78 characters, ASCII only (RFC 2047)."""
    clean = _LONG_WORD.sub(r"\1 ", _NO_VALUE.sub(" ", value)).strip()
    charset = "us-ascii" if clean.isascii() else "utf-8"
    text = Header(clean, charset, maxlinelen=78, header_name=name).encode(linesep="\r\n")
    return f"{name}: {text}\r\n"

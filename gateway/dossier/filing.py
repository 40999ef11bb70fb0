"""What is added to an order's dossier from outside the mail: files, and people's words on its parcels. Pure."""

import hashlib
from collections.abc import Collection, Mapping
from typing import Any

from gateway.errors import WrongUse
from gateway.mail.canonical import canonical
from gateway.mail.entry import Draft
from rules.facts import OrderRef

KINDS = ("carrier-page", "proof-of-delivery", "photo", "chat", "invoice", "other")
FILE_BYTES = 50 * 1024 * 1024
_SIGNS = {
    b"%PDF-": "application/pdf",
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
}
_NAME, _TEXT = 255, 2000


def evidence_draft(
    order: OrderRef, data: bytes, *, filename: str, kind: str, text: str, agent: str, source: str
) -> Draft:
    """Return the entry of a file, hashed here and dated as received when it is archived; raises WrongUse for none."""
    if not data:
        raise WrongUse(f"{filename or 'the file'} is empty")
    if len(data) > FILE_BYTES:
        raise WrongUse(f"{filename or 'the file'} is larger than {FILE_BYTES >> 20} MiB")
    if kind not in KINDS:
        raise WrongUse(f"no file is of the kind {kind!r}; there are {', '.join(KINDS)}")
    meta = {
        "order": {"marketplace": order.marketplace, "value": order.value},
        "filename": filename[-_NAME:],
        "content_type": type_of(data),
        "size_bytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "kind": kind,
        "text": text[:_TEXT],
        "agent": agent,
        "source": source,
    }
    return Draft(type="evidence", payload=data, meta=meta)


def parcel_draft(
    order: OrderRef,
    number: str,
    *,
    agent: str,
    source: str,
    carrier: str = "",
    carriers: Collection[str] = (),
    remove: bool = False,
    told: Mapping[str, str] | None = None,
) -> Draft:
    """Return the entry of a person's word on a parcel: that it is the order's or, with ``remove``, that it is not.

    ``told`` is what a carrier said of it: ``status``, ``said``, ``place``, ``at``. Raises WrongUse for what is no tracking number, and for a carrier that is not among ``carriers``.
    """
    named = number.strip()
    if (
        not 5 <= len(named) <= 60
        or not named.replace("-", "").replace(" ", "").isalnum()
        or not named.isascii()
    ):
        raise WrongUse(f"{number!r} is no tracking number")
    if carrier and carrier not in carriers:
        raise WrongUse(f"no carrier {carrier!r} is known, but {', '.join(sorted(carriers))}")
    said: dict[str, Any] = {
        "order": {"marketplace": order.marketplace, "value": order.value},
        "carrier": carrier,
        "number": named,
        "agent": agent,
        **(told or {}),
    }
    return Draft(
        type="parcel",
        payload=canonical(said | ({"remove": True} if remove else {})),
        meta={"source": source},
        once=told is not None,
    )


def type_of(data: bytes) -> str:
    """Return what a file is by its first bytes; its name is anybody's word."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    found = (kind for sign, kind in _SIGNS.items() if data.startswith(sign))
    return next(found, "application/octet-stream")

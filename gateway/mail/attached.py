"""Whether a message carries one of our delivered copies inside it: attached, quoted, or hidden in an encoding."""

import binascii
import hashlib
import re

from gateway.mail import fields
from gateway.mail.header_block import header_block_of
from gateway.mail.stamp import has_our_stamps
from gateway.mail.tree import Leaf, tree_of

_OPENED_MAX = 3  # a message in a file in a message ...
_ENCODED = re.compile(
    rb"(?im)content-transfer-encoding[ \t]*:|^begin [0-7]{3}"
)  # else all of it stands there as it is


def carries_our_stamps(raw: bytes, *, opened: int = 0) -> bool:
    """Say whether any part of a message, decoded, holds fields under our names; its own header does not count."""
    body = header_block_of(raw).rest
    # Quoted-printable is undone over all of the body at once, as base64 is looked through: no number of parts hides one.
    if has_our_stamps(body) or (b"=" in body and has_our_stamps(binascii.a2b_qp(body))):
        return True
    if _ENCODED.search(raw) is None:
        return False
    _, leaves = tree_of(raw, hashlib.sha256(raw).hexdigest(), lambda _: None)
    for leaf in leaves:
        if not _may_be_a_message(leaf):
            continue
        content = bytes(leaf.content()[0])
        if has_our_stamps(content) or (
            opened < _OPENED_MAX and not leaf.message and carries_our_stamps(content, opened=opened + 1)
        ):
            return True
    return False


def _may_be_a_message(leaf: Leaf) -> bool:
    if leaf.message or leaf.part.get_content_maintype() in {"text", "message"}:
        return True
    told = fields.parameters(str(leaf.part.get("content-disposition", "")))
    given = fields.parameters(str(leaf.part.get("content-type", "")))
    names = (told.get("filename", ""), given.get("name", ""))
    return any(name.lower().strip().endswith((".eml", ".mht", ".mbox", ".txt", ".msg")) for name in names)

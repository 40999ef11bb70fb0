"""Which other messages a mail is about: attached to it, answered by it, or sent on in it."""

import hashlib
import re
from dataclasses import dataclass

from gateway.mail import fields
from gateway.mail.header_block import header_block_of
from gateway.mail.parse import label_of
from gateway.mail.tree import tree_of

_STAMP = re.compile(rb"([0-9A-Z]{26}); seq=([0-9]{1,15})")
_ATTACHED_MAX = 10
_LEAVES_MAX = 200
_NEAREST = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Mentioned:
    """One message that is meant: by our stamp on it, (id, seq); by its bytes; by its Message-ID."""

    stamp: tuple[str, int] | None = None
    raw: bytes = b""
    message_id: str = ""


def attached_messages(raw: bytes) -> tuple[Mentioned, ...]:
    """Return the messages attached to a mail, those inside of them left out."""
    found: list[Mentioned] = []
    within = ""
    for number, leaf in enumerate(tree_of(raw, hashlib.sha256(raw).hexdigest(), lambda _: None)[1]):
        if number >= _LEAVES_MAX or len(found) >= _ATTACHED_MAX:
            break
        if within and leaf.section.startswith(within):
            continue
        named = fields.parameters(str(leaf.part.get("content-disposition", ""))).get("filename", "")
        if leaf.message or named.lower().endswith(".eml"):
            within = f"{leaf.section}."
            found.append(_attached(bytes(leaf.content()[0])))
    return tuple(found)


def answered_messages(raw: bytes) -> tuple[Mentioned, ...]:
    """Return the messages a mail answers or sends on, the nearest first."""
    block = header_block_of(raw)

    def ids(name: str) -> list[str]:
        values = [value.decode("utf-8", "surrogateescape") for value in block.values(name)]
        return list(fields.ids(values))

    nearest = [*ids("x-forwarded-message-id"), *ids("in-reply-to"), *reversed(ids("references"))]
    return tuple(Mentioned(message_id=one) for one in dict.fromkeys(nearest[:_NEAREST]))


def _attached(raw: bytes) -> Mentioned:
    block = header_block_of(raw)
    stamp = next((_STAMP.fullmatch(value) for value in block.values("x-docket-id")), None)
    ids = fields.ids([value.decode("utf-8", "surrogateescape") for value in block.values("message-id")[:1]])
    return Mentioned(
        stamp=(stamp[1].decode(), int(stamp[2])) if stamp else None, raw=raw, message_id=ids[0] if ids else ""
    )


def text_above(text: str, attached: tuple[Mentioned, ...]) -> str:
    """Return a mail's text up to where that of its first attached message begins."""
    for one in attached:
        if (label := label_of(one.raw)) and label in text:
            return text[: text.find(label)]
    return text

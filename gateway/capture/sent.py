"""Copies in a captured Sent folder of what went out by our own submission: the same answer at another place, no second one.

A mail client writes its copy itself: with a Bcc, marks of its own, other folding and, some, other boundaries. It is the same
message where Message-ID, subject and every part of the body are the same; a difference in any word makes it one of its own.
"""

import re
from collections.abc import Iterator
from concurrent.futures import Future

import msgspec

from gateway.archive.archive import Archive
from gateway.archive.faults import Damaged
from gateway.errors import WrongUse
from gateway.futures import chain
from gateway.mail import fields
from gateway.mail.authenticity.canonical_form import relaxed_body
from gateway.mail.entry import Draft, Entry, Envelope
from gateway.mail.header_block import HeaderBlock, header_block_of
from gateway.receipt import Accept, Receipt, sighting_of
from gateway.store import fold, messages
from gateway.store.engine import Store

_TYPES = frozenset({"mail.out", "mail.held"})
_LINE_END = re.compile(rb"\r\n|\r|\n")
_BOUNDARY = re.compile(rb'\bboundary[ \t]*=[ \t]*(?:"([^"\r\n]{1,200})"|([^\s;"]{1,200}))', re.IGNORECASE)
_BOUNDARIES_MAX = 20
_BEHIND_MAX = 1000  # entries that the store has not taken up yet


class KnowingSent:
    """Hands mail in, but for copies of what agents submitted, which become sightings."""

    def __init__(self, archive: Archive, store: Store, accept: Accept) -> None:
        self._archive, self._store, self._accept = archive, store, accept

    def __call__(self, raw: bytes, envelope: Envelope) -> Future[Receipt]:
        seq = self._submitted(raw) if envelope.sent and envelope.source == "fetch" else None
        if seq is None:
            return self._accept(raw, envelope)
        sighting = sighting_of(seq, Draft(type="mail.out", payload=b"", meta=msgspec.to_builtins(envelope)))
        known = Receipt(seq=seq, existing=True, reply=f"250 2.0.0 Archived {seq}")
        return chain(self._archive.submit(sighting), lambda _: known)

    def _submitted(self, raw: bytes) -> int | None:
        """Return the first submission that says the same."""
        block = header_block_of(raw)
        if not (wanted := _message_id(block)):
            return None
        content = _content(block)
        for entry in self._candidates(wanted):
            theirs = header_block_of(entry.payload)
            if _message_id(theirs) == wanted and _content(theirs) == content:
                return entry.seq
        return None

    def _candidates(self, message_id: str) -> Iterator[Entry]:
        with self._store.read() as conn:
            known, behind = messages.submitted_as(conn, message_id), fold.position(conn)
        for seq in known:
            try:
                yield self._archive.entry(seq)
            except (WrongUse, Damaged):  # erased
                continue
        head = self._archive.head()
        for entry in self._archive.entries(max(behind, head - _BEHIND_MAX), head, _TYPES, erased=True):
            if entry.meta.get("source") == "submission":
                yield entry


def _message_id(block: HeaderBlock) -> str:
    ids = fields.ids([one.decode("utf-8", "surrogateescape") for one in block.values("message-id")[:1]])
    return ids[0] if ids else ""


def _content(block: HeaderBlock) -> tuple[str, bytes]:
    """Return what a message says, whatever its client made of the header, the line ends and the boundaries."""
    subject = next(iter(block.values("subject")), b"").decode("utf-8", "surrogateescape")
    body = _LINE_END.sub(b"\r\n", block.rest)
    types = b"\r\n".join([*block.values("content-type")[:1], body])
    told = [one or two for one, two in _BOUNDARY.findall(types)[:_BOUNDARIES_MAX]]
    for number, boundary in enumerate(dict.fromkeys(told)):
        body = body.replace(boundary, b"boundary-%d" % number)
    return " ".join(fields.decode_field(subject).split()), relaxed_body(body)

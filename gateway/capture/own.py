"""Our own delivered copies, met again in an account that is captured: the original at another place, no new message.

Else a mailbox that Docket delivers to and captures would fill itself. A copy counts as ours only where the entry it names
has exactly the bytes below the stamps, and where nothing stands above them but stamps and trace fields: whatever a
stranger forges, no word of it can hide.
"""

import re
from concurrent.futures import Future

import msgspec

from gateway.archive.archive import Archive
from gateway.archive.faults import Damaged
from gateway.errors import WrongUse
from gateway.futures import chain
from gateway.mail.entry import MAIL_TYPES, Draft, Envelope
from gateway.mail.header_block import header_block_of
from gateway.mail.stamp import OURS, RESULTS, disowned
from gateway.receipt import Accept, Receipt, sighting_of

_ID = re.compile(rb"([0-9A-Z]{26}); seq=([0-9]{1,15})")
_TRACE = {
    "received",
    "return-path",
    "delivered-to",
    "x-original-to",
    RESULTS,
}  # what servers put on top of ours
_HEAD = 64 * 1024
_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:[^\n]*\n(?:[ \t][^\n]*\n)*")
_LINE_END = re.compile(rb"\r\n|\r|\n")


class KnowingOwn:
    """Hands mail in, but for our own copies, which become sightings. ``hostname`` is the name in our stamps."""

    def __init__(self, archive: Archive, accept: Accept, *, hostname: str) -> None:
        self._archive, self._accept, self._hostname = archive, accept, hostname

    def __call__(self, raw: bytes, envelope: Envelope) -> Future[Receipt]:
        seq = self._original(raw)
        if seq is None:
            return self._accept(raw, envelope)
        sighting = sighting_of(seq, Draft(type="mail.in", payload=b"", meta=msgspec.to_builtins(envelope)))
        known = Receipt(seq=seq, existing=True, reply=f"250 2.0.0 Archived {seq}")
        return chain(self._archive.submit(sighting), lambda _: known)

    def _original(self, raw: bytes) -> int | None:
        """Return the message that a copy of ours was made of."""
        if b"X-Docket-ID:" not in raw[:_HEAD]:
            return None
        named = next(
            (_ID.fullmatch(value) for value in header_block_of(raw[:_HEAD]).values("x-docket-id")), None
        )
        if named is None:
            return None
        try:
            entry = self._archive.entry(int(named[2]), erased=True)
        except (WrongUse, Damaged):
            return None
        if entry.type not in MAIL_TYPES or entry.id != named[1].decode():
            return None
        copy = _LINE_END.sub(b"\r\n", raw)  # IMAP knows only CRLF
        if entry.erased is not None:
            return self._erased(copy)
        for name in ("", self._hostname):
            below = _LINE_END.sub(b"\r\n", disowned(entry.payload, name))
            if copy.endswith(below) and _is_trace(copy[: len(copy) - len(below)]):
                return entry.seq
        return None

    def _erased(self, copy: bytes) -> int | None:
        """Return the message a copy was made of whose bytes we may not have: its keyed fingerprint is what is left of it.

        What was erased must not come back from the mailbox that it had been delivered to.
        """
        end = 0
        for field in _FIELD.finditer(copy, 0, _HEAD):
            name = field[1].decode("ascii", "replace").lower()
            if field.start() != end or not (name in _TRACE or name.startswith(OURS)):
                return None
            end = field.end()
            if (seq := self._archive.find("mail.in", copy[end:])) is not None:
                return seq
        return None


def _is_trace(above: bytes) -> bool:
    block = header_block_of(above)
    return (
        not block.before
        and not block.rest.strip()
        and all(name in _TRACE or name.startswith(OURS) for name, _ in block.fields)
    )

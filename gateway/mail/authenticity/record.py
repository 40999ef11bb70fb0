"""The archive entry of a check: what was asked and answered, and what was found, so that it can be checked again.

``checked_again`` needs nothing but the message, its envelope and this entry: no DNS, no clock, no settings of today.
"""

from datetime import datetime

import msgspec

from gateway.mail.authenticity.answers import Answer, recorded
from gateway.mail.authenticity.check import Trust, Wire, check, read_upstream
from gateway.mail.authenticity.verdicts import Authenticity
from gateway.mail.canonical import canonical
from gateway.mail.entry import Draft, Envelope


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """The payload of an ``authenticity`` entry. ``asked`` tells whether DNS was; unknown fields are left alone."""

    of: int
    checked_at: datetime
    asked: bool
    trust: Trust = Trust()
    answers: tuple[Answer, ...] = ()
    results: Authenticity = Authenticity()


def draft_of(record: Record) -> Draft:
    return Draft(type="authenticity", payload=canonical(msgspec.to_builtins(record)), meta={})


def record_of(payload: bytes) -> Record:
    """Read an entry's payload; raises ValueError that says what is wrong with it."""
    return msgspec.json.decode(payload, type=Record)


def checked_again(raw: bytes, envelope: Envelope, record: Record) -> Authenticity | None:
    """Return what the recorded answers prove about a message."""
    if not record.asked:
        return read_upstream(raw, record.trust)
    return check(raw, wire_of(envelope), recorded(record.answers), record.trust)


def wire_of(envelope: Envelope) -> Wire:
    """Return what the check needs of an envelope; ``peer`` is ``192.0.2.1:25``, ``[2001:db8::1]:25`` or ``unix``."""
    return Wire(
        ip=envelope.peer.rpartition(":")[0].strip("[]"),
        helo=_clean(envelope.helo),
        mail_from=_clean(envelope.mail_from),
        at=envelope.received_at,
        own=envelope.trusted,
    )


def _clean(text: str) -> str:
    """Return text that can stand in an entry: a stranger's lone surrogates cannot."""
    return text.encode("utf-8", "replace").decode("utf-8")

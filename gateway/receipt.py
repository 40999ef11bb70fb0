"""What a way in needs from the gateway: one function that takes a message and answers when it is durable.

The path and the listeners both speak it, so it stands below both.
"""

from concurrent.futures import Future
from dataclasses import dataclass
from typing import Protocol

from gateway.mail.canonical import canonical
from gateway.mail.entry import Appended, Draft, Entry, Envelope


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The archive's answer to one message. ``reply`` is the SMTP line; a refused submission is archived too."""

    seq: int
    existing: bool = False  # import and fetch: the same bytes stood at ``seq`` before
    reply: str  # "250 2.0.0 Archived 17", or "550 5.7.1 ..." for a submission that policy refuses


class Accept(Protocol):
    """Take a message. The future ends only once raw bytes and entry are on disk.

    It fails with Temporary, Permanent or ArchiveBroken, each with an SMTP ``reply``; then nothing was archived.
    """

    def __call__(self, raw: bytes, envelope: Envelope) -> Future[Receipt]: ...


def receipt_of(draft: Draft, appended: Appended) -> Receipt:
    """Return the answer to a message that has its entry."""
    refusal = draft.meta["verdict"]["reply"] if draft.type == "mail.refused" else ""
    reply = refusal or f"250 2.0.0 Archived {appended.seq}"
    return Receipt(seq=appended.seq, reply=reply, existing=appended.existing)


def is_elsewhere(draft: Draft, known: Entry) -> bool:
    """Say whether bytes that we have, in an entry, stand at another place than the one they came from.

    Of an erased message only the places are told at which it would else be fetched again: names of files may name people.
    """
    if known.erased is not None:
        return bool(draft.meta.get("source") == "fetch")
    return bool(known.meta.get("origin") != draft.meta.get("origin", ""))


def sighting_of(seq: int, draft: Draft) -> Draft:
    """Return the entry which says that bytes we have were seen at another place too."""
    seen = {name: draft.meta[name] for name in ("origin", "source", "flags")}
    return Draft(type="sighting", payload=canonical({"of": seq, **seen}), meta={}, once=True)

"""An entry: one record of the archive's log, a message or an action. Values, so that archive and store need not meet.

Entry types, all of them (docs/archive-format.md says what each payload holds):

* ``mail.in`` ``mail.out`` ``mail.held`` ``mail.refused`` — the payload is the message, byte for byte; ``meta`` is its Envelope.
* ``authenticity`` — who is shown to have sent the message ``of``, with the DNS answers that show it.
* ``decision`` — what the rules decided for the message ``of``. ``outcome`` — how one of its jobs ended.
* ``note`` ``tag`` ``link`` ``mark`` ``release`` ``dossier`` — acts of people, referring to ``of`` or to an order.
* ``evidence`` — a file that bears on an order, byte for byte; ``meta`` says what it is. ``parcel`` — a parcel of an order, by a person's word.
* ``queue`` — a person's word on a job: try it now, hold, release or drop it.
* ``imap`` — what an agent did in a mail client: who opened, flagged, moved, copied, added or removed which message.
* ``export`` — who took an evidence pack of what, why, and the hashes of its files. ``answer`` — who had which claim answer written.
* ``timestamp`` — that an outside authority signed the log's checkpoint at some moment. ``witness`` — that it was handed to somebody to keep.
* ``orders`` — what an order report tells. ``sighting`` — the same bytes seen again elsewhere. ``rules`` — a rule book or marketplace file that decided something.
* ``book`` — which versions are in force from here on, where no entry ``rules`` says so.
* ``erasure`` — whose keys were destroyed, when and why; ``erasure.asked`` ``.approved`` ``.refused`` ``.withdrawn`` — what came before it, ``erasure.done`` — the certificate; ``access`` — who took all that is held on somebody.
* ``rules.edited`` — who changed the rule book's file in the web view. ``token`` — a token of the HTTP API was made or taken back.
* ``person`` — a change to who may log in and how.
* ``view`` — what an auditor looked at, or searched for.
* ``config`` ``software`` ``capture`` ``gap`` ``silence`` — what ran, when the capture of a folder began, when it did not run, when no mail came; ``reconciliation`` — what came of comparing a folder with the archive.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

MAIL_TYPES = frozenset({"mail.in", "mail.out", "mail.held", "mail.refused"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What is known of a message at the wire, apart from its bytes. Archived, sealed and committed to as ``meta``."""

    source: str  # "smtp", "lmtp", "submission", "import", "fetch", "web", "command"
    mail_from: str = ""  # "" is the null sender
    rcpt_to: tuple[str, ...] = ()
    mailbox: str = ""  # the support address it belongs to, "" where unknown
    agent: str = ""  # the authenticated agent's name on a submission
    peer: str = ""  # "address:port" of the client
    helo: str = ""
    tls: str = ""  # "TLSv1.3 TLS_AES_256_GCM_SHA384", "" for none
    trusted: bool = False  # the peer is configured as one that has checked authenticity
    received_at: datetime  # ours
    occurred_at: datetime | None = None  # import and fetch: INTERNALDATE or the file's, when better than ours
    occurred_from: str = "smtp"  # "smtp", "internaldate", "received", "date", "import"
    origin: str = ""  # import and fetch: path, or account/folder/uidvalidity/uid
    sent: bool = False  # history that one of our own addresses wrote
    live: bool = False  # fetch: it came to the folder while we watched it
    flags: tuple[str, ...] = ()  # "8BITMIME", "SMTPUTF8", ESMTP parameters such as "ENVID=..."
    verdict: dict[str, Any] | None = None  # submission: what the policy said, with its words

    @property
    def acts(self) -> tuple[dict[str, Any], ...]:
        """The acts that an agent asked for by this mail: it is to Docket alone and goes nowhere."""
        return tuple((self.verdict or {}).get("acts", ()))

    @property
    def is_copy(self) -> bool:
        """Say whether the message was somebody's before it came here: the same bytes are kept once."""
        return self.source in {"import", "fetch"}

    @property
    def is_history(self) -> bool:
        """Say whether the message is old: it is kept, and nothing happens because of it."""
        return self.is_copy and not self.live


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What is asked to be appended. With ``once`` set, a payload of the same kind already there is not added again.

    With ``head`` set it is only added to a log that has still so many entries; else Temporary is raised.
    """

    type: str
    payload: bytes
    meta: dict[str, Any]
    once: bool = False
    head: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """Why an entry cannot be opened any more: by which entry its key was destroyed, and what that says of it."""

    by: int
    at: datetime
    reason: str
    of: int | None  # the message it was about

    @property
    def summary(self) -> dict[str, Any]:
        """What stands in the place of all that was known of it."""
        return {"erased": True, "by": self.by, "on": self.at.date().isoformat(), "why": self.reason}


def erased_words(summary: dict[str, Any]) -> str:
    """Return what is told of an erased entry, "" for one that is there.

    >>> erased_words({"erased": True, "on": "2026-11-27", "why": "asked by the person", "by": 7})
    'erased on 2026-11-27: asked by the person (entry 7)'
    """
    if not summary.get("erased"):
        return ""
    if "on" not in summary:
        return "erased"
    return f"erased on {summary['on']}: {summary['why']} (entry {summary['by']})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One record as it stands in the log; ``seq`` counts from 0 without a gap."""

    log: int
    seq: int
    id: str  # a ULID
    type: str
    at: datetime  # when it was sealed, to the second
    leaf: bytes  # the canonical JSON the tree commits to
    payload: bytes
    meta: dict[str, Any]
    erased: Erased | None = None  # then payload and meta are empty


@dataclass(frozen=True, slots=True, kw_only=True)
class Appended:
    """Where a draft went. ``existing`` says that a ``once`` draft was there before, at ``seq``."""

    seq: int
    existing: bool = False

"""What the store hands out: plain rows. Everything in them is a fold over archive entries and can be rebuilt."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from rules.facts import Confidence, Link, OrderRef

JobKind = Literal["deliver", "relay", "report", "notify", "alert", "warn", "returned"]
JobState = Literal["ready", "leased", "held", "done", "dead", "dropped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachmentRow:
    part: str
    filename: str
    content_type: str
    size_bytes: int
    sha256: str
    content_id: str = ""
    inline: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRow:
    """One archived message as people see it in lists. ``sealed_text`` is its readable text under the message's own key."""

    seq: int
    type: str  # mail.in, mail.out, mail.held, mail.refused
    id: str  # the entry's ULID
    direction: Literal["inbound", "outbound"]
    source: str  # the envelope's
    mailbox: str
    agent: str
    received_at: datetime
    occurred_at: datetime
    occurred_from: str
    from_: tuple[tuple[str, str], ...]  # (name, address)
    to: tuple[tuple[str, str], ...]
    cc: tuple[tuple[str, str], ...]
    subject: str
    message_id: str
    refers_to: tuple[str, ...]  # In-Reply-To and References, newest first
    size_bytes: int
    sha256: str
    twin: bytes  # keyed hash of raw and envelope: equal for an identical retry
    attachments: tuple[AttachmentRow, ...]
    defects: tuple[str, ...]
    sealed_text: bytes
    # from its decision; empty until one is applied
    decided_by: int | None = None  # seq of the decision entry
    marketplace: str = ""
    kind: str = ""
    alias: str = ""
    tags: tuple[str, ...] = ()
    orders: tuple[OrderRef, ...] = ()
    retry_of: int | None = None
    state: str = ""  # outbound: "held", "refused", "relayed", "failed", "waiting"; inbound: "delivered", "waiting", ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRow:
    """A link as it stands now; ``by`` is the entry that made it, ``undone_by`` the one that took it back."""

    message: int
    link: Link
    by: int
    agent: str = ""  # who made it by hand
    undone_by: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    """One entry as a line of a timeline: what happened, to which message or order, by whom."""

    seq: int
    type: str
    at: datetime
    of: int | None  # the message it is about
    order: OrderRef | None
    agent: str
    summary: dict[str, Any]  # the action's payload without its secrets; small


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRow:
    """One unit of outstanding work. ``(message, number)`` names it for ever; ``task`` says what to do."""

    message: int
    number: int
    kind: JobKind
    task: dict[str, Any]
    state: JobState = "ready"
    attempts: int = 0
    next_at: datetime | None = None
    lease: str = ""  # the claimer's token; finishing needs it
    last: str = ""  # the last reply, for people
    lane: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRow:
    """One order with what is linked to it."""

    order: OrderRef
    messages: int
    first_at: datetime
    last_at: datetime
    confidence: Confidence  # the strongest of its links

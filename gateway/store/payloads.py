"""What the store reads of an entry's payload. Fields it does not know are left alone: archives outlive programs."""

import json
from datetime import datetime
from typing import Annotated, Any, Literal, TypeVar

import msgspec

from gateway.mail.authenticity.verdicts import Authenticity
from gateway.store.records import JobKind
from rules.deadlines import Deadline
from rules.facts import Confidence, FoundParcel, FoundProduct, FoundReference, Link, OrderRef

Count = Annotated[int, msgspec.Meta(ge=0, lt=1 << 53)]  # what JSON carries exactly and a BIGINT holds
Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class NewJob(msgspec.Struct, frozen=True):
    number: Count
    kind: JobKind
    task: dict[str, Any]
    due: Moment | None = None  # at once


class Read(msgspec.Struct, frozen=True):
    """The part of rules.facts.Reading that the store keeps."""

    marketplace: str = ""
    kind: str = ""
    direction: Literal["", "outbound"] = ""
    alias: str = ""
    products: tuple[FoundProduct, ...] = ()
    parcels: tuple[FoundParcel, ...] = ()
    references: tuple[FoundReference, ...] = ()
    tokens: tuple[str, ...] = ()
    people: tuple[str, ...] = ()


class Drop(msgspec.Struct, frozen=True):
    ref: str


class Known(msgspec.Struct, frozen=True):
    retry_of: Count | None = None
    dropped: tuple[Drop, ...] = ()


class Decided(msgspec.Struct, frozen=True):
    """The part of rules.facts.Decision that the store keeps; the whole stays in the archive."""

    reading: Read
    links: tuple[Link, ...] = ()
    tags: tuple[str, ...] = ()
    actions: tuple[dict[str, Any], ...] = ()
    context: Known = Known()
    clocks: tuple[Deadline, ...] = ()
    automatic: bool = False
    bounced: tuple[str, ...] | None = None
    undelivered: str = ""


class Ruling(msgspec.Struct, frozen=True):
    of: Count
    decision: Decided
    jobs: tuple[NewJob, ...] = ()
    live: bool = True
    instead_of: Count | None = None  # the decision whose place it takes, where it was made again later
    agent: str = ""  # who had it made again


class Answer(msgspec.Struct, frozen=True):
    """How one attempt went for some recipients."""

    kind: Literal["delivered", "deferred", "refused", "unknown"]
    recipients: tuple[str, ...] = ()
    reply: str = ""
    queue_id: str = ""
    remote: str = ""
    tls: str = ""


class Outcome(msgspec.Struct, frozen=True):
    of: Count
    number: Count
    attempt: Annotated[int, msgspec.Meta(ge=0, lt=1 << 31)]
    outcomes: tuple[Answer, ...] = ()
    final: bool = True
    failed: bool = False
    next_at: Moment | None = None
    remaining: tuple[str, ...] = ()  # for whom it is tried again
    jobs: tuple[NewJob, ...] = ()
    sha256: str = ""
    held: bool = False  # until a person says that it is tried again
    noted: dict[str, Any] = {}  # what later attempts must know of this one


class QueueAct(msgspec.Struct, frozen=True):
    """A person's word on a job of a message: try it now, keep it back, let it go on, or give it up."""

    of: Count
    number: Count
    do: Literal["retry", "hold", "release", "drop"]
    agent: str = ""
    reason: str = ""
    jobs: tuple[NewJob, ...] = ()


class Trusted(msgspec.Struct, frozen=True):
    servers: tuple[str, ...] = ()


class Checked(msgspec.Struct, frozen=True):
    """The part of gateway.mail.authenticity.record.Record that the store keeps."""

    of: Count
    trust: Trusted = Trusted()
    results: Authenticity = Authenticity()


class Sighting(msgspec.Struct, frozen=True):
    of: Count
    source: str = ""
    origin: str = ""


class About(msgspec.Struct, frozen=True):
    """The part that every act shares: what it is about and whose it is."""

    of: Count | None = None
    order: OrderRef | None = None
    agent: str = ""


class Tag(msgspec.Struct, frozen=True):
    of: Count
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    agent: str = ""


class Mark(msgspec.Struct, frozen=True, rename={"as_": "as"}):
    """A person's word on a clock: that no answer is needed, or was given elsewhere."""

    clock: str = ""
    as_: str = ""
    of: Count | None = None
    order: OrderRef | None = None
    undo: bool = False
    agent: str = ""


class DossierAct(msgspec.Struct, frozen=True):
    """A person's word on a dossier: what is not named stays as it is."""

    order: OrderRef | None = None
    state: Literal["open", "waiting", "closed"] | None = None
    owner: str | None = None
    hold: bool | None = None
    reason: str = ""
    agent: str = ""


class HandLink(msgspec.Struct, frozen=True):
    """A person's word on a message and an order; ``none`` is about the message alone: it belongs to no order.

    ``withdraws`` is the entry of an earlier word that was never meant: all that it changed is as before it.
    """

    of: Count
    order: OrderRef | None = None
    none: bool = False
    undo: bool = False
    withdraws: Count | None = None
    agent: str = ""
    reason: str = ""
    confidence: Confidence = "certain"


class ReportedOrder(msgspec.Struct, frozen=True):
    """One order as a report tells of it: nothing else of the report is kept."""

    order: OrderRef
    placed_at: Moment | None = None
    alias: str = ""
    products: tuple[tuple[str, str], ...] = ()  # (kind, value)
    parcels: tuple[tuple[str, str, Moment | None], ...] = ()  # (carrier, number, shipped_at)


class ReportedDays(msgspec.Struct, frozen=True):
    marketplace: str
    first_at: Moment
    last_at: Moment


class OrderReport(msgspec.Struct, frozen=True):
    orders: tuple[ReportedOrder, ...] = ()
    days: tuple[ReportedDays, ...] = ()
    agent: str = ""


class StoppedClock(msgspec.Struct, frozen=True, array_like=True):
    """A clock that stays stopped although what stopped it is erased."""

    message: Count
    name: str
    stopped_by: Count
    stopped_at: Moment
    how: str


class FetchedPlace(msgspec.Struct, frozen=True, array_like=True):
    """Where an erased message lies in an IMAP account, so that it is not fetched again."""

    by: Count
    message: Count
    place: str
    uidvalidity: Count
    uid: Count


class ErasureOrder(msgspec.Struct, frozen=True):
    """Whose keys were destroyed, and what is still to be known without them."""

    erased: tuple[tuple[Count, Count | None], ...]
    reason: str = ""
    agent: str = ""
    places: tuple[FetchedPlace, ...] = ()
    stopped: tuple[StoppedClock, ...] = ()


class Release(msgspec.Struct, frozen=True):
    of: Count
    agent: str = ""
    drop: bool = False
    jobs: tuple[NewJob, ...] = ()


_Shape = TypeVar("_Shape")


def read_payload(payload: bytes, shape: type[_Shape]) -> _Shape:
    """Return a payload as ``shape``; raises ValueError that says what is wrong with it."""
    try:
        return msgspec.json.decode(payload, type=shape)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        # A stranger's lone surrogate is legal JSON as an escape (RFC 8259 section 8.2); only the stdlib reads it.
        return msgspec.convert(json.loads(payload), shape)

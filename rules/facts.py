"""What the rules look at and what they answer: plain values, no I/O, no clock.

``read`` looks at one message alone (Facts -> Reading); ``decide`` adds what is known from before (Context) and the
seller's own rules (RuleSet) and answers with a Decision. Each can be replayed from the archive.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from rules.deadlines import Deadline

Confidence = Literal["certain", "likely", "possible"]
Method = Literal["stated", "thread", "alias", "parcel", "customer", "drop", "rule", "hand"]
Doubt = Literal["", "contradiction", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class OrderRef:
    """One order at one marketplace; ``value`` is in the marketplace's own normal form (``112-1234567-1234567``)."""

    marketplace: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachmentFact:
    """What a rule may know of an attachment; ``text`` is what could be read of it, empty where nothing was.

    ``barcodes`` are (symbology, what it says), in the order in which they were seen in a picture.
    """

    filename: str
    content_type: str
    size_bytes: int
    sha256: str
    text: str = ""
    barcodes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Authentic:
    """What was found about who sent a message, in the words of RFC 8601; ``unchecked`` where nobody has looked.

    ``proven`` are the domains that are shown to have sent it, by ``by`` (dkim, spf, arc, upstream: a trusted server,
    or list: the From field is a trusted mailing list's own, which had proven who wrote to it).
    ``told`` says that the peer is a server which tells what it found, so that its mere trust adds nothing.
    """

    result: str = "unchecked"  # pass, fail, none, temperror, permerror
    proven: tuple[str, ...] = ()
    by: str = ""
    claimed: str = ""  # the From field's domain
    reason: str = ""
    told: bool = False
    dkim: str = ""
    spf: str = ""
    dmarc: str = ""
    arc: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """One message as the rules see it. Addresses are lower-cased and bare (``a@b``); ids carry no angle brackets."""

    direction: Literal["inbound", "outbound"]
    mailbox: str = ""
    agent: str = ""
    trusted: bool = False  # handed over by a peer configured as one that has checked authenticity
    authentic: Authentic = Authentic()
    errand: bool = False  # an agent's mail to Docket alone, which asks for acts
    historical: bool = (
        False  # imported or back-filled: decided like any other, but nothing leaves the house for it
    )
    mail_from: str = ""
    null_sender: bool = (
        False  # it came over the wire without a sender, as reports do (RFC 5321 section 4.5.5)
    )
    rcpt_to: tuple[str, ...] = ()
    from_: tuple[str, ...] = ()
    from_name: str = ""
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    reply_to: tuple[str, ...] = ()
    subject: str = ""
    text: str = ""
    html: str = ""
    links: tuple[str, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    attachments: tuple[AttachmentFact, ...] = ()
    message_id: str = ""
    in_reply_to: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    attached_ids: tuple[str, ...] = ()
    size_bytes: int = 0
    occurred_at: datetime | None = None
    age_s: float = 0.0  # on its way: from its Date until it occurred; 0 where it has no Date
    language: str = ""  # "de"; "" where nobody asked or it cannot be told


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundOrder:
    """An order ID seen in a message. ``span`` is (start, end) in the part named by ``where``, as written there.

    ``where`` is ``subject``, ``text``, ``html``, ``link:N``, ``header:NAME``, ``attachment:N:name``,
    ``attachment:N:text`` or ``attachment:N:barcode``. ``confidence`` says how surely these characters are that marketplace's order ID.
    """

    order: OrderRef
    where: str
    span: tuple[int, int]
    quoted: bool = False
    confidence: Confidence = "likely"
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundProduct:
    """A product reference: ``kind`` is ``asin``, ``isbn``, ``ean``, ``sku`` or ``item``; the rest as in FoundOrder."""

    kind: str
    value: str
    where: str
    span: tuple[int, int] = (0, 0)
    quoted: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundParcel:
    """A parcel's tracking number; ``carrier`` is empty where several could have it: no name is better than a wrong one."""

    carrier: str
    number: str
    where: str
    span: tuple[int, int] = (0, 0)
    quoted: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundReference:
    """Another number with its label: ``kind`` is ``return``, ``rma``, ``claim``, ``case``, ``transaction``, ..."""

    kind: str
    value: str
    where: str
    span: tuple[int, int] = (0, 0)
    quoted: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundTerm:
    """Until when a marketplace's notice wants an answer, in its own ``words``: a length of time, or a day.

    ``hours`` or ``working_days`` is above zero where it says how long. ``until`` holds the day as ``2026-11-27``: two of them,
    the earlier first, where day and month could be either; ``at`` is a time of day, if it says one (``08:41``).
    """

    words: str
    where: str
    span: tuple[int, int]
    hours: int = 0
    working_days: int = 0
    until: tuple[str, ...] = ()
    at: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one message says, taken alone.

    ``direction`` is ``outbound`` for mail that came in but was written by somebody of ours on the marketplace's own site
    (a copy of that answer, from a sender we believe): nobody knows which agent, but the buyer has been answered.
    """

    marketplace: str = ""  # "" where none is recognised
    operator: str = ""  # which shop of a base that many run on, where the mail says so
    kind: str = ""  # one of rules/kinds.py; "" where unknown
    direction: Literal["", "outbound"] = ""
    terms: tuple[FoundTerm, ...] = ()
    alias: str = ""  # the buyer's relay address, lower-cased, without its per-message part
    orders: tuple[FoundOrder, ...] = ()
    products: tuple[FoundProduct, ...] = ()
    parcels: tuple[FoundParcel, ...] = ()
    references: tuple[FoundReference, ...] = ()
    original: str = ""  # the domain in X-Original-Sender, where only that says whose mail it is
    tokens: tuple[str, ...] = ()  # the marketplace's own names for the conversation: "amazon:case:..."
    people: tuple[
        str, ...
    ] = ()  # what tells a customer on any channel: "phone +49...", "name ann buyer, 10115"


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownLink:
    """A link that an earlier message carries: ``seq`` is that message, the newest first where several apply.

    From an order report, ``seq`` is the report's entry. ``root`` is the message that the link was first made for, where
    ``seq`` has it from another; ``stranger``: the sender took no part in that message.
    """

    order: OrderRef
    seq: int
    confidence: Confidence
    source: Literal["mail", "report"] = "mail"
    agent: str = ""  # who confirmed it by hand
    root: int | None = None
    stranger: bool = False
    open: bool = True  # something happened to the order in the last months
    why: str = ""  # what the two messages share, where that is not plain


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """What order reports say of one order."""

    order: OrderRef
    placed_at: datetime | None = None
    alias: str = ""
    parcels: tuple[tuple[str, str, datetime | None], ...] = ()  # (carrier as reported, number, shipped_at)
    products: tuple[tuple[str, str], ...] = ()  # ("sku" or "asin", value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """A message was sent to the drop address of ``ref``: the orders that may mean, and whether the sender may file there."""

    ref: str
    orders: tuple[OrderRef, ...] = ()
    sure: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSince:
    """When the first message of an order occurred."""

    order: OrderRef
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What was known before this message, from entries below its seq only, so that a replay sees the same."""

    thread: tuple[KnownLink, ...] = ()  # links of the messages it answers (In-Reply-To, References)
    alias: tuple[KnownLink, ...] = ()  # links of earlier messages with the same buyer alias
    known_orders: frozenset[OrderRef] = frozenset()  # which of the orders found were linked before
    order_since: tuple[OrderSince, ...] = ()  # of the orders above, where a rule asks for their age
    retry_of: int | None = None  # an identical submission within 24 h: archived, but not delivered again
    parcel: tuple[KnownLink, ...] = ()  # orders that a parcel named in it belongs to
    customer: tuple[KnownLink, ...] = ()  # links of earlier messages of the same person, on any channel
    reported: tuple[Reported, ...] = ()  # what order reports say of the orders found and linked
    covered: frozenset[str] = frozenset()  # marketplaces whose imported reports cover the message's day
    taken_back: frozenset[OrderRef] = frozenset()  # a person said that this message does not belong to them
    severed: frozenset[OrderRef] = frozenset()  # a person said so of a message that this one answers
    no_order: bool = False  # a person said that it belongs to no order
    dropped: tuple[Dropped, ...] = ()  # the drop addresses it was sent to


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Why a message belongs to an order. ``confidence`` weighs authenticity and context, not only the characters."""

    order: OrderRef
    method: Method
    confidence: Confidence
    reason: str
    via: int | None = (
        None  # the message whose link this one rests on: taking that back takes the ground from this
    )
    doubt: Doubt = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What the rules decided for one message; archived as an entry, so that a rebuild never decides again.

    ``actions`` are ``rules.actions`` Structs as plain dicts with a ``do`` key; ``reasons`` are the lines ``explain`` shows.
    ``books`` are the SHA-256 of every rule book and marketplace file that took part, the rule book's last.
    ``language`` is what was detected, where a rule asks for it: detecting it again years later may differ.
    """

    reading: Reading
    links: tuple[Link, ...] = ()
    tags: tuple[str, ...] = ()
    actions: tuple[dict[str, Any], ...] = ()
    reasons: tuple[str, ...] = ()
    books: tuple[str, ...] = ()
    context: Context = field(default_factory=Context)
    authentic: Authentic = Authentic()  # what was known of the sender when it was decided
    language: str = ""
    clocks: tuple[Deadline, ...] = ()  # that the message starts; none for history
    automatic: bool = False  # a program answered: that stops no clock
    bounced: tuple[str, ...] | None = None  # of a bounce: the ids of messages and the addresses that it names
    undelivered: str = ""  # of a bounce: its status and the other side's own words, on one line

"""What stands in the data files: one Struct a table. A field that is not here is an error, so that no typo is silent.

``basis`` says how well a fact is founded: ``documented`` by the marketplace or carrier, ``seen`` in real mail or in
public code, ``inferred`` by us. ``source`` says where to read it again.
"""

from typing import Literal

import msgspec

from rules.facts import Confidence

Basis = Literal["documented", "seen", "inferred"]
Weight = Literal["refuse", "hold", "warn", "off"]


class Fact(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every fact carries: how well it is founded, and where it was read."""

    basis: Basis = "inferred"
    source: str = ""


class Relay(Fact, frozen=True, kw_only=True):
    """Addresses behind which buyers stand. Group 1 of ``local``, if any, is the part that stays the buyer's."""

    domains: tuple[str, ...]
    local: str


class Kind(Fact, frozen=True, kw_only=True):
    """One kind of notice: recognised by a header's value, then by its subject, then by who sent it."""

    name: str
    header_values: tuple[str, ...] = ()
    subjects: dict[str, tuple[str, ...]] = {}  # by language
    senders: tuple[str, ...] = ()  # local parts
    by_buyers: bool = False  # its subject may also come from a buyer's relay address


class OrderShape(Fact, frozen=True, kw_only=True):
    """What an order ID looks like, and how sure its shape makes us.

    ``form`` builds the normal form from the pattern's groups (``"{1}-{2}"``); without it the match counts as it is, and
    with a group named ``id`` that group. ``where``: ``anywhere``; ``named`` only where the marketplace's own mail or its
    name stands; ``home`` only in its own mail. An empty confidence means that it does not count.
    """

    pattern: str
    form: str = ""
    where: Literal["anywhere", "named", "home"] = "anywhere"
    parts: tuple[Literal["subject", "text", "html", "link", "header", "attachment"], ...] = ()  # () is all
    bare: Confidence | Literal[""] = ""
    labelled: Confidence | Literal[""] = ""
    home: Confidence | Literal[""] = ""
    home_labelled: Confidence | Literal[""] = ""
    plain: bool = (
        False  # nothing but digits or letters: a label must stand close, and a foreign label rules it out
    )


class ProductShape(Fact, frozen=True, kw_only=True):
    """How a product is named; group 1 of ``pattern`` is the reference."""

    kind: Literal["asin", "isbn", "sku", "item"]
    pattern: str
    check: str = ""
    where: Literal["anywhere", "home"] = "anywhere"


class Frame(Fact, frozen=True, kw_only=True):
    """The lines a marketplace puts around a buyer's words; ``begin`` are their words by language."""

    begin: tuple[str, ...] = ()
    end: tuple[str, ...] = ()


class Clock(Fact, frozen=True, kw_only=True):
    """A deadline: which kinds of message start it, and how long it runs. Data only; nothing here counts."""

    name: str
    starts_on: tuple[str, ...]
    hours: float
    weekends_count: bool = True
    holidays_count: bool = True
    note: str = ""


class Policy(Fact, frozen=True, kw_only=True):
    """What may be written to this marketplace's buyers; ``checks`` maps a check's name to what follows."""

    reply_by_mail: Literal["yes", "no", "unknown"] = "unknown"
    reply_token: str = ""
    attachments_max_bytes: int = 0  # of all attachments of a message; 0 is no limit known
    attachment_types: tuple[str, ...] = ()  # file name extensions; () is none known
    link_domains: tuple[str, ...] = ()  # links that are allowed
    checks: dict[str, Weight] = {}


class Example(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"from_": "from"}
):
    """A message, and what must be read in it. Every example is a test."""

    name: str
    outbound: bool = False
    trusted: bool = False
    from_: str = ""
    to: str = ""
    reply_to: str = ""
    subject: str = ""
    text: str = ""
    html: str = ""
    headers: dict[str, str] = {}
    links: tuple[str, ...] = ()
    attachments: tuple[str, ...] = ()
    marketplace: str = ""
    kind: str = ""
    alias: str = ""
    orders: tuple[str, ...] = ()  # of this file's marketplace
    confidence: Confidence | Literal[""] = ""  # of every order found; "" does not ask
    products: tuple[str, ...] = ()  # "asin B0..."
    parcels: tuple[str, ...] = ()  # "ups 1Z..."


class MarketplaceFile(Fact, frozen=True, kw_only=True):
    """One marketplace: ``rules/marketplaces/NAME.toml``."""

    name: str
    title: str
    brand: tuple[str, ...] = ()  # words that say a text speaks of this marketplace
    relay: tuple[Relay, ...] = ()
    system: tuple[str, ...] = ()  # local parts at a relay domain that are no buyers
    notice_domains: tuple[str, ...] = ()  # whose mail is the marketplace's own
    notice_senders: tuple[str, ...] = ()  # single addresses that are
    known_by_orders: bool = False  # no address is known: an order found with its label says whose mail it is
    kind_header: str = ""
    buyer_kind: str = "buyer_message"
    kinds: tuple[Kind, ...] = ()
    labels: tuple[str, ...] = ()  # words before an order ID, besides those in phrases/orders.toml
    orders: tuple[OrderShape, ...] = ()
    products: tuple[ProductShape, ...] = ()
    frame: Frame = Frame()
    clocks: tuple[Clock, ...] = ()
    policy: Policy = Policy()
    example: tuple[Example, ...] = ()


class ParcelShape(Fact, frozen=True, kw_only=True):
    """What a tracking number looks like; ``check`` names a function of ``rules/checks.py``."""

    pattern: str
    check: str = ""
    needs_name: bool = False  # counts only where the carrier's name stands near


class CarrierFile(Fact, frozen=True, kw_only=True):
    """One carrier: ``rules/carriers/NAME.toml``; ``valid`` and ``invalid`` are numbers and are tests."""

    name: str
    title: str
    brand: tuple[str, ...] = ()
    numbers: tuple[ParcelShape, ...] = ()
    valid: tuple[str, ...] = ()
    invalid: tuple[str, ...] = ()


class OrderWords(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``phrases/orders.toml``: by language, words that announce an order ID, and words that announce another number.

    ``between`` are words that may stand between such a word and a number of nothing but digits.
    """

    order: dict[str, tuple[str, ...]] = {}
    other: dict[str, tuple[str, ...]] = {}
    between: dict[str, tuple[str, ...]] = {}


class QuoteMarks(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``phrases/quotes.toml``: lines (RE2) below which a reply quotes what it answers."""

    below: dict[str, tuple[str, ...]] = {}
    attribution: dict[str, tuple[str, ...]] = {}
    html: tuple[str, ...] = ()


class PolicyWords(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``phrases/policy.toml``: by language, patterns (RE2) of what marketplaces do not want written."""

    review_steering: dict[str, tuple[str, ...]] = {}

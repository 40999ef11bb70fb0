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
    """Addresses behind which buyers stand. Group 1 of ``local``, if any, is the part that stays the buyer's.

    An answer goes to the whole address: what comes after group 1 may be the thread's own token.
    """

    domains: tuple[str, ...]
    local: str


class Operator(Fact, frozen=True, kw_only=True):
    """One of many shops that run on the same base (Mirakl): told apart by the words in which a mail names it."""

    name: str
    title: str
    words: tuple[str, ...]


class Kind(Fact, frozen=True, kw_only=True):
    """One kind of notice: recognised by a header's value, then by its subject, then by who sent it.

    ``name`` is one of ``rules/kinds.py``. A kind may stand in several tables, one for each basis; the first table that
    matches says it.
    """

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
    bare_where: Literal["anywhere", "named"] = "anywhere"  # where the shape alone says anything
    labelled: Confidence | Literal[""] = ""
    home: Confidence | Literal[""] = ""
    home_labelled: Confidence | Literal[""] = ""
    # nothing but digits or letters: a label must stand close, and a foreign label rules it out
    plain: bool = False
    needs_digit: bool = False  # a match of letters alone is a word
    capitals: bool = False  # counts only where its letters are written as capitals
    letters: Literal["upper", "lower"] = "upper"  # of the normal form


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
    """A deadline: which kinds of message start it, and how long it runs. Data only; nothing here counts.

    ``hours`` is the shortest term that anybody documents. A mail that states a term of its own (``Reading.terms``) goes
    before it.
    """

    name: str
    starts_on: tuple[str, ...]
    hours: float
    weekends_count: bool = True
    holidays_count: bool = True
    zone: str = ""  # in which its days begin; default: the settings'
    note: str = ""


class Policy(Fact, frozen=True, kw_only=True):
    """What may be written to this marketplace's buyers; ``checks`` maps a check's name to what follows.

    Every field but ``checks`` is a fact about the marketplace, and its default says "nothing is known": a check then
    finds nothing. ``keep`` and ``reply_token`` are what must survive an answer; the token is also missed where the
    answered mail is unknown. ``proactive_days`` counts from the order (``proactive_from``) to the last day on which a
    seller may still write first; an answer to a buyer is never too late. ``forbidden`` names, for people, what else the
    marketplace's rules forbid and no check can see.
    """

    reply_by_mail: Literal["yes", "no", "unknown"] = "unknown"
    reply_token: str = ""
    keep: tuple[str, ...] = ()  # patterns (RE2) of other tokens that an answer must not lose where it quotes
    whole_address: bool = False  # the part of the address after "+" is a token: it stays in the recipient
    approved_senders_only: bool = False  # answers from an address that is not registered there are refused
    order_id_required: bool = False  # a message of ours that answers none must name its order
    subject_never: tuple[str, ...] = ()  # words that nothing of ours may put into a subject by itself
    characters_max: int = 0  # of a message's text; 0 is no limit known
    attachments_max_bytes: int = 0  # of all attachments of a message; 0 is no limit known
    attachments_max_count: int = 0  # 0 is no limit known
    attachment_types: tuple[str, ...] = ()  # file name extensions; () is none known
    link_domains: tuple[str, ...] = ()  # links that are allowed
    proactive_days: int = 0  # 0 is no limit known
    proactive_from: Literal["order", "shipment", "delivery", "completion"] = "order"
    html: Literal["kept", "stripped", "unknown"] = "unknown"
    languages: tuple[str, ...] = ()  # in which answers are wanted; () is any
    forbidden: tuple[str, ...] = ()
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
    from_name: str = ""
    subject: str = ""
    text: str = ""
    html: str = ""
    headers: dict[str, str] = {}
    links: tuple[str, ...] = ()
    attachments: tuple[str, ...] = ()
    marketplace: str = ""
    operator: str = ""
    kind: str = ""
    alias: str = ""
    terms: tuple[str, ...] = ()  # the words of each term that the mail states
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
    gives_way: bool = (
        False  # where another marketplace claims the same characters as surely, it is that one's
    )
    operators: tuple[Operator, ...] = ()  # a base that many shops run on; their words count as its brand
    kind_header: str = ""
    buyer_kind: str = "buyer_message"
    kinds: tuple[Kind, ...] = ()
    labels: tuple[str, ...] = ()  # words before an order ID, besides those in phrases/orders.toml
    orders: tuple[OrderShape, ...] = ()
    products: tuple[ProductShape, ...] = ()
    tokens: tuple[
        str, ...
    ] = ()  # patterns (RE2) of the marks in a text by which it knows a conversation again
    frame: Frame = Frame()
    clocks: tuple[Clock, ...] = ()
    policy: Policy = Policy()
    example: tuple[Example, ...] = ()


class Weighted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A check digit as most carriers make it: each character times a weight, the sum divided, the rest compared.

    Several divisors follow each other; ``complement`` compares with what is missing to the last one. ``prefix`` is put
    before a number that does not start with it.
    """

    weights: tuple[int, ...]
    modulo: tuple[int, ...] = (10,)
    complement: bool = True
    prefix: str = ""


class ParcelShape(Fact, frozen=True, kw_only=True):
    """What a tracking number looks like: ``pattern`` is the whole of it, in capitals and without spaces.

    ``check`` names a function of ``rules/checks.py`` or describes one; it looks at the group named ``checked``, else at
    all. Nothing but digits counts only where the carrier's name stands near, whatever the file says.
    """

    pattern: str
    check: str | Weighted = ""
    needs_name: bool = False  # counts only where the carrier's name stands near
    needs_label: bool = False  # ... and right after that name or a word such as "tracking"


class CarrierFile(Fact, frozen=True, kw_only=True):
    """One carrier: ``rules/carriers/NAME.toml``; ``valid`` and ``invalid`` are numbers and are tests."""

    name: str
    title: str
    brand: tuple[str, ...] = ()  # its names; never a word such as "parcel" that any mail may hold
    domains: tuple[str, ...] = ()  # whose links and mail are its own
    numbers: tuple[ParcelShape, ...] = ()
    valid: tuple[str, ...] = ()
    invalid: tuple[str, ...] = ()

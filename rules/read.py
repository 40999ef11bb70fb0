"""What one message says, taken alone: whose mail it is, which orders, products and parcels it names."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TypeVar

from rules.announcements import Announcements
from rules.compiled import Marketplace
from rules.conversation import tokens_of
from rules.customers import people_of
from rules.facts import (
    Facts,
    FoundOrder,
    FoundParcel,
    FoundProduct,
    FoundReference,
    FoundTerm,
    Reading,
)
from rules.kinds import ASKS_FOR_AN_ANSWER
from rules.marketplace import Marketplaces
from rules.orders import Scope, find_orders, strongest
from rules.parcels import find_parcels
from rules.parts import Part, parts_of
from rules.patterns import searchable
from rules.quotes import Quotes, is_forward
from rules.references import find_labelled, find_products
from rules.senders import Sender, kind_by_subject, operator_of, sender_of
from rules.spans import Spans
from rules.tables import find_in_tables
from rules.terms import find_terms

_BRAND_LOOK = 20_000  # characters of a text in which a marketplace's name is looked for
_KEEP = 100
_FILES = 100  # attachments whose names are looked at for a carrier

_F = TypeVar("_F", FoundProduct, FoundParcel, FoundReference)
_K = TypeVar("_K", str, tuple[str, str])


def read(facts: Facts, marketplaces: Marketplaces) -> Reading:
    """Read one message. Never raises for anything a stranger wrote, and its time grows with the length alone."""
    sender = sender_of(facts, marketplaces)
    scopes = _scopes(facts, marketplaces, sender.marketplace)
    spoken_of = any(scope.named and scope.market.brand_words for scope in scopes)
    orders: list[tuple[FoundOrder, int, int]] = []
    finds = _Finds()
    terms: list[FoundTerm] = []
    forwards = is_forward(facts.subject, marketplaces.words)
    own = _own_carriers(facts, marketplaces)
    for part in parts_of(facts):
        words = marketplaces.words
        quotes = Quotes(
            part,
            words,
            sender.marketplace,
            outbound=facts.direction == "outbound",
            forwards=forwards,
        )
        here: list[tuple[FoundOrder, int, int]] = []
        text = part.readable.text
        signs = marketplaces.signs_in(text)
        shapes = marketplaces.shapes_in(text) if spoken_of or "number" in signs else set()
        if shapes:
            here = list(find_orders(part, scopes, words, quotes, shapes))
            orders.extend(here)
        taken = Spans()
        for _, start, end in here:
            taken.add(start, end)
        if not part.readable.seams:
            if _states_terms(part, sender, facts):
                terms.extend(find_terms(part, words, quotes))
            for product, start, end in _products(part, scopes, shapes, quotes) if shapes else ():
                taken.add(start, end)
                finds.keep(product)
            if "column" in signs:
                for product in find_in_tables(part, words.columns, quotes):
                    finds.keep(product)
            for other, start, end in (
                find_labelled(part, words, quotes, taken) if "reference" in signs else ()
            ):
                taken.add(start, end)
                finds.keep(other)
        announced = Announcements(part, words, marketplaces.fleet)
        known = own if not part.where.endswith(":barcode") else own | _spoken(facts, marketplaces)
        for parcel in find_parcels(part, marketplaces.fleet, announced, quotes, taken, known):
            finds.keep(parcel)
    own_shops = sender.marketplace is None and not _is_mass_mail(facts)
    found = _aside(strongest(orders, marketplaces.giving_way), marketplaces, keep=own_shops)
    market, kind = _whose(facts, sender, found, marketplaces)
    return Reading(
        marketplace="" if market is None else market.name,
        operator="" if market is None else operator_of(facts, market),
        kind=kind,
        terms=tuple({(one.words, one.until): one for one in terms}.values()),
        alias=sender.alias,
        original=sender.original,
        orders=found,
        products=tuple(finds.products.values()),
        parcels=tuple(finds.parcels.values()),
        references=tuple(finds.references.values()),
        tokens=tokens_of(facts, sender.marketplace, marketplaces),
        people=people_of(facts, marketplaces, alias=sender.alias, has_order=bool(found)),
    )


def believed(reading: Reading, facts: Facts, marketplaces: Marketplaces) -> Reading:
    """Return a reading without what only an X-Original-Sender says that nobody has proven: anyone can write one."""
    if not reading.original or facts.trusted or reading.original in facts.authentic.proven:
        return reading
    market, kind = _whose(facts, Sender(), reading.orders, marketplaces)
    return replace(
        reading,
        marketplace="" if market is None else market.name,
        operator="" if market is None else operator_of(facts, market),
        kind=kind,
        alias="",
        terms=(),
        tokens=tokens_of(facts, None, marketplaces),
        people=people_of(facts, marketplaces, alias="", has_order=bool(reading.orders)),
        original="",
    )


class _Finds:
    """What is found beside orders, each number once: as it was found first, but in the sender's own words before a quote."""

    def __init__(self) -> None:
        self.products: dict[tuple[str, str], FoundProduct] = {}
        self.parcels: dict[str, FoundParcel] = {}
        self.references: dict[tuple[str, str], FoundReference] = {}

    def keep(self, found: FoundProduct | FoundParcel | FoundReference) -> None:
        match found:
            case FoundProduct():
                _keep(self.products, (found.kind, found.value), found, better=False)
            case FoundReference():
                _keep(self.references, (found.kind, found.value), found, better=False)
            case FoundParcel():
                other = self.parcels.get(found.number)
                named = other is not None and not other.carrier and bool(found.carrier)
                _keep(self.parcels, found.number, found, better=named)


def _keep(kept: dict[_K, _F], key: _K, found: _F, *, better: bool) -> None:
    other = kept.get(key)
    if other is None:
        if len(kept) < _KEEP:
            kept[key] = found
    elif better or (other.quoted and not found.quoted):
        kept[key] = found


def _scopes(facts: Facts, marketplaces: Marketplaces, own: Marketplace | None) -> tuple[Scope, ...]:
    """Return the marketplaces whose shapes are tried: the mail's own, those it names, and those found anywhere."""
    spoken = searchable(f"{facts.subject}\n{facts.from_name}\n{facts.text[:_BRAND_LOOK]}")
    named = marketplaces.named_in(spoken)
    if own is not None:
        named.add(own.name)
    tried = dict.fromkeys((*named, *(market.name for market in marketplaces.everywhere)))
    return tuple(
        Scope(market, market is own, name in named or not market.brand_words)
        for name, market in marketplaces.marketplaces.items()
        if name in tried
    )


def _states_terms(part: Part, sender: Sender, facts: Facts) -> bool:
    """Tell whether a part may say until when the marketplace wants an answer: its own notice, not a buyer's words."""
    if sender.marketplace is None or facts.direction == "outbound" or sender.kind not in ASKS_FOR_AN_ANSWER:
        return False
    if sender.alias and not sender.kind.startswith(
        "claim_"
    ):  # Mirakl tells of incidents from the buyer's own relay
        return False
    return part.kind in {"subject", "text"} or (part.kind == "html" and not facts.text)


def _aside(
    orders: tuple[FoundOrder, ...], marketplaces: Marketplaces, *, keep: bool
) -> tuple[FoundOrder, ...]:
    """Leave out what reads like an order of any shop and a marketplace claims too; without ``keep``, all of that kind."""
    claimed = {one.order.value for one in orders if one.order.marketplace not in marketplaces.giving_way}
    return tuple(
        one
        for one in orders
        if one.order.marketplace not in marketplaces.giving_way or (keep and one.order.value not in claimed)
    )


def _is_mass_mail(facts: Facts) -> bool:
    """Tell whether a mail went to a list of readers. A group's mailbox rewrites buyers' mail into one, and says so."""
    names = {name.lower() for name, _ in facts.headers}
    return "list-unsubscribe" in names and not names & {"x-original-sender", "x-google-group-id"}


def _own_carriers(facts: Facts, marketplaces: Marketplaces) -> frozenset[str]:
    """Return the carriers that this mail is from."""
    hosts = (address.rpartition("@")[2] for address in facts.from_[:5])
    return frozenset(filter(None, map(marketplaces.fleet.of_host, hosts)))


def _spoken(facts: Facts, marketplaces: Marketplaces) -> frozenset[str]:
    """Return the carriers that this mail speaks of anywhere: a label in a picture has no words around its bars."""
    names = " ".join(file.filename for file in facts.attachments[:_FILES])
    text = searchable(f"{facts.subject}\n{facts.text[:_BRAND_LOOK]}\n{names}")
    return frozenset(name for mention in marketplaces.fleet.mentions(text) for name in mention.carriers)


def _products(
    part: Part, scopes: tuple[Scope, ...], shapes: set[int], quotes: Quotes
) -> Iterator[tuple[FoundProduct, int, int]]:
    for scope in scopes:
        yield from find_products(part, scope.market, quotes, shapes, home=scope.home)


def _whose(
    facts: Facts, sender: Sender, orders: tuple[FoundOrder, ...], marketplaces: Marketplaces
) -> tuple[Marketplace | None, str]:
    """Return whose mail it is and of what kind: by its addresses, else by an order that only one marketplace can mean."""
    if sender.marketplace is not None:
        return sender.marketplace, sender.kind
    for found in orders:
        market = marketplaces.get(found.order.marketplace)
        if market is not None and market.file.known_by_orders:
            return market, "" if facts.direction == "outbound" else kind_by_subject(
                facts, market, marketplaces.words
            )
    return None, ""

"""What one message says, taken alone: whose mail it is, which orders, products and parcels it names."""

from collections.abc import Iterator

from rules.compiled import Marketplace
from rules.facts import Facts, FoundOrder, FoundParcel, FoundProduct, FoundTerm, Reading
from rules.kinds import WRITTEN_BY_US
from rules.marketplace import Marketplaces
from rules.orders import Scope, find_orders, strongest
from rules.parts import Part, parts_of
from rules.patterns import Pattern, searchable
from rules.quotes import Quotes
from rules.references import find_parcels, find_products
from rules.senders import Sender, kind_by_subject, operator_of, sender_of
from rules.terms import find_terms

_BRAND_LOOK = 20_000  # characters of a text in which a marketplace's name is looked for
_KEEP = 100


def read(facts: Facts, marketplaces: Marketplaces) -> Reading:
    """Read one message. Never raises for anything a stranger wrote, and its time grows with the length alone."""
    sender = sender_of(facts, marketplaces)
    scopes = _scopes(facts, marketplaces, sender.marketplace)
    spoken_of = any(scope.named and scope.market.brand_words for scope in scopes)
    finds: list[tuple[FoundOrder, int, int]] = []
    products: dict[tuple[str, str], FoundProduct] = {}
    parcels: dict[tuple[str, str], FoundParcel] = {}
    terms: list[FoundTerm] = []
    for part in parts_of(facts):
        here: list[tuple[FoundOrder, int, int]] = []
        number = _holds(marketplaces.any_number, part)  # most parts hold none: one look instead of three
        quotes = Quotes(part, marketplaces.words, sender.marketplace, outbound=facts.direction == "outbound")
        if spoken_of or (number and _holds(marketplaces.any_order, part)):
            here = list(find_orders(part, scopes, marketplaces.words, quotes))
            finds.extend(here)
        if part.readable.seams:
            continue
        if _states_terms(part, sender, facts):
            terms.extend(find_terms(part, marketplaces.words, quotes))
        taken = [(start, end) for _, start, end in here]
        if not number:
            continue
        for product, start, end in _products(part, scopes, marketplaces):
            taken.append((start, end))
            products.setdefault((product.kind, product.value), product)
        if _holds(marketplaces.any_parcel, part):
            for carrier in marketplaces.carriers.values():
                for parcel in find_parcels(part, carrier, taken):
                    parcels.setdefault((parcel.carrier, parcel.number), parcel)
    orders = strongest(finds, marketplaces.giving_way)
    market, kind = _whose(facts, sender, orders, marketplaces)
    return Reading(
        marketplace="" if market is None else market.name,
        operator="" if market is None else operator_of(facts, market),
        kind=kind,
        direction="outbound" if kind in WRITTEN_BY_US and facts.trusted else "",
        terms=tuple({(one.words, one.until): one for one in terms}.values()),
        alias=sender.alias,
        orders=orders,
        products=tuple(products.values())[:_KEEP],
        parcels=tuple(parcels.values())[:_KEEP],
    )


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
    market = sender.marketplace
    if market is None or sender.alias or facts.direction == "outbound":
        return False
    if part.kind == "html" and facts.text:
        return False
    return part.kind in {"subject", "text", "html"} and sender.kind in market.clock_kinds


def _products(
    part: Part, scopes: tuple[Scope, ...], marketplaces: Marketplaces
) -> Iterator[tuple[FoundProduct, int, int]]:
    if _holds(marketplaces.any_product, part):
        for scope in scopes:
            yield from find_products(part, scope.market, home=scope.home)


def _holds(any_shape: Pattern | None, part: Part) -> bool:
    return any_shape is not None and any_shape.search(part.readable.text) is not None


def _whose(
    facts: Facts, sender: Sender, orders: tuple[FoundOrder, ...], marketplaces: Marketplaces
) -> tuple[Marketplace | None, str]:
    """Return whose mail it is and of what kind: by its addresses, else by an order that only one marketplace can mean."""
    if sender.marketplace is not None:
        return sender.marketplace, sender.kind
    for found in orders:
        market = marketplaces.get(found.order.marketplace)
        if market is not None and market.file.known_by_orders:
            return market, "" if facts.direction == "outbound" else kind_by_subject(facts, market)
    return None, ""

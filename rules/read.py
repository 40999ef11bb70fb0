"""What one message says, taken alone: whose mail it is, which orders, products and parcels it names."""

from collections.abc import Iterator

from rules.compiled import Marketplace
from rules.facts import Facts, FoundOrder, FoundParcel, FoundProduct, Reading
from rules.marketplace import Marketplaces
from rules.orders import Scope, find_orders, strongest
from rules.parts import Part, parts_of
from rules.patterns import Pattern, searchable
from rules.quotes import Quotes
from rules.references import find_parcels, find_products
from rules.senders import sender_of

_BRAND_LOOK = 20_000  # characters of a text in which a marketplace's name is looked for
_KEEP = 100


def read(facts: Facts, marketplaces: Marketplaces) -> Reading:
    """Read one message. Never raises for anything a stranger wrote, and its time grows with the length alone."""
    sender = sender_of(facts, marketplaces)
    scopes = tuple(_scopes(facts, marketplaces, sender.marketplace))
    finds: list[tuple[FoundOrder, int, int]] = []
    products: dict[tuple[str, str], FoundProduct] = {}
    parcels: dict[tuple[str, str], FoundParcel] = {}
    for part in parts_of(facts):
        here: list[tuple[FoundOrder, int, int]] = []
        if _holds(marketplaces.any_order, part):
            quotes = Quotes(
                part, marketplaces.words, sender.marketplace, outbound=facts.direction == "outbound"
            )
            here = list(find_orders(part, scopes, marketplaces.words, quotes))
            finds.extend(here)
        if part.readable.seams:
            continue
        taken = [(start, end) for _, start, end in here]
        for product, start, end in _products(part, scopes, marketplaces):
            taken.append((start, end))
            products.setdefault((product.kind, product.value), product)
        if _holds(marketplaces.any_parcel, part):
            for carrier in marketplaces.carriers.values():
                for parcel in find_parcels(part, carrier, taken):
                    parcels.setdefault((parcel.carrier, parcel.number), parcel)
    orders = strongest(finds)
    return Reading(
        marketplace=_name(sender.marketplace, orders, marketplaces),
        kind=sender.kind,
        alias=sender.alias,
        orders=orders,
        products=tuple(products.values())[:_KEEP],
        parcels=tuple(parcels.values())[:_KEEP],
    )


def _scopes(facts: Facts, marketplaces: Marketplaces, own: Marketplace | None) -> Iterator[Scope]:
    spoken: str | None = None
    for market in marketplaces.marketplaces.values():
        home = market is own
        named = home or market.brand is None
        if not named and market.brand is not None:
            if spoken is None:
                spoken = searchable(f"{facts.subject}\n{facts.from_name}\n{facts.text[:_BRAND_LOOK]}")
            named = market.brand.search(spoken) is not None
        yield Scope(market, home, named)


def _products(
    part: Part, scopes: tuple[Scope, ...], marketplaces: Marketplaces
) -> Iterator[tuple[FoundProduct, int, int]]:
    if _holds(marketplaces.any_product, part):
        for scope in scopes:
            yield from find_products(part, scope.market, home=scope.home)


def _holds(any_shape: Pattern | None, part: Part) -> bool:
    return any_shape is not None and any_shape.search(part.readable.text) is not None


def _name(own: Marketplace | None, orders: tuple[FoundOrder, ...], marketplaces: Marketplaces) -> str:
    if own is not None:
        return own.name
    for found in orders:
        market = marketplaces.get(found.order.marketplace)
        if market is not None and market.file.known_by_orders:
            return market.name
    return ""

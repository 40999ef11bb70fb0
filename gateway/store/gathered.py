"""All that reports have told of an order, so that an import can tell what is new from what is known."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from gateway.store.columns import key
from gateway.store.engine import log_of
from gateway.store.report_tables import reported_days
from gateway.store.reports import BY_ORDER, COVERED, PARCELS_OF, where_of
from gateway.store.rows import chunks
from gateway.store.spelling import bare
from rules.facts import OrderRef

_EVERY = 1 << 62  # below it stands every entry


@dataclass(slots=True)
class Gathered:
    """All that reports have told of one order, so that what is new can be told from what is known."""

    known: bool = False
    placed_at: datetime | None = None
    aliases: set[str] = field(default_factory=set)
    products: set[tuple[str, str]] = field(default_factory=set)
    carriers: set[tuple[str, str]] = field(default_factory=set)  # (number without dashes, carrier)
    shipped: dict[str, datetime | None] = field(default_factory=dict)

    def learn(
        self,
        *,
        placed_at: datetime | None,
        alias: str,
        products: Iterable[tuple[str, str]],
        parcels: Iterable[tuple[str, str, datetime | None]],
    ) -> bool:
        """Take up what one line tells; tell whether any of it is new. Of two dates the earlier counts."""
        new = not self.known
        self.known = True
        if placed_at is not None and (self.placed_at is None or placed_at < self.placed_at):
            self.placed_at, new = placed_at, True
        if alias and alias not in self.aliases:
            self.aliases.add(alias)
            new = True
        for product in products:
            new = new or product not in self.products
            self.products.add(product)
        for carrier, number, shipped_at in parcels:
            one, before = bare(number), self.shipped.get(bare(number))
            if one not in self.shipped or (carrier and (one, carrier) not in self.carriers):
                new = True
            if shipped_at is not None and (before is None or shipped_at < before):
                before, new = shipped_at, True
            self.carriers.add((one, carrier))
            self.shipped[one] = before
        return new


def gathered(conn: Connection, orders: Sequence[OrderRef]) -> dict[OrderRef, Gathered]:
    """Return all that reports have told of some orders."""
    found: dict[OrderRef, Gathered] = {}
    for chunk in chunks(orders):
        where = where_of(conn, chunk, _EVERY)
        wanted = {(key(order.marketplace), key(order.value)): order for order in chunk}
        for row in conn.execute(BY_ORDER, where):
            if (order := wanted.get((row.marketplace, row.value))) is not None:
                products = [(kind, value) for kind, value in row.products]
                plain = {"placed_at": row.placed_at, "alias": row.alias, "products": products, "parcels": ()}
                found.setdefault(order, Gathered()).learn(**plain)
        for row in conn.execute(PARCELS_OF, where):
            if (order := wanted.get((row.marketplace, row.value))) is not None:
                parcels = [(row.carrier, row.number, row.shipped_at)]
                found.setdefault(order, Gathered()).learn(
                    placed_at=None, alias="", products=(), parcels=parcels
                )
    return found


def covers(conn: Connection, marketplace: str, first: datetime, last: datetime) -> bool:
    """Tell whether one report speaks for all of these days already."""
    asks = {"in_log": log_of(conn), "below": _EVERY, "asked": [marketplace], "at": first}
    return conn.execute(COVERED.where(reported_days.c.last_at >= last), asks).first() is not None

"""What a person means who names an order, or hands over a mail without saying which way it went."""

from dataclasses import replace
from typing import Literal

from rules.compiled import Marketplace
from rules.facts import Facts, OrderRef
from rules.marketplace import Marketplaces
from rules.orders import value_of
from rules.patterns import searchable
from rules.read import read
from rules.senders import sender_of


def orders_named(value: str, marketplaces: Marketplaces) -> frozenset[OrderRef]:
    """Return every order that a number could be: one for each marketplace whose shape it has.

    >>> from rules.marketplace import builtin
    >>> [ref.marketplace for ref in orders_named("112-1234567-1234567", builtin())]
    ['amazon']
    """
    found = set()
    for market in marketplaces.marketplaces.values():
        name = market.file.brand[0] if market.file.brand else market.title
        text = f"order {value}\nOrder #{value}\norder number: {value}"
        asked = Facts(direction="inbound", subject=name, text=text)
        found |= {
            one.order for one in read(asked, marketplaces).orders if one.order.marketplace == market.name
        }
    return frozenset(found)


def order_of(value: str, market: Marketplace, *, strict: bool = False) -> OrderRef | None:
    """Return the order that a number names at one marketplace, in its normal form; None where it cannot be one of its.

    A marketplace whose orders have one form has no others; elsewhere a number counts as it is written, but not ``strict``.

    >>> from rules.marketplace import builtin
    >>> order_of("11212345671234567", builtin()["amazon"]).value
    '112-1234567-1234567'
    """
    formed = False
    for compiled in market.orders:
        formed = formed or bool(compiled.shape.form)
        if strict and compiled.shape.plain:
            continue
        for written in (value, f"#{value}"):
            found = compiled.pattern.fullmatch(searchable(written))
            if found is not None:
                start, end = found.span(compiled.id_group)
                return OrderRef(marketplace=market.name, value=value_of(found, compiled, written[start:end]))
    if formed or strict:
        return None
    return OrderRef(marketplace=market.name, value=value.lstrip("#").replace(" ", "").upper())


def direction_of(facts: Facts, marketplaces: Marketplaces) -> Literal["inbound", "outbound"]:
    """Say which way a mail went: out when it goes to a buyer's relay address and does not come from a marketplace."""
    out = sender_of(replace(facts, direction="outbound"), marketplaces)
    in_ = sender_of(replace(facts, direction="inbound"), marketplaces)
    return "outbound" if out.alias and in_.marketplace is None else "inbound"

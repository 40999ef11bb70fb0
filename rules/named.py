"""What a person means who names an order, or hands over a mail without saying which way it went."""

from dataclasses import replace
from typing import Literal

from rules.facts import Facts, OrderRef
from rules.marketplace import Marketplaces
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


def direction_of(facts: Facts, marketplaces: Marketplaces) -> Literal["inbound", "outbound"]:
    """Say which way a mail went: out when it goes to a buyer's relay address and does not come from a marketplace."""
    out = sender_of(replace(facts, direction="outbound"), marketplaces)
    in_ = sender_of(replace(facts, direction="inbound"), marketplaces)
    return "outbound" if out.alias and in_.marketplace is None else "inbound"

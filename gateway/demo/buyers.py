"""Buyers and orders of the simulated marketplaces, and the aliases that hide the buyers."""

import hashlib
import re
import uuid
from dataclasses import dataclass
from typing import Literal

_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One purchase; ``product`` is the ASIN at Amazon and the item number at eBay."""

    marketplace: Literal["amazon", "ebay"]
    value: str
    buyer: str  # a name at Amazon, a user name at eBay
    title: str
    product: str
    quantity: int = 1


def alias_of(order: Order, seed: str) -> str:
    """Return the buyer's address as the seller sees it: one for each buyer, whatever the order."""
    token = token_of(seed, order.marketplace, order.buyer)
    if order.marketplace == "ebay":
        return f"{token[:20]}@members.ebay.com"
    return f"{_letters(token)[:15]}@marketplace.amazon.com"


def case_of(order: Order, seed: str) -> str:
    """Return the UUID that Amazon puts after the + of an alias: one for each conversation."""
    return str(uuid.UUID(token_of(seed, "case", order.value)[:32]))


def token_of(*parts: str) -> str:
    """Return 64 hexadecimal digits that depend on nothing but the parts, so that a demonstration can be repeated."""
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


def without_contacts(text: str) -> str:
    """Return the text as marketplaces pass it on: addresses are taken out, in both directions."""
    return _ADDRESS.sub("[e-mail address removed]", text)


def _letters(token: str) -> str:
    """Spread hexadecimal digits over letters and digits, as Amazon's aliases look."""
    alphabet = "0123456789abcdefghijklmnopqrstuvwxyz"
    return "".join(alphabet[int(token[at : at + 2], 16) % 36] for at in range(0, len(token), 2))

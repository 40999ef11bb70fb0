"""Which marketplace an address belongs to: whole domains and addresses in dictionaries, never a search for a likeness.

A domain is a marketplace's where it is the very one, or for notices where it stands below it at a dot. What merely looks
the same (another alphabet, ``xn--``, a longer name) is another key and so nobody's.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from rules.compiled import Marketplace
from rules.errors import BookError
from rules.patterns import Pattern

_ADDRESS_MAX = 320  # RFC 5321 section 4.5.3.1
_LABELS_MAX = 12


@dataclass(frozen=True, slots=True)
class Directory:
    """Relay domains, notice domains and notice addresses of every marketplace."""

    relays: dict[str, tuple[tuple[Marketplace, Pattern], ...]]
    domains: dict[str, Marketplace]
    addresses: dict[str, Marketplace]

    def relay(self, address: str) -> tuple[Marketplace, str] | None:
        """Return the marketplace whose relay an address is, with the buyer's alias: "" where no buyer stands behind it."""
        local, _, domain = plain(address).rpartition("@")
        for market, pattern in self.relays.get(domain, ()):
            if local in market.system:
                return market, ""
            found = pattern.fullmatch(local)
            if found is not None:
                groups = found.groups()
                return market, f"{groups[0] if groups and groups[0] else local}@{domain}"
        others = self.relays.get(domain)
        return (
            (others[0][0], "") if others and local else None
        )  # the domain is the marketplace's: no buyer, but its own

    def notice(self, address: str) -> Marketplace | None:
        """Return the marketplace whose own mail comes from an address."""
        address = plain(address)
        single = self.addresses.get(address)
        if single is not None:
            return single
        domain = address.rpartition("@")[2]
        for _ in range(_LABELS_MAX):
            found = self.domains.get(domain)
            if found is not None:
                return found
            _, dot, domain = domain.partition(".")
            if not dot:
                break
        return None


def plain(address: str) -> str:
    r"""Return an address as the dictionaries have it; "" where it cannot be a marketplace's: other letters, or too long.

    >>> plain("Abc@Marketplace.Amazon.DE"), plain("abc@m\u0430rketplace.amazon.de"), plain("abc@\u212aaufland.de")
    ('abc@marketplace.amazon.de', '', '')
    """
    return address.lower() if address.isascii() and len(address) <= _ADDRESS_MAX else ""


def directory_of(marketplaces: Iterable[Marketplace]) -> Directory:
    """Collect every marketplace's addresses; two that claim the same one are a BookError."""
    relays: dict[str, tuple[tuple[Marketplace, Pattern], ...]] = {}
    domains: dict[str, Marketplace] = {}
    addresses: dict[str, Marketplace] = {}
    for market in marketplaces:
        for owned, pattern in market.relays:
            for domain in owned:
                others = relays.get(domain, ())
                if any(other is not market for other, _ in others):
                    raise _taken(market, "relay.domains", domain, others[0][0])
                relays[domain] = (*others, (market, pattern))
        for field, keys, known in (
            ("notice_domains", market.file.notice_domains, domains),
            ("notice_senders", market.file.notice_senders, addresses),
        ):
            for key in keys:
                other = known.setdefault(key, market)
                if other is not market:
                    raise _taken(market, field, key, other)
    return Directory(relays, domains, addresses)


def _taken(market: Marketplace, field: str, key: str, other: Marketplace) -> BookError:
    return BookError(
        f"{market.where}, {field}: {key} is {other.title}'s already ({other.where}); "
        f'to add to that marketplace, write extends = "{other.name}" instead of a name'
    )

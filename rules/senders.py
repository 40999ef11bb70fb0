"""Whose mail is this: which marketplace, what kind of message, and which buyer stands behind the address."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from rules.compiled import CompiledKind, Marketplace
from rules.facts import Facts
from rules.marketplace import Marketplaces
from rules.patterns import searchable

_ADDRESSES_MAX = 50


@dataclass(frozen=True, slots=True)
class Sender:
    """What addresses and notice headers say; ``address`` is the one that said it."""

    marketplace: Marketplace | None = None
    kind: str = ""
    alias: str = ""
    address: str = ""


def sender_of(facts: Facts, marketplaces: Marketplaces) -> Sender:
    """Recognise the marketplace by its addresses: a relay before a notice sender, since relays are sub-domains of those.

    Inbound the senders count, outbound the recipients. ``X-Original-Sender``, which mailing lists write when they replace
    From, counts only from a trusted peer: anyone can write it.
    """
    addresses = tuple(islice((one for one in _addresses(facts) if "@" in one), _ADDRESSES_MAX))
    for address in addresses:
        for market in marketplaces.marketplaces.values():
            alias = _alias(address, market)
            if alias is None:
                continue
            kind = "" if facts.direction == "outbound" else _kind(facts, market, address, buyer=bool(alias))
            return Sender(market, kind, alias, address)
    for address in addresses:
        for market in marketplaces.marketplaces.values():
            if _is_notice(address, market):
                kind = "" if facts.direction == "outbound" else _kind(facts, market, address, buyer=False)
                return Sender(market, kind, "", address)
    return Sender()


def within(domain: str, domains: Iterable[str]) -> bool:
    """Tell whether a domain is one of these or below one of them.

    >>> within("business.amazon.de", ["amazon.de"]), within("evilamazon.de", ["amazon.de"])
    (True, False)
    """
    return any(domain == one or domain.endswith("." + one) for one in domains)


def _addresses(facts: Facts) -> Iterator[str]:
    if facts.direction == "outbound":
        yield from dict.fromkeys((*facts.to, *facts.cc, *facts.rcpt_to))
        return
    yield from facts.from_
    if facts.trusted:
        for name, value in facts.headers:
            if name.lower() == "x-original-sender":
                yield value.strip().strip("<>").lower()
    yield from facts.reply_to


def _alias(address: str, market: Marketplace) -> str | None:
    """Return the buyer's address, "" for a relay address that is no buyer's, None for any other address."""
    local, _, domain = address.lower().rpartition("@")
    for domains, pattern in market.relays:
        if domain not in domains:
            continue
        if local in market.file.system:
            return ""
        found = pattern.fullmatch(searchable(local))
        if found is not None:
            groups = found.groups()
            return f"{groups[0] if groups and groups[0] else local}@{domain}"
    return None


def _is_notice(address: str, market: Marketplace) -> bool:
    address = address.lower()
    return address in market.file.notice_senders or within(
        address.rpartition("@")[2], market.file.notice_domains
    )


def _kind(facts: Facts, market: Marketplace, address: str, *, buyer: bool) -> str:
    """Return the kind by the notice header, else by subject, else by sender; what else a buyer sends is a message."""
    header = market.file.kind_header.lower()
    if header:
        said = {value.strip() for name, value in facts.headers if name.lower() == header}
        for compiled in market.kinds:
            if said.intersection(compiled.kind.header_values):
                return compiled.kind.name
    subject = searchable(facts.subject[:1000])
    for compiled in market.kinds:
        if _subject_says(compiled, subject, buyer=buyer):
            return compiled.kind.name
    if buyer:
        return market.file.buyer_kind
    local = address.partition("@")[0]
    return next((one.kind.name for one in market.kinds if local in one.kind.senders), "")


def _subject_says(compiled: CompiledKind, subject: str, *, buyer: bool) -> bool:
    # A buyer writes what they like into a subject: only some kinds may be told from theirs.
    if compiled.subjects is None or (buyer and not compiled.kind.by_buyers):
        return False
    return compiled.subjects.search(subject) is not None

"""Whose mail is this: which marketplace, what kind of message, and which buyer stands behind the address."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice

from rules.compiled import Marketplace, Words
from rules.facts import Facts
from rules.marketplace import Marketplaces
from rules.patterns import searchable

_ADDRESSES_MAX = 50
_LOOK = 20_000  # characters of a text in which a shop's name is looked for


@dataclass(frozen=True, slots=True)
class Sender:
    """What addresses and notice headers say; ``address`` is the one that said it.

    ``original`` is its domain, where it is an X-Original-Sender that no trusted peer has let through.
    """

    marketplace: Marketplace | None = None
    kind: str = ""
    alias: str = ""
    address: str = ""
    original: str = ""


def sender_of(facts: Facts, marketplaces: Marketplaces) -> Sender:
    """Recognise the marketplace by its addresses: a relay before a notice sender, since relays are sub-domains of those.

    Inbound the senders count, outbound the recipients. ``X-Original-Sender``, which mailing lists write when they replace
    From, counts like them from a trusted peer. From others it is the last resort, and only once its domain is proven
    (rules/belief.py): anyone can write it.
    """
    sender = _among(_addresses(facts), facts, marketplaces)
    if sender.marketplace is None and facts.direction == "inbound" and not facts.trusted:
        sender = _among(_originals(facts), facts, marketplaces)
        return replace(sender, original=sender.address.rpartition("@")[2])
    return sender


def _among(found: Iterator[str], facts: Facts, marketplaces: Marketplaces) -> Sender:
    addresses = tuple(islice((one for one in found if "@" in one), _ADDRESSES_MAX))
    directory, words = marketplaces.directory, marketplaces.words
    for address in addresses:
        relay = directory.relay(address)
        if relay is not None:
            market, alias = relay
            kind = _kind_of(facts, market, address, words, buyer=bool(alias))
            return Sender(market, kind, alias, address)
    for address in addresses:
        notice = directory.notice(address)
        if notice is not None:
            return Sender(notice, _kind_of(facts, notice, address, words, buyer=False), "", address)
    return Sender()


def operator_of(facts: Facts, market: Marketplace) -> str:
    """Return which of a base's shops a mail names: in its sender's name, else its subject, else its text.

    Where one place names two, the mail does not say whose it is.
    """
    for place in (facts.from_name, facts.subject, facts.text[:_LOOK]):
        said = searchable(place)
        named = [
            one.name
            for one, words in market.operators
            if words is not None and words.search(said) is not None
        ]
        if named:
            return named[0] if len(named) == 1 else ""
    return ""


def kind_by_subject(facts: Facts, market: Marketplace, words: Words) -> str:
    """Return the kind that a subject alone says, where nothing is known of who sends a marketplace's notices."""
    subject = searchable(facts.subject[:1000])
    told = next((one.kind.name for one in market.kinds_in(subject)), "")
    return told or words.kind_in(subject)


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
        yield from _originals(facts)
    yield from facts.reply_to


def _originals(facts: Facts) -> Iterator[str]:
    for name, value in facts.headers:
        if name.lower() == "x-original-sender":
            yield value.strip().strip("<>").lower()


def _kind_of(facts: Facts, market: Marketplace, address: str, words: Words, *, buyer: bool) -> str:
    return "" if facts.direction == "outbound" else _kind(facts, market, address.lower(), words, buyer=buyer)


def _kind(facts: Facts, market: Marketplace, address: str, words: Words, *, buyer: bool) -> str:
    """Return the kind by the notice header, else by subject, else by sender; what else a buyer sends is a message.

    A subject is asked in the marketplace's own words first, then in those that any of them may use.
    """
    header = market.file.kind_header.lower()
    if header:
        said = {value.strip() for name, value in facts.headers if name.lower() == header}
        for compiled in market.kinds:
            if said.intersection(compiled.kind.header_values):
                return compiled.kind.name
    subject = searchable(facts.subject[:1000])
    for compiled in market.kinds_in(subject):
        # A buyer writes what they like into a subject: only some kinds may be told from theirs.
        if compiled.kind.by_buyers or not buyer:
            return compiled.kind.name
    if buyer:
        return market.file.buyer_kind
    local = address.partition("@")[0]
    return words.kind_in(subject) or next(
        (one.kind.name for one in market.kinds if local in one.kind.senders), ""
    )

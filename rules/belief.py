"""Whose word counts: who is shown to have sent a message, and for which marketplaces that sender may speak.

A proof of identity is not yet a right to be believed: anyone can prove to be somebody at a mailbox provider. What a message
states about an order is as sure as its words only where the proven domain is that marketplace's own.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from rules.compiled import Marketplace
from rules.facts import Authentic, Facts
from rules.marketplace import Marketplaces

NOT_AUTHENTIC = "not-authentic"  # the tag of mail that claims to be a marketplace's and is shown not to be


@dataclass(frozen=True, slots=True, kw_only=True)
class Belief:
    """``checked`` is a sender whom a trusted peer has let through without telling more; ``why`` says it in plain words."""

    checked: bool = False
    proven: bool = False
    refuted: bool = False
    marketplaces: frozenset[str] = frozenset()  # for which the proven sender speaks
    claimed: str = ""  # the marketplace that the sender claims to be, where that is refuted
    why: str = "whose identity nobody has checked"

    def speaks_for(self, marketplace: str) -> bool:
        """Tell whether what the sender says about this marketplace's orders is as good as the marketplace's word."""
        return self.checked or marketplace in self.marketplaces


def belief_of(facts: Facts, marketplaces: Marketplaces | None = None) -> Belief:
    """Weigh what was found about a sender; without ``marketplaces`` no proof speaks for any."""
    found = facts.authentic
    if found.proven:
        speaks = {market.name for domain in found.proven for market in _owners(domain, marketplaces, facts)}
        return Belief(proven=True, marketplaces=frozenset(speaks), why=f"which is proven: {found.reason}")
    if facts.trusted and not found.told:
        return Belief(checked=True, why="checked by a trusted server")
    if found.result in {"fail", "permerror"}:
        return _refuted(found, marketplaces, facts)
    said = {"none": "and nothing proves that", "temperror": "which nobody could check: DNS gave no answer"}
    return Belief(why=said.get(found.result, Belief().why))


def _refuted(found: Authentic, marketplaces: Marketplaces | None, facts: Facts) -> Belief:
    claimed = next(_owners(found.claimed, marketplaces, facts), None)
    belief = Belief(refuted=True, why=f"which {found.reason}")
    if claimed is None:
        return belief
    reason = found.reason.replace(f"claims to be from {found.claimed}", f"claims to be {claimed.title}", 1)
    return replace(belief, claimed=claimed.name, why=f"which {reason}")


def _owners(domain: str, marketplaces: Marketplaces | None, facts: Facts) -> Iterator[Marketplace]:
    """Yield the marketplaces whose mail comes from a domain: their notices, their buyers' relay, or one known address."""
    if marketplaces is None or not domain:
        return
    directory = marketplaces.directory
    yield from (market for market, _ in directory.relays.get(domain, ()))
    # The sender's own address too: some marketplaces send notices from single addresses at a domain they share.
    senders = [one for one in facts.from_ if one.rpartition("@")[2] == domain]
    yield from filter(None, map(directory.notice, (f"@{domain}", *senders)))

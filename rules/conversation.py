"""What a marketplace calls a conversation itself: the part of a relay address that is the thread's, and tokens in the text."""

from collections.abc import Iterator
from itertools import islice

from rules.compiled import Marketplace
from rules.directory import plain
from rules.facts import Facts
from rules.marketplace import Marketplaces
from rules.patterns import searchable

_ADDRESSES = 20
_TEXT = 100_000
_TOKENS = 10
_LONGEST = 160


def tokens_of(facts: Facts, market: Marketplace | None, marketplaces: Marketplaces) -> tuple[str, ...]:
    """Return the conversation tokens in a marketplace's mail, each with its marketplace's name before it."""
    if market is None:
        return ()
    found = dict.fromkeys((*_in_addresses(facts, market, marketplaces), *_in_text(facts, market)))
    return tuple(f"{market.name} {token[:_LONGEST]}" for token in islice(found, _TOKENS))


def _in_addresses(facts: Facts, market: Marketplace, marketplaces: Marketplaces) -> Iterator[str]:
    outbound = facts.direction == "outbound"
    addresses = (*facts.to, *facts.rcpt_to) if outbound else (*facts.from_, *facts.reply_to)
    for address in addresses[:_ADDRESSES]:
        owner, alias = marketplaces.directory.relay(address) or (None, "")
        if owner is market and alias:
            local, buyer = plain(address).rpartition("@")[0], alias.rpartition("@")[0]
            token = local.removeprefix(buyer).lstrip("+")
            if local != buyer and token:
                yield token


def _in_text(facts: Facts, market: Marketplace) -> Iterator[str]:
    marks = (*((market.reply_token,) if market.reply_token is not None else ()), *market.tokens)
    for text in (facts.subject, facts.text[:_TEXT]) if marks else ():
        readable = searchable(text)
        for mark in marks:
            for match in islice(mark.finditer(readable), _TOKENS):
                yield match.group()

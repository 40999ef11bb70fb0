"""What marketplaces do not want sellers to send, looked for before it leaves: every finding names the words and the way out."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from rules.book import Weight
from rules.compiled import Marketplace
from rules.facts import Facts
from rules.marketplace import Marketplaces
from rules.parts import Part, text_of_html
from rules.patterns import searchable
from rules.quotes import Quotes
from rules.readable import readable
from rules.senders import sender_of, within

# What follows where neither the seller nor the marketplace file says otherwise.
DEFAULTS: dict[str, Weight] = {
    "reply_token": "refuse",
    "reply_by_mail": "warn",
    "attachment_size": "refuse",
    "attachment_type": "warn",
    "links": "warn",
    "email_address": "warn",
    "phone_number": "warn",
    "review_steering": "warn",
}
_LOOK = 200_000
_WORDS_MAX = 5
_URL = re.compile(r"\bhttps?://([^\s/<>\"'?#]{1,253})|\bwww\.([a-z0-9.-]{3,250})", re.IGNORECASE)
_ADDRESS = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_PHONE = re.compile(
    r"(?<![\w-])(?:\+|00)[1-9](?:[ ()./-]{0,2}\d){7,13}(?![\w-])|(?<![\w-])\(?0\d{2,5}\)?[ /.-]\d(?:[ ./-]?\d){5,8}(?![\w-])"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing a policy minds: which check, what follows, the words found, and a sentence for the agent."""

    check: str
    action: Literal["refuse", "hold", "warn"]
    words: tuple[str, ...] = ()
    message: str = ""


def check_outgoing(
    facts: Facts,
    marketplaces: Marketplaces,
    answered: str = "",
    overrides: Mapping[str, str] | None = None,
) -> tuple[Finding, ...]:
    """Judge what an agent is about to send; ``answered`` is the text of the message it answers, with its tokens.

    ``overrides`` maps a check's name to ``refuse``, ``hold``, ``warn`` or ``off`` and goes before all else.
    Mail to nobody behind a marketplace's relay is nobody's business: no finding.
    """
    market = sender_of(facts, marketplaces).marketplace
    if market is None:
        return ()
    findings = []
    own = _own_words(facts, marketplaces, market)
    for check, words, why in _found(facts, marketplaces, market, answered, own):
        weight = _weight(check, market, overrides or {})
        if weight != "off":
            findings.append(_finding(check, weight, words[:_WORDS_MAX], why, market))
    return tuple(findings)


def _weight(check: str, market: Marketplace, overrides: Mapping[str, str]) -> Weight:
    said = overrides.get(check) or market.file.policy.checks.get(check)
    return said if said in {"refuse", "hold", "warn", "off"} else DEFAULTS[check]  # type: ignore[return-value]


def _finding(check: str, weight: Weight, words: tuple[str, ...], why: str, market: Marketplace) -> Finding:
    shown = ", ".join(f"“{word[:60]}”" for word in words)
    message = f"{why}{': ' + shown if shown else ''}. (check {check} of {market.title}"
    if weight == "refuse":
        message += f'; to send it all the same, change it or set {check} = "warn" under [policy]'
    elif weight == "hold":
        message += "; it waits until somebody releases it"
    return Finding(check=check, action=weight, words=words, message=message + ")")  # type: ignore[arg-type]


def _found(
    facts: Facts, marketplaces: Marketplaces, market: Marketplace, answered: str, own: str
) -> Iterator[tuple[str, tuple[str, ...], str]]:
    policy = market.file.policy
    if policy.reply_by_mail == "no":
        yield (
            "reply_by_mail",
            (),
            f"{market.title} is not known to pass mail on to buyers; answer on its site",
        )
    yield from _token(facts, market, answered)
    total = sum(file.size_bytes for file in facts.attachments)
    if policy.attachments_max_bytes and total > policy.attachments_max_bytes:
        names = tuple(file.filename for file in facts.attachments)
        limit = policy.attachments_max_bytes / 1_000_000
        yield (
            "attachment_size",
            names,
            f"the attachments have {total / 1_000_000:.1f} MB; {market.title} takes {limit:g} MB",
        )
    if policy.attachment_types:
        odd = tuple(
            file.filename
            for file in facts.attachments
            if file.filename and file.filename.rpartition(".")[2].lower() not in policy.attachment_types
        )
        if odd:
            yield "attachment_type", odd, f"{market.title} may not pass this type of file on"
    links = tuple(
        match.group()
        for match in _URL.finditer(own)
        if not within(
            (match.group(1) or match.group(2)).lower().rpartition("@")[2].partition(":")[0],
            policy.link_domains,
        )
    )
    if links:
        yield "links", links, f"{market.title} does not want links that lead elsewhere"
    addresses = tuple(one for one in _ADDRESS.findall(own) if one.lower() not in _addresses(facts))
    if addresses:
        yield "email_address", addresses, f"{market.title} does not want e-mail addresses in a message"
    phones = tuple(_PHONE.findall(own))
    if phones:
        yield "phone_number", phones, f"{market.title} does not want phone numbers in a message"
    steering = marketplaces.words.review_steering
    if steering is not None and (said := steering.search(own)) is not None:
        yield "review_steering", (said.group(),), f"{market.title} forbids steering of reviews"


def _token(facts: Facts, market: Marketplace, answered: str) -> Iterator[tuple[str, tuple[str, ...], str]]:
    if market.reply_token is None:
        return
    shown = text_of_html(facts.html[:_LOOK]).text if facts.html else ""
    everything = searchable(f"{facts.subject}\n{facts.text[:_LOOK]}\n{shown}")
    have = [match.group() for match in market.reply_token.finditer(everything)]
    wanted = [match.group() for match in market.reply_token.finditer(searchable(answered))]
    if not have:
        newest = wanted[-1:] or ["[#...#]"]
        yield (
            "reply_token",
            tuple(newest),
            f"the reference is missing that {market.title} needs to pass an answer on",
        )
    elif wanted and not set(have) & set(wanted):
        yield (
            "reply_token",
            tuple(wanted[-1:]),
            f"the reference of another message is quoted; {market.title} needs this one",
        )


def _own_words(facts: Facts, marketplaces: Marketplaces, market: Marketplace) -> str:
    """Return what the agent wrote, without what the answer quotes: the buyer's words are not ours to answer for."""
    part = Part("text", facts.text[:_LOOK], readable(facts.text[:_LOOK]))
    quotes = Quotes(part, marketplaces.words, market, outbound=True)
    lines, at = [facts.subject[:1000]], 0
    for line in part.readable.text.splitlines(keepends=True):
        if not quotes.holds(at):
            lines.append(line.rstrip("\r\n"))
        at += len(line)
    return searchable("\n".join(lines))


def _addresses(facts: Facts) -> frozenset[str]:
    return frozenset((*facts.from_, *facts.to, *facts.cc, *facts.reply_to))

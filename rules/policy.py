"""What marketplaces do not want sellers to send, looked for before it leaves: every finding names the words and the way out."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from rules.book import Weight
from rules.compiled import Marketplace
from rules.contacts import addresses_in, phones_in
from rules.facts import Facts, Reading
from rules.marketplace import Marketplaces
from rules.outlinks import outside_links, outside_targets
from rules.ownwords import LOOK, own_words
from rules.parts import text_of_html
from rules.patterns import searchable
from rules.pictures import pictures_in
from rules.senders import sender_of
from rules.weights import DEFAULTS, Settings, weigh

__all__ = ["DEFAULTS", "Asked", "Finding", "check_outgoing"]

_WORDS_MAX = 5
_HREF = re.compile(
    r"<a\b[^<>]{0,4000}?\bhref\s*=\s*(?:\"([^\"]{1,4000})\"|'([^']{1,4000})'|([^\s\"'>]{1,4000}))",
    re.IGNORECASE,
)
_PROGRAMS = frozenset(
    "exe com scr bat cmd ps1 vbs vbe js jse wsf wsh hta msi msp jar lnk reg dll pif cpl apk dmg app iso img".split()  # noqa: SIM905
)
_REGIONS = {"com": "US", "uk": "GB"}
_COUNTRY = re.compile(r"\.([a-z]{2,3})$")

_Found = tuple[str, tuple[str, ...], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What an answer answers: ``text`` of the newest message from the same people, with its tokens, and its time.

    ``ordered_at`` is when the order began, where that is known.
    """

    text: str = ""
    at: datetime | None = None
    ordered_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing a policy minds: which check, what follows, the words found, and a sentence for the agent."""

    check: str
    action: Literal["refuse", "hold", "warn"]
    words: tuple[str, ...] = ()
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """One outgoing message with all that its checks look at."""

    facts: Facts
    reading: Reading
    market: Marketplace
    marketplaces: Marketplaces
    asked: Asked
    own: str  # the agent's own words
    html: str  # the agent's own HTML
    targets: tuple[str, ...] = ()  # of the links in it
    allowed: tuple[str, ...] = field(default=())


def check_outgoing(
    facts: Facts,
    marketplaces: Marketplaces,
    asked: Asked | None = None,
    settings: Sequence[Settings] = (),
    reading: Reading | None = None,
) -> tuple[Finding, ...]:
    """Judge what an agent is about to send, by the nearest of ``settings`` that says anything.

    Mail to nobody behind a marketplace's relay is nobody's business: no finding.
    """
    market = sender_of(facts, marketplaces).marketplace
    if market is None:
        return ()
    html = _own_html(facts, marketplaces)
    own = own_words(facts, marketplaces, market)
    if html:
        own = f"{own}\n{searchable(text_of_html(html).text)}"
    targets = tuple(one or two or three for one, two, three in _HREF.findall(html))
    look = _Look(
        facts=facts,
        reading=reading or Reading(),
        market=market,
        marketplaces=marketplaces,
        asked=asked or Asked(),
        own=own,
        html=html,
        targets=targets,
        allowed=(*market.file.policy.link_domains, *(site for one in settings for site in one.allow_links)),
    )
    findings = []
    for check, words, why in _found(look):
        weight = weigh(check, market, settings)
        if weight != "off":
            distinct = tuple(dict.fromkeys(word.strip() for word in words))
            findings.append(_finding(check, weight, distinct[:_WORDS_MAX], why, market))
    return tuple(findings)


def _finding(check: str, weight: Weight, words: tuple[str, ...], why: str, market: Marketplace) -> Finding:
    shown = ", ".join(f"“{word[:60]}”" for word in words)
    message = f"{why}{': ' + shown if shown else ''}. (check {check} of {market.title}"
    if weight == "refuse":
        message += f'; to send it all the same, change it or set {check} = "warn" under [policy]'
    elif weight == "hold":
        message += "; it waits until somebody releases it"
    return Finding(check=check, action=weight, words=words, message=message + ")")  # type: ignore[arg-type]


def _found(look: _Look) -> Iterator[_Found]:
    title = look.market.title
    if look.market.file.policy.reply_by_mail == "no":
        yield "reply_by_mail", (), f"{title} is not known to pass mail on to buyers; answer on its site"
    yield from _token(look)
    yield from _kept(look)
    yield from _lengths(look)
    yield from _first_letter(look)
    yield from _files(look)
    links = (*outside_links(look.own, look.allowed), *outside_targets(look.targets, look.allowed))
    if links:
        yield "links", links, f"{title} does not want links that lead elsewhere"
    mails = tuple(one[7:].partition("?")[0] for one in look.targets if one[:7].lower() == "mailto:")
    addresses = tuple(addresses_in(f"{look.own}\n{' '.join(mails)}", _known_addresses(look)))
    if addresses:
        yield "email_address", addresses, f"{title} does not want e-mail addresses in a message"
    phones = (
        *phones_in(look.own, _regions(look), _known_numbers(look), look.marketplaces.words.phone, look.marketplaces.words.number),
        *(one[4:] for one in look.targets if one[:4].lower() in {"tel:", "sms:"}),
    )  # fmt: skip
    if phones:
        yield "phone_number", phones, f"{title} does not want phone numbers in a message"
    steering, incentives = look.marketplaces.words.review_steering, look.marketplaces.words.incentives
    if steering is not None and (said := steering.search(look.own)) is not None:
        yield "review_steering", (said.group(),), f"{title} forbids steering of reviews"
    if incentives is not None and (said := incentives.search(look.own)) is not None:
        yield "incentives", (said.group(),), f"{title} forbids rewards for reviews and advertising for more"
    yield from _pictures(look)


def _token(look: _Look) -> Iterator[_Found]:
    facts, market = look.facts, look.market
    if market.reply_token is None:
        return
    shown = text_of_html(facts.html[:LOOK]).text if facts.html else ""
    everything = searchable(f"{facts.subject}\n{facts.text[:LOOK]}\n{shown}")
    have = [match.group() for match in market.reply_token.finditer(everything)]
    wanted = [match.group() for match in market.reply_token.finditer(searchable(look.asked.text))]
    if not have:
        yield (
            "reply_token",
            tuple(wanted[-1:] or ["[#...#]"]),
            f"the reference is missing that {market.title} needs to pass an answer on",
        )
    elif wanted and not set(have) & set(wanted):
        yield (
            "reply_token",
            tuple(wanted[-1:]),
            f"the reference of another message is quoted; {market.title} needs this one",
        )


def _kept(look: _Look) -> Iterator[_Found]:
    """Other tokens of the message that is answered: an answer that quotes it must not lose them."""
    for written in look.market.keep:
        wanted = [match.group() for match in written.finditer(searchable(look.asked.text))]
        if wanted and "\n>" in look.facts.text and wanted[-1] not in look.facts.text:
            yield (
                "kept_token",
                (wanted[-1],),
                f"the quoted message has lost a mark that {look.market.title} looks for",
            )


def _lengths(look: _Look) -> Iterator[_Found]:
    policy, title = look.market.file.policy, look.market.title
    if policy.characters_max and len(look.facts.text) > policy.characters_max:
        said = f"{len(look.facts.text)} characters"
        yield "too_long", (said,), f"{title} takes {policy.characters_max} characters"
    subject = look.facts.subject.lower()
    words = tuple(word for word in policy.subject_never if word.lower() in subject)
    if words:
        yield "subject_words", words, f"{title} keeps these words of a subject for itself or for emergencies"


def _first_letter(look: _Look) -> Iterator[_Found]:
    """A letter that answers nobody: it must name its order, and not come too late."""
    now, days = look.facts.occurred_at, look.market.file.policy.proactive_days
    window = timedelta(days=days or 30)
    if look.asked.at is not None and (now is None or now - look.asked.at <= window):
        return
    if look.market.file.policy.order_id_required and not look.reading.orders:
        yield "order_id", (), "this first message to a buyer names no order"
    began = look.asked.ordered_at
    if days and now is not None and began is not None and now - began > window:
        yield (
            "too_late",
            (f"ordered {began:%Y-%m-%d}",),
            f"{look.market.title} lets sellers write first within {days} days of an order, and the buyer has not asked",
        )


def _files(look: _Look) -> Iterator[_Found]:
    policy, files, title = look.market.file.policy, look.facts.attachments, look.market.title
    total = sum(file.size_bytes for file in files)
    if policy.attachments_max_bytes and total > policy.attachments_max_bytes:
        limit = policy.attachments_max_bytes / 1_000_000
        yield (
            "attachment_size",
            tuple(file.filename for file in files),
            f"the attachments have {total / 1_000_000:.1f} MB; {title} takes {limit:g} MB",
        )
    if policy.attachments_max_count and len(files) > policy.attachments_max_count:
        names = tuple(file.filename for file in files[policy.attachments_max_count :])
        yield "attachment_count", names, f"{title} takes {policy.attachments_max_count} attachments"
    endings = {file.filename: file.filename.rpartition(".")[2].lower() for file in files if file.filename}
    programs = tuple(name for name, ending in endings.items() if ending in _PROGRAMS)
    if programs:
        yield "attachment_program", programs, "a program is attached, and no buyer should open one"
    odd = tuple(
        name
        for name, ending in endings.items()
        if ending not in policy.attachment_types and name not in programs
    )
    if policy.attachment_types and odd:
        yield "attachment_type", odd, f"{title} may not pass this type of file on"


def _pictures(look: _Look) -> Iterator[_Found]:
    if not look.html:
        return
    title, found = look.market.title, pictures_in(look.html)
    if found.pixels:
        yield "tracking_pixel", found.pixels, f"{title} forbids pictures that tell when a message is read"
    elsewhere = tuple(outside_targets(found.outside, look.allowed))
    if elsewhere:
        yield "outside_image", elsewhere, "a picture is loaded from another site when the buyer reads this"
    if found.inline:
        yield "inline_image", found.inline, f"{title} does not want pictures inside the text"


def _own_html(facts: Facts, marketplaces: Marketplaces) -> str:
    """Return the HTML up to where it begins to quote."""
    html = facts.html[:LOOK]
    marks = marketplaces.words.quote_html
    found = marks.search(searchable(html)) if marks is not None and html else None
    return html[: found.start()] if found is not None else html


def _known_addresses(look: _Look) -> frozenset[str]:
    facts, file = look.facts, look.market.file
    relays = [domain for relay in file.relay for domain in relay.domains]
    domains = (*relays, *file.notice_domains, *file.policy.link_domains)
    return frozenset(
        (*facts.from_, *facts.to, *facts.cc, *facts.reply_to, *(f"@{domain}" for domain in domains))
    )


def _known_numbers(look: _Look) -> tuple[str, ...]:
    """Return what stands in the message and is known to be no telephone number."""
    reading = look.reading
    return (
        *(found.order.value for found in reading.orders),
        *(parcel.number for parcel in reading.parcels),
        *(product.value for product in reading.products),
    )


def _regions(look: _Look) -> tuple[str, ...]:
    """Return the countries whose national numbers count: the site's that the buyer uses, and the sender's."""
    found = []
    for address in (*look.facts.to, *look.facts.rcpt_to, *look.facts.from_):
        ending = _COUNTRY.search(address.lower())
        if ending is not None:
            code = ending.group(1)
            found.append(_REGIONS.get(code, code.upper()))
    return tuple(dict.fromkeys(code for code in found if len(code) == 2))[:4]

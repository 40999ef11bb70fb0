"""What tells a customer on any channel: a real e-mail address, a telephone number, or a name with a postcode."""

import re
from collections.abc import Iterator
from itertools import islice

import phonenumbers

from rules.directory import plain
from rules.facts import Facts
from rules.marketplace import Marketplaces
from rules.patterns import compile_pattern, searchable

_TEXT = 50_000
_LINES = 9  # of a delivery address
_BLOCKS = 3
_MOST = 10
# Words before a delivery address, at the beginning of a line.
_LABEL = compile_pattern(
    r"(?im)^[ \t*>]*(?:ship(?:ping)? (?:to|address)|deliver(?:y)? (?:to|address)|lieferadresse|versandadresse|lieferanschrift"
    r"|adresse de livraison|indirizzo di (?:spedizione|consegna)|direcci[oó]n de env[ií]o|verzendadres|bezorgadres"
    r"|adres dostawy|お届け先|配送先)[ \t]*[:：]?[ \t]*$?",
    where="the words before a delivery address",
)
_POSTCODE = re.compile(
    r"\b([A-Z]{1,2}[0-9][0-9A-Z]? ?[0-9][A-Z]{2}|[0-9]{2}-[0-9]{3}|[0-9]{4} ?[A-Z]{2}|[0-9]{3}-[0-9]{4}|[0-9]{5}|[0-9]{4})\b"
)
_PHONE = re.compile(r"(?:\+|\b00)[1-9][0-9 ()/.-]{6,18}[0-9]")
_ADDRESS = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{3,190}\.[A-Za-z]{2,24}")
_NAME = re.compile(r"[^\W\d_][^\d@:<>]{2,59}")


def people_of(facts: Facts, marketplaces: Marketplaces, *, alias: str, has_order: bool) -> tuple[str, ...]:
    """Return what tells the customer behind a message that came in; nothing of our own, and no relay address."""
    if facts.direction == "outbound":
        return ()
    found: dict[str, None] = {}
    if not alias:
        found.update(dict.fromkeys(_real(facts.from_[:1], facts, marketplaces)))
    if has_order:
        for block in islice(_blocks(facts.text[:_TEXT]), _BLOCKS):
            found.update(dict.fromkeys(_of_block(block, facts, marketplaces)))
    return tuple(found)[:_MOST]


def key_of_address(address: str) -> str:
    """Return what a customer with this e-mail address is known by."""
    return f"e-mail address {plain(address)}"


def _blocks(text: str) -> Iterator[list[str]]:
    """Yield the lines of each delivery address, the name first."""
    for match in _LABEL.finditer(searchable(text)):
        lines = [line.strip() for line in text[match.end() : match.end() + 1000].splitlines()[: _LINES + 2]]
        yield [line for line in lines if line][:_LINES]


def _of_block(lines: list[str], facts: Facts, marketplaces: Marketplaces) -> Iterator[str]:
    whole = "\n".join(lines)
    name = lines[0] if lines and _NAME.fullmatch(lines[0]) else ""
    codes = [match.group(1) for line in lines[1:] for match in [*_POSTCODE.finditer(line.upper())][-1:]]
    if name and codes:
        yield f"name and postcode {' '.join(name.casefold().split())}, {codes[-1].replace(' ', '')}"
    for match in islice(_PHONE.finditer(whole), 3):
        number = _e164(match.group())
        if number:
            yield f"telephone number {number}"
    yield from _real(tuple(_ADDRESS.findall(whole)[:3]), facts, marketplaces)


def _e164(written: str) -> str:
    text = "+" + written[2:] if written.startswith("00") else written
    try:
        number = phonenumbers.parse(text, None)
    except phonenumbers.NumberParseException:
        return ""
    valid = phonenumbers.is_valid_number(number)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) if valid else ""


def _real(addresses: tuple[str, ...], facts: Facts, marketplaces: Marketplaces) -> Iterator[str]:
    """Yield addresses that are no marketplace's and none of the domain the message was sent to."""
    ours = {one.rpartition("@")[2] for one in (*facts.rcpt_to, facts.mailbox)}
    directory = marketplaces.directory
    for one in map(plain, addresses):
        theirs = "@" in one and one.rpartition("@")[2] not in ours
        if theirs and directory.relay(one) is None and directory.notice(one) is None:
            yield key_of_address(one)

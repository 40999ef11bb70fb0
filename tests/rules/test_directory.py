"""Whose an address is: the very domain, or below it at a dot for notices; what only looks like it is nobody's."""

import pytest

from rules.directory import plain
from rules.errors import BookError
from rules.facts import Facts
from rules.marketplace import builtin, builtin_texts, load_marketplaces
from rules.read import read
from rules.senders import within

LOOKALIKES = {
    "Cyrillic a": "abc@m\u0430rketplace.amazon.de",
    "Cyrillic whole": "abc@\u0430\u043c\u0430z\u043en.de",
    "Kelvin sign": "abc-0123456789ab@\u212aaufland-marktplatz.de",
    "long s": "buyer@member\u017f.ebay.de",
    "dotless i": "x@mail.f\u0131sh.amazon.de\u200b",
    "full-width": "abc@marketplace.amazon.d\uff45",
    "full-width dot": "abc@marketplace\uff0eamazon.de",
    "ideographic dot": "abc@marketplace\u3002amazon.de",
    "zero width joiner": "abc@marketplace.am\u200dazon.de",
    "punycode": "abc@xn--mrketplace-b4h.amazon.example",
    "trailing dot": "abc@marketplace.amazon.de.",
    "leading dot": "abc@.marketplace.amazon.de.evil.example",
    "another suffix": "abc@marketplace.amazon.de.evil.example",
    "another prefix": "abc@notmarketplace-amazon.de",
    "joined": "abc@xamazon.de",
    "two at signs": "abc@marketplace.amazon.de@evil.example",
    "percent route": "abc%marketplace.amazon.de@evil.example",
    "long": "a" * 400 + "@marketplace.amazon.de",
}


@pytest.mark.parametrize("address", LOOKALIKES.values(), ids=LOOKALIKES.keys())
def test_what_only_looks_like_a_marketplace_is_nobody(marketplaces, address):
    reading = read(
        Facts(direction="inbound", from_=(address,), subject="Claim Decision on Order"), marketplaces
    )
    assert (reading.marketplace, reading.alias, reading.kind) == ("", "", "")


def test_a_relay_is_a_whole_domain_and_never_one_below_it(marketplaces):
    assert marketplaces.directory.relay("abc@x.marketplace.amazon.de") is None
    assert marketplaces.directory.relay("abc@marketplace.amazon.de") is not None


def test_a_relay_below_a_notice_domain_is_a_buyer_and_not_a_notice(marketplaces):
    reading = read(Facts(direction="inbound", from_=("abc123@marketplace.amazon.it",)), marketplaces)
    assert (reading.kind, reading.alias) == ("buyer_message", "abc123@marketplace.amazon.it")
    system = read(Facts(direction="inbound", from_=("donotreply@marketplace.amazon.it",)), marketplaces)
    assert (system.marketplace, system.alias) == ("amazon", "")


def test_a_hostile_domain_of_many_labels_is_looked_at_briefly(marketplaces):
    assert marketplaces.directory.notice("x@" + "a." * 150 + "amazon.de") is None


def test_plain_takes_only_ascii():
    assert plain("A@B.example") == "a@b.example"
    assert plain("a@\u212a.example") == ""


OWN = 'name = "other"\ntitle = "Other"\n'


@pytest.mark.parametrize(
    "claim",
    [
        "[[relay]]\ndomains = ['marketplace.amazon.de']\nlocal = '(.+)'",
        "notice_domains = ['amazon.de']",
        "notice_senders = ['transaction@etsy.com']",
    ],
)
def test_two_files_cannot_claim_one_address(claim):
    with pytest.raises(BookError, match=r"other\.toml, .* is (Amazon|Etsy)'s already .*extends = "):
        load_marketplaces({**builtin_texts(), "other.toml": OWN + claim})


CLAIMED = sorted(
    {f"buyer1@{domain}" for domain in builtin().directory.relays}
    | {f"news@{domain}" for domain in builtin().directory.domains}
    | set(builtin().directory.addresses)
)
SPOOFS = {
    "below another domain": lambda local, domain: f"{local}@{domain}.evil.example",
    "joined in front": lambda local, domain: f"{local}@x{domain}",
    "with a dash in front": lambda local, domain: f"{local}@mail-{domain}",
    "with another ending": lambda local, domain: f"{local}@{domain}.co",
    "with one letter more": lambda local, domain: f"{local}@{domain}a",
    "in the local part": lambda local, domain: f"{local}.{domain}@evil.example",
    "dots for dashes": lambda local, domain: f"{local}@{domain.replace('.', '-')}.evil.example",
    "first letter from another alphabet": lambda local, domain: f"{local}@{domain.translate(_TWINS)}",
}
_TWINS = str.maketrans("aeopcyx", "\u0430\u0435\u043e\u0440\u0441\u0443\u0445")


@pytest.mark.parametrize("address", CLAIMED)
def test_no_spoof_of_any_shipped_address_is_taken_for_it(marketplaces, address):
    local, _, domain = address.partition("@")
    for name, spoof in SPOOFS.items():
        forged = spoof(local, domain)
        if forged == address:
            continue
        assert marketplaces.directory.relay(forged) is None, name
        if not within(
            forged.partition("@")[2], marketplaces.directory.domains
        ):  # xmembers.ebay.de is eBay's too
            assert marketplaces.directory.notice(forged) is None, name


def test_every_shipped_domain_is_lower_case_and_whole():
    for address in CLAIMED:
        assert address == plain(address)
        assert "." in address.partition("@")[2].strip(".")
        assert not address.partition("@")[2].startswith((".", "*"))

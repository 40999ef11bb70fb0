"""What an agent may not send to a marketplace's buyer, and how the finding says so."""

import re
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from rules.errors import BookError
from rules.facts import AttachmentFact, Facts, FoundOrder, OrderRef, Reading
from rules.marketplace import builtin_texts, load_marketplaces
from rules.policy import Asked, check_outgoing
from rules.weights import DEFAULTS, Settings, settings_of, weigh
from tests.counting import calls_of, must_end

NOW = datetime(2026, 11, 23, tzinfo=UTC)
AMAZON, EBAY, ETSY = "abc@marketplace.amazon.de", "b@members.ebay.de", "transaction@etsy.com"


def file(name="a.pdf", size=100):
    return AttachmentFact(filename=name, content_type="", size_bytes=size, sha256="")


TOKEN = "Email reference id: [#a1b2c3d4e5f6#]"
CASES = {
    # name: recipient, facts, the text answered, {check: action}
    "a plain answer": (AMAZON, {"text": "It is on its way, tracking 1Z5R89390357567127."}, "", {}),
    "somebody else": ("a@b.example", {"text": "see https://x.example a@b.example"}, TOKEN, {}),
    "ebay with its token": (EBAY, {"text": f"Hi\n> {TOKEN}"}, TOKEN, {}),
    "ebay without": (EBAY, {"text": "Hi"}, TOKEN, {"reply_token": "refuse"}),
    "ebay without, first mail unknown": (EBAY, {"text": "Hi"}, "", {"reply_token": "refuse"}),
    "ebay with another token": (EBAY, {"text": "[#ffffffffffff#]"}, TOKEN, {"reply_token": "refuse"}),
    "ebay with the token in html, broken": (EBAY, {"text": "", "html": "<p>[#a1b2<wbr>c3d4e5f6#]</p>"}, TOKEN, {}),
    "ebay with the token in the subject": (EBAY, {"subject": "Re: [#a1b2c3d4e5f6#]"}, TOKEN, {}),
    "too large": (AMAZON, {"attachments": (file(size=6_000_000), file(size=4_000_001))}, "", {"attachment_size": "refuse"}),
    "as large as may be": (AMAZON, {"attachments": (file(size=10_000_000),)}, "", {}),
    "odd type": (AMAZON, {"attachments": (file("plan.dwg"),)}, "", {"attachment_type": "warn"}),
    "a program": (AMAZON, {"attachments": (file("setup.EXE"), file("ok.pdf"))}, "", {"attachment_program": "hold"}),
    "link behind other words": (AMAZON, {"html": '<p>See <a href="https://shop.example/x">your order</a></p>'}, "", {"links": "warn"}),
    "link behind the marketplace's own name": (AMAZON, {"html": "<a href='//shop.example'>https://www.amazon.de/returns</a>"}, "", {"links": "warn"}),
    "a chat behind a link": (AMAZON, {"html": '<a href="whatsapp://send?phone=1">here</a>'}, "", {"links": "warn"}),
    "address behind a link": (AMAZON, {"html": '<a href="mailto:sales@shop.example?subject=x">mail</a>'}, "", {"email_address": "warn"}),
    "phone behind a link": (AMAZON, {"html": '<a href="tel:+491711234567">call</a>'}, "", {"phone_number": "warn"}),
    "link home in html": (AMAZON, {"html": '<a href="https://www.amazon.de/gp/x">x</a> <a href="#top">up</a>'}, "", {}),
    "link in quoted html": (AMAZON, {"html": '<p>Hi</p><blockquote><a href="https://shop.example/">x</a></blockquote>'}, "", {}),
    "words in html alone": (AMAZON, {"html": "<p>write to sales&#64;shop.exa<b></b>mple</p>"}, "", {"email_address": "warn"}),
    "tracking pixel": (AMAZON, {"html": '<img src="https://t.example/o.gif" width="1" height=1>'}, "", {"tracking_pixel": "warn"}),
    "hidden tracking pixel": (AMAZON, {"html": '<img src="//t.example/o.gif" style="display: none">'}, "", {"tracking_pixel": "warn"}),
    "logo from outside": (AMAZON, {"html": '<img src="https://shop.example/logo.png" width="120">'}, "", {"outside_image": "warn"}),
    "background from outside": (AMAZON, {"html": "<td style=\"background: url('https://t.example/b.png')\">x</td>"}, "", {"outside_image": "warn"}),
    "picture from the marketplace": (AMAZON, {"html": '<img src="https://m.amazon.de/logo.png">'}, "", {}),
    "picture sent along, allowed by default": (EBAY, {"text": f"> {TOKEN}", "html": '<img src="cid:logo"><img src="data:image/png;base64,AA">'}, TOKEN, {}),
    "link": (AMAZON, {"text": "see https://shop.example/sale"}, "", {"links": "warn"}),
    "link without scheme": (AMAZON, {"text": "see www.shop.example"}, "", {"links": "warn"}),
    "link home": (AMAZON, {"text": "see https://www.amazon.de/gp/help"}, "", {}),
    "link that looks like home": (AMAZON, {"text": "https://amazon.de.evil.example/ http://amazon.de@evil.example"}, "", {"links": "warn"}),
    "link in quoted text": (AMAZON, {"text": "Hi\n> https://shop.example/sale a@b.example"}, "", {}),
    "address": (AMAZON, {"text": "write to sales@shop.example"}, "", {"email_address": "warn"}),
    "the buyer's own address": (AMAZON, {"text": f"to {AMAZON}"}, "", {}),
    "phone": (AMAZON, {"text": "call +49 (171) 123-4567"}, "", {"phone_number": "warn"}),
    "national phone": (AMAZON, {"text": "call 0171 1234567"}, "", {"phone_number": "warn"}),
    "an order is no phone": (AMAZON, {"text": "order 028-1234567-1234567, 12.05.2026, 1234567890"}, "", {}),
    "review steering": (AMAZON, {"text": "Please leave us a positive review!"}, "", {"review_steering": "warn"}),
    "review steering, german": (AMAZON, {"text": "Bitte ändern Sie die Bewertung, gute Bewertung"}, "", {"review_steering": "warn"}),
    "a review is not steering": (AMAZON, {"text": "I read your review and I am sorry."}, "", {}),
    "no way by mail": (ETSY, {"text": "Hi"}, "", {"reply_by_mail": "warn"}),
}  # fmt: skip


@pytest.mark.parametrize("to, facts, answered, expected", CASES.values(), ids=CASES.keys())
def test_findings(marketplaces, to, facts, answered, expected):
    found = check_outgoing(
        Facts(direction="outbound", to=(to,), **facts), marketplaces, Asked(text=answered, at=NOW)
    )
    assert {one.check: one.action for one in found} == expected


def test_settings_go_before_all_else_the_nearest_first(marketplaces):
    facts = Facts(direction="outbound", to=(EBAY,), text="https://x.example a@b.example +49 171 1234567")
    mailbox = Settings(checks={"reply_token": "hold"}, marketplaces={"ebay": {"links": "off"}})
    everywhere = Settings(
        checks={"links": "refuse", "email_address": "refuse", "reply_token": "warn"},
        marketplaces={"amazon": {"phone_number": "refuse"}},
    )
    found = check_outgoing(facts, marketplaces, Asked(text=TOKEN, at=NOW), (mailbox, everywhere))
    assert [(one.check, one.action) for one in found] == [
        ("reply_token", "hold"),
        ("email_address", "refuse"),
        ("phone_number", "warn"),
    ]


def test_sites_that_a_seller_allows_are_no_links(marketplaces):
    facts = Facts(
        direction="outbound", to=(AMAZON,), text="https://www.dhl.de/track/1 nolp.dhl.de/2 https://dhl.de.evil.example"
    )  # fmt: skip
    (one,) = check_outgoing(facts, marketplaces, Asked(at=NOW), (Settings(allow_links=("dhl.de",)),))
    assert one.words == ("https://dhl.de.evil.example",)


def test_what_a_marketplace_has_not_documented_never_refuses_by_itself(marketplaces):
    refusing = {
        (market.name, check)
        for market in marketplaces.marketplaces.values()
        for check in DEFAULTS
        if weigh(check, market, ()) == "refuse" and market.file.policy.basis != "documented"
    }
    assert refusing == set()


LETTERS = {
    # name: asked, orders named, the checks that mind
    "an answer": (Asked(at=NOW - timedelta(days=1), ordered_at=NOW - timedelta(days=90)), False, set()),
    "a first letter in time": (Asked(ordered_at=NOW - timedelta(days=29)), True, set()),
    "a first letter that names none": (Asked(ordered_at=NOW - timedelta(days=29)), False, {"order_id"}),
    "a first letter too late": (Asked(ordered_at=NOW - timedelta(days=31)), True, {"too_late"}),
    "an answer to what was asked last year": (Asked(at=NOW - timedelta(days=300), ordered_at=NOW - timedelta(days=310)), True, {"too_late"}),
    "an order nobody knows": (Asked(), True, set()),
}  # fmt: skip


@pytest.mark.parametrize("asked, named, minded", LETTERS.values(), ids=LETTERS.keys())
def test_a_first_letter_names_its_order_and_does_not_come_too_late(marketplaces, asked, named, minded):
    order = FoundOrder(
        order=OrderRef(marketplace="amazon", value="302-1234567-7654321"), where="text", span=(0, 19)
    )
    reading = Reading(orders=(order,) if named else ())
    facts = Facts(direction="outbound", to=(AMAZON,), text="Hello", occurred_at=NOW)
    settings = (Settings(checks={"order_id": "warn"}),)
    assert {one.check for one in check_outgoing(facts, marketplaces, asked, settings, reading)} == minded


def test_a_refusal_says_which_words_which_check_and_how_to_send_all_the_same(marketplaces):
    (one,) = check_outgoing(
        Facts(direction="outbound", to=(EBAY,), text="Hi"), marketplaces, Asked(text=TOKEN, at=NOW)
    )
    assert one.words == ("[#a1b2c3d4e5f6#]",)
    assert "“[#a1b2c3d4e5f6#]”" in one.message
    assert "check reply_token of eBay" in one.message
    assert 'reply_token = "warn" under [policy]' in one.message


def test_every_check_can_be_switched_off(marketplaces):
    facts = Facts(
        direction="outbound",
        to=(EBAY,),
        text="https://x.example a@b.example +49 171 1234567 with five stars, coupon for your next order",
        html='<img src="https://x.example/1.gif" width=1><img src="cid:1">',
        attachments=(file("a.exe"),),
    )
    assert len(check_outgoing(facts, marketplaces, Asked(text=TOKEN, at=NOW))) > 6
    off = (Settings(checks=dict.fromkeys(DEFAULTS, "off")),)
    assert check_outgoing(facts, marketplaces, Asked(text=TOKEN, at=NOW), off) == ()


SETTINGS = {
    "misspelt check": ({"linsk": "warn"}, "did you mean `links`"),
    "misspelt check of a marketplace": ({"amazon": {"phone_numbr": "warn"}}, "policy.amazon: there is no check 'phone_numbr'; did you mean `phone_number`"),
    "wrong weight": ({"links": "block"}, "'block' is none of refuse, hold, warn, off"),
    "sites that are no list": ({"allow_links": "dhl.de"}, "allow_links: a list of sites"),
}  # fmt: skip


@pytest.mark.parametrize("raw, words", SETTINGS.values(), ids=SETTINGS.keys())
def test_wrong_settings_say_what_was_meant(raw, words):
    with pytest.raises(BookError, match=re.escape(words)):
        settings_of(raw, where="policy")


LIMITS = """
name = "lamps"
title = "Lamps"
[[relay]]
domains = ["relay.lamps.example"]
local = '.*'
[policy]
keep = ['ref-[0-9]{4}']
order_id_required = true
subject_never = ["[Important]"]
characters_max = 20
attachments_max_count = 1
attachments_max_bytes = 10
"""
LIMITED = {
    "nothing to mind": ({"text": "Hi"}, Asked(at=NOW), {}),
    "a first letter that names no order": ({"text": "Hi"}, Asked(), {"order_id": "warn"}),
    "too long": ({"text": "x" * 21}, Asked(at=NOW), {"too_long": "warn"}),
    "too many files": ({"attachments": (file(size=1), file("b.pdf", 1))}, Asked(at=NOW), {"attachment_count": "warn"}),
    "too large, but nobody documented it": ({"attachments": (file(size=11),)}, Asked(at=NOW), {"attachment_size": "warn"}),
    "a word that is theirs": ({"subject": "[important] Hi"}, Asked(at=NOW), {"subject_words": "warn"}),
    "a quote without its mark": ({"text": "Hi\n> quote"}, Asked(at=NOW, text="ref-1234"), {"kept_token": "warn"}),
    "a quote with its mark": ({"text": "Hi\n> ref-1234"}, Asked(at=NOW, text="ref-1234"), {}),
    "no quote, no mark": ({"text": "Hi"}, Asked(at=NOW, text="ref-1234"), {}),
}  # fmt: skip


@pytest.mark.parametrize("facts, asked, expected", LIMITED.values(), ids=LIMITED.keys())
def test_what_a_marketplace_file_sets_is_kept(facts, asked, expected):
    known = load_marketplaces({**builtin_texts(), "lamps.toml": LIMITS})
    facts = Facts(direction="outbound", to=("b@relay.lamps.example",), **facts)
    assert {one.check: one.action for one in check_outgoing(facts, known, asked)} == expected


HOSTILE = {
    "dots": "a." * 100_000, "digits": "1 " * 100_000, "long digits": "1234567890" * 20_000, "at signs": "a@" * 100_000,
    "dashes": "a-" * 100_000, "phones": "+49 171 1234567 " * 12_000, "links": "x.shop " * 28_000, "at words": "a at b dot " * 18_000,
    "brackets": "a (at) " * 28_000, "review": "review " * 28_000, "zero width": "\u200b" * 200_000,
}  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_no_text_takes_long(marketplaces, text):
    with must_end():
        _judged(text, marketplaces)
    one, two = (calls_of(partial(_judged, text[:size], marketplaces)) for size in (15_000, 30_000))
    print(one, two)
    assert two < 2.2 * one + 1000


def _judged(text, marketplaces):
    check_outgoing(Facts(direction="outbound", to=(AMAZON,), text=text), marketplaces)
    check_outgoing(Facts(direction="outbound", to=(AMAZON,), html=f"<p>{text}<img {text}"), marketplaces)

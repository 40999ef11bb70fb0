"""What an agent may not send to a marketplace's buyer, and how the finding says so."""

import pytest

from rules.facts import AttachmentFact, Facts
from rules.policy import DEFAULTS, check_outgoing

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
    "odd type": (AMAZON, {"attachments": (file("setup.EXE"),)}, "", {"attachment_type": "warn"}),
    "link": (AMAZON, {"text": "see https://shop.example/sale"}, "", {"links": "warn"}),
    "link without scheme": (AMAZON, {"text": "see www.shop.example"}, "", {"links": "warn"}),
    "link home": (AMAZON, {"text": "see https://www.amazon.de/gp/help"}, "", {}),
    "link that looks like home": (AMAZON, {"text": "https://amazon.de.evil.example/ http://amazon.de@evil.example"}, "", {"links": "warn", "email_address": "warn"}),
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
    found = check_outgoing(Facts(direction="outbound", to=(to,), **facts), marketplaces, answered)
    assert {one.check: one.action for one in found} == expected


def test_an_override_goes_before_all_else(marketplaces):
    facts = Facts(direction="outbound", to=(EBAY,), text="https://x.example")
    found = check_outgoing(facts, marketplaces, TOKEN, {"reply_token": "hold", "links": "off"})
    assert [(one.check, one.action) for one in found] == [("reply_token", "hold")]


def test_a_refusal_says_which_words_which_check_and_how_to_send_all_the_same(marketplaces):
    (one,) = check_outgoing(Facts(direction="outbound", to=(EBAY,), text="Hi"), marketplaces, TOKEN)
    assert one.words == ("[#a1b2c3d4e5f6#]",)
    assert "“[#a1b2c3d4e5f6#]”" in one.message
    assert "check reply_token of eBay" in one.message
    assert 'reply_token = "warn" under [policy]' in one.message


def test_every_check_can_be_switched_off(marketplaces):
    facts = Facts(
        direction="outbound", to=(EBAY,), text="https://x.example a@b.example +49 171 1234567 five stars"
    )
    assert check_outgoing(facts, marketplaces, TOKEN, dict.fromkeys(DEFAULTS, "off")) == ()

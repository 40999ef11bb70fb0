"""What a proof of the sender is worth for a link, and what a refutation costs."""

import pytest

from rules.belief import NOT_AUTHENTIC, belief_of
from rules.decide import decide
from rules.facts import Authentic, Context, Facts, FoundOrder, KnownLink, OrderRef, Reading
from rules.marketplace import builtin
from rules.ruleset import load_ruleset

MARKETS = builtin()
AMAZON = OrderRef(marketplace="amazon", value="302-4937261-8841957")
EBAY = OrderRef(marketplace="ebay", value="12-34567-00001")
RELAY = "k3jx9v@marketplace.amazon.de"
NO_RULES = load_ruleset("")


def proven(domain, by="dkim"):
    return Authentic(result="pass", proven=(domain,), by=by, claimed=domain, reason=f"signed by {domain}")


def failed(domain):
    reason = f"claims to be from {domain}, but its signature does not verify: the body is not the one that was signed"
    return Authentic(result="fail", claimed=domain, reason=reason)


def decided(authentic, *, from_=RELAY, order=AMAZON, trusted=False, thread=(), alias=(), stated=True):
    found = FoundOrder(
        order=order, where="text", span=(0, 1), confidence="certain", reason="the text says so"
    )
    return decide(
        Facts(direction="inbound", from_=(from_,), trusted=trusted, authentic=authentic),
        Reading(marketplace="amazon", alias=RELAY, orders=(found,) if stated else ()),
        Context(
            thread=tuple(KnownLink(order=one, seq=1, confidence="certain") for one in thread),
            alias=tuple(KnownLink(order=one, seq=1, confidence="certain") for one in alias),
        ),
        NO_RULES,
        MARKETS,
    )


STATED = {
    # name: what was found, more, confidence, words of the reason
    "nobody has looked": (Authentic(), {}, "possible", "whose identity nobody has checked"),
    "the marketplace's relay": (proven("marketplace.amazon.de"), {}, "certain", "which is proven: signed by marketplace.amazon.de"),
    "the marketplace's notices": (proven("amazon.com"), {"from_": "no-reply@amazon.com"}, "certain", "which is proven"),
    "a domain that only sounds like it": (proven("evilamazon.de"), {"from_": "a@evilamazon.de"}, "possible", "not the marketplace's address"),
    "a stranger who can prove to be himself": (proven("mail.example"), {"from_": "a@mail.example"}, "possible", "not the marketplace's address"),
    "a stranger behind the marketplace's Reply-To": (proven("mail.example"), {}, "possible", "not the marketplace's address"),
    "another marketplace": (proven("members.ebay.com"), {"from_": "a@members.ebay.com"}, "possible", "not the marketplace's address"),
    "amazon about ebay's order": (proven("amazon.de"), {"order": EBAY}, "possible", "not the marketplace's address"),
    "a forger": (failed("marketplace.amazon.de"), {}, "possible", "claims to be Amazon, but its signature does not verify"),
    "a forger of nobody we know": (failed("mail.example"), {"from_": "a@mail.example"}, "possible", "claims to be from mail.example"),
    "nothing to go by": (Authentic(result="none"), {}, "possible", "nothing proves that"),
    "a silent DNS": (Authentic(result="temperror"), {}, "possible", "DNS gave no answer"),
    "a trusted peer that tells nothing": (Authentic(result="none"), {"trusted": True}, "certain", "checked by a trusted server"),
    "a trusted peer that tells that it found nothing": (Authentic(result="none", told=True), {"trusted": True}, "possible", "nothing proves that"),
    "a trusted peer that tells of a forgery": (Authentic(result="fail", told=True, claimed="amazon.de", reason="claims to be from amazon.de, but is not"), {"trusted": True}, "possible", "claims to be Amazon, but is not"),
}  # fmt: skip


@pytest.mark.parametrize(("found", "more", "confidence", "words"), STATED.values(), ids=STATED)
def test_a_stated_order_is_as_sure_as_its_sender_is_proven_to_be_the_marketplace(
    found, more, confidence, words
):
    decision = decided(found, **more)
    (link,) = decision.links
    assert link.confidence == confidence
    assert words in link.reason
    assert decision.authentic == found


CONTEXTS = {
    "the thread's, from the marketplace": (proven("marketplace.amazon.de"), {"thread": [AMAZON]}, "certain"),
    "the thread's, from a proven stranger": (proven("mail.example"), {"thread": [AMAZON]}, "likely"),
    "the thread's, from a forger": (failed("marketplace.amazon.de"), {"thread": [AMAZON]}, "possible"),
    "the buyer's only one, from the marketplace": (
        proven("marketplace.amazon.de"),
        {"alias": [AMAZON]},
        "likely",
    ),
    "the buyer's only one, from a proven stranger": (proven("mail.example"), {"alias": [AMAZON]}, "possible"),
    "the buyer's only one, from a forger": (failed("marketplace.amazon.de"), {"alias": [AMAZON]}, "possible"),
}


@pytest.mark.parametrize(("found", "more", "confidence"), CONTEXTS.values(), ids=CONTEXTS)
def test_a_link_that_is_not_stated_weighs_the_sender_too(found, more, confidence):
    assert [link.confidence for link in decided(found, stated=False, **more).links] == [confidence]


def test_mail_in_a_marketplaces_name_that_is_not_its_own_is_tagged_so_that_rules_can_act():
    book = load_ruleset(
        '[[rule]]\nname = "forged"\nwhen = { authenticity = "fail", tag = "not-authentic" }\nthen = [{ do = "tag", name = "seen" }]'
    )
    facts = Facts(direction="inbound", from_=(RELAY,), authentic=failed("marketplace.amazon.de"))
    decision = decide(facts, Reading(), Context(), book, MARKETS)
    assert decision.tags == (NOT_AUTHENTIC, "seen")
    assert "claims to be Amazon, but its signature does not verify" in decision.reasons[0]
    other = decide(
        Facts(direction="inbound", from_=("a@mail.example",), authentic=failed("mail.example")),
        Reading(), Context(), book, MARKETS,
    )  # fmt: skip
    assert other.tags == ()


def test_a_rule_of_the_sellers_own_may_take_a_proven_sender_at_their_word():
    book = load_ruleset(
        '[[rule]]\nname = "shop"\nthen = [{ do = "link", marketplace = "shop", pattern = "#([0-9]+)", in = "subject" }]'
    )

    def confidence(authentic):
        facts = Facts(
            direction="inbound", from_=("a@shop.example",), subject="Order #1234", authentic=authentic
        )
        return decide(facts, Reading(), Context(), book, MARKETS).links[0].confidence

    assert confidence(proven("shop.example")) == "likely"
    assert confidence(Authentic()) == confidence(failed("shop.example")) == "possible"


def test_without_marketplaces_no_proof_speaks_for_any():
    belief = belief_of(Facts(direction="inbound", from_=(RELAY,), authentic=proven("marketplace.amazon.de")))
    assert (belief.proven, belief.speaks_for("amazon")) == (True, False)

"""Whose mail it is: exact domains, relays before notices, and nothing on a stranger's word."""

from dataclasses import replace

import pytest

from rules.facts import Authentic, Facts
from rules.read import believed, read
from rules.senders import within

UUID = "0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f"
INBOUND = {
    "amazon buyer": ("abc123def456ghi@marketplace.amazon.it", "amazon", "abc123def456ghi@marketplace.amazon.it"),
    "amazon buyer with a case": (f"abc123def456ghi+{UUID}@marketplace.amazon.it", "amazon", "abc123def456ghi@marketplace.amazon.it"),
    "amazon buyer in capitals": ("ABC123DEF456GHI@MARKETPLACE.AMAZON.IT", "amazon", "abc123def456ghi@marketplace.amazon.it"),
    "amazon system address": ("no-reply@marketplace.amazon.com", "amazon", ""),
    "amazon notice": ("donotreply@amazon.com", "amazon", ""),
    "amazon business notice": ("shipment-tracking@business.amazon.de", "amazon", ""),
    "ebay buyer": ("0123456789abcdef0123@members.ebay.com", "ebay", "0123456789abcdef0123@members.ebay.com"),
    "walmart buyer": ("0123456789ABCDEF0123456789ABCDEF@relay.walmart.com", "walmart", "0123456789abcdef0123456789abcdef@relay.walmart.com"),
    "etsy notice": ("transaction@etsy.com", "etsy", ""),
    "etsy person": ("someone@etsy.com", "etsy", ""),
    "shopify contact form": ("mailer@shopify.com", "shopify", ""),
    "evil suffix": ("abc123def456ghi@marketplace.amazon.co.uk.evil.example", "", ""),
    "evil prefix": ("abc123def456ghi@finto-marketplace.amazon.it.co", "", ""),
    "evil joined": ("abc123def456ghi@evilmarketplace-amazon.it", "", ""),
    "evil joined to a notice domain": ("x@evilamazon.it", "", ""),
    "evil relay sub-domain": ("buyer@x.members.ebay.com.evil", "", ""),
    "an address with a forged local part": ("marketplace.amazon.it@evil.example", "", ""),
    "no address": ("", "", ""),
    "no at sign": ("amazon.com", "", ""),
}  # fmt: skip


@pytest.mark.parametrize("address, marketplace, alias", INBOUND.values(), ids=INBOUND.keys())
def test_inbound_by_sender(marketplaces, address, marketplace, alias):
    reading = read(Facts(direction="inbound", from_=(address,)), marketplaces)
    assert (reading.marketplace, reading.alias) == (marketplace, alias)


def test_reply_to_counts_where_from_says_nothing(marketplaces):
    facts = Facts(direction="inbound", from_=("x@own.example",), reply_to=("abc@marketplace.amazon.de",))
    assert read(facts, marketplaces).alias == "abc@marketplace.amazon.de"


def test_a_relay_address_goes_before_a_notice_sender(marketplaces):
    facts = Facts(
        direction="inbound", from_=("donotreply@amazon.de",), reply_to=("abc@marketplace.amazon.de",)
    )
    assert read(facts, marketplaces).alias == "abc@marketplace.amazon.de"


LIST = Facts(
    direction="inbound",
    from_=("group@own.example",),
    headers=(("X-Original-Sender", "<abc@marketplace.amazon.de>"),),
)
ALIAS = "abc@marketplace.amazon.de"


@pytest.mark.parametrize(
    ("trusted", "proven", "said"),
    [
        (True, (), ("amazon", ALIAS)),
        (False, ("own.example", "marketplace.amazon.de"), ("amazon", ALIAS)),
        (False, ("own.example",), ("", "")),
        (False, (), ("", "")),
    ],
)
def test_the_original_sender_of_a_list_counts_once_it_is_proven(marketplaces, trusted, proven, said):
    facts = replace(LIST, trusted=trusted, authentic=Authentic(proven=proven))
    reading = believed(read(facts, marketplaces), facts, marketplaces)
    assert (reading.marketplace, reading.alias) == said


def test_an_original_sender_that_nobody_has_proven_hides_nothing_else(marketplaces):
    facts = replace(LIST, subject="Retoure angemeldet: Auftrags-Nr. b7x4k2m9q1 bei OTTO")
    plain = read(replace(facts, headers=()), marketplaces)
    assert (plain.marketplace, plain.kind) == ("otto", "return_request")
    assert read(facts, marketplaces).marketplace == "amazon"
    assert believed(read(facts, marketplaces), facts, marketplaces) == plain
    answered = replace(facts, reply_to=("b@members.ebay.de",))
    assert read(answered, marketplaces).marketplace == "ebay"


def test_outbound_the_recipients_count_and_the_sender_does_not(marketplaces):
    facts = Facts(direction="outbound", from_=("donotreply@amazon.de",), rcpt_to=("b@members.ebay.de",))
    reading = read(facts, marketplaces)
    assert (reading.marketplace, reading.alias, reading.kind) == ("ebay", "b@members.ebay.de", "")


KINDS = {
    "header": ("donotreply@amazon.com", {"X-Space-Notification-Type": "REFUND_ISSUED"}, "Anything", "refund_issued"),
    "header before subject": ("donotreply@amazon.com", {"x-space-notification-type": " RETURN_REQUEST "}, "Refund initiated for order", "return_request"),
    "unknown header value": ("donotreply@amazon.com", {"X-Space-Notification-Type": "NEW_THING"}, "Refund initiated for order", "refund_issued"),
    "subject": ("atoz-guarantee-no-reply@amazon.com", {}, "Claim Decision on Order 1", "claim_closed"),
    "subject, german": ("atoz-guarantee-no-reply@amazon.de", {}, "Neuer A-bis-z-Garantieantrag für Bestellung", "claim_opened"),
    "sender": ("atoz-guarantee-no-reply@amazon.com", {}, "Something", "claim_opened"),
    "decision before inquiry": ("cb-seller-query@amazon.com", {}, "1, Amazon.com Chargeback Dispute Funding Decision", "chargeback_closed"),
    "opted out": ("auto-communication@amazon.com", {"X-Space-Notification-Type": "BUYER_OPTED_OUT_BSM_MESSAGES"}, "x", "not_delivered"),
    "sold": ("seller-notification@amazon.de", {}, "Verkauft, jetzt versenden: Lampe", "sold"),
    "an invented type": ("donotreply@amazon.com", {"X-Space-Notification-Type": "BUYER_MESSAGE"}, "x", ""),
    "a buyer cannot open a claim by a subject": ("abc@marketplace.amazon.com", {}, "A-to-z Guarantee Claim", "buyer_message"),
    "a buyer asks to cancel": ("abc@marketplace.amazon.com", {}, "Order cancellation request from Amazon customer", "cancellation_request"),
    "a stranger's header says nothing": ("a@b.example", {"X-Space-Notification-Type": "REFUND_ISSUED"}, "Refund initiated for order", ""),
}  # fmt: skip


COMMON = {
    "en": {
        "You sold: leather phone case": "sold",
        "Your message to the buyer could not be delivered": "not_delivered",
        "A chargeback was opened for order #10482": "chargeback_opened",
        "Chargeback decision: you won": "chargeback_closed",
        "A buyer asked to cancel order 5769": "cancellation_request",
        "Order 5769 was cancelled": "order_cancelled",
        "Refund issued for order 5769": "refund_issued",
        "A customer wants to return an item": "return_request",
        "Dispute closed": "claim_closed",
        "Meet the team behind the season": "",
    },
    "de": {
        "Erstattung für Bestellung PO-1": "refund_issued",
        "Retoure angekündigt: Auftrags-Nr. 1": "return_request",
        "Bestellung 1 wurde storniert": "order_cancelled",
        "Der Kunde möchte die Bestellung stornieren": "cancellation_request",
        "Sie haben eine negative Bewertung erhalten": "negative_feedback",
    },
    "fr": {
        "Un acheteur souhaite renvoyer un objet : commande 19": "return_request",
        "Litige ouvert sur la commande 19": "claim_opened",
        "Remboursement de la commande 19": "refund_issued",
    },
    "it": {"Rimborso effettuato per l'ordine n. 3": "refund_issued", "Il cliente chiede di annullare l'ordine 3": "cancellation_request"},
    "es": {"Pedido GSU1 cancelado por el cliente": "order_cancelled", "[Casa] Pedido #3907 realizado por Íñigo": "sold"},
    "nl": {"Nieuwe bestelling: 12": "sold", "Terugbetaling bestelling 12": "refund_issued", "Klacht over bestelling 12": "claim_opened"},
    "pl": {"Zwrot do zamówienia 10": "return_request", "Zwrot środków za zamówienie 10": "refund_issued"},
    "ja": {"返金完了のお知らせ": "refund_issued", "キャンセル依頼 注文 1": "cancellation_request", "低評価のレビュー": "negative_feedback"},
}  # fmt: skip


@pytest.mark.parametrize("subject, kind", [pair for subjects in COMMON.values() for pair in subjects.items()])
def test_a_notice_that_its_file_does_not_know_is_told_by_the_words_of_any(marketplaces, subject, kind):
    facts = Facts(direction="inbound", from_=("someone@shein.com",), subject=subject)
    assert read(facts, marketplaces).kind == kind


def test_a_buyers_subject_is_not_read_with_the_words_of_notices(marketplaces):
    buyer = "abcdefghijklmnopqrstuvwxyz12@verkopen.bol.com"
    facts = Facts(direction="inbound", from_=(buyer,), subject="Chargeback opened")
    assert read(facts, marketplaces).kind == "buyer_message"


@pytest.mark.parametrize("sender, headers, subject, kind", KINDS.values(), ids=KINDS.keys())
def test_the_kind_of_a_message(marketplaces, sender, headers, subject, kind):
    facts = Facts(direction="inbound", from_=(sender,), subject=subject, headers=tuple(headers.items()))
    assert read(facts, marketplaces).kind == kind


def test_a_domain_is_within_itself_and_what_it_belongs_to():
    assert within("amazon.de", ["amazon.de"])
    assert within("a.b.amazon.de", ["amazon.de"])
    assert not within("xamazon.de", ["amazon.de"])
    assert not within("amazon.de.evil", ["amazon.de"])

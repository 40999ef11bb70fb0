"""Terms that notices state: read in ten languages, only where an answer is meant."""

import pytest

from rules.facts import Facts
from rules.read import read
from rules.readable import fold

CLAIM = {"X-Space-Notification-Type": "A_Z_CLAIM_RESPONDENT_NOTIFY"}
STATED = {
    # text: hours, working days, until, at
    "You must respond within 3 calendar days or the claim is granted.": (72, 0, (), ""),
    "Please respond within the next 48 hours.": (48, 0, (), ""),
    "Please reply within three business days.": (0, 3, (), ""),
    "You have 30 days to appeal this decision.": (720, 0, (), ""),
    "Respond by November 27, 2026 to this claim.": (0, 0, ("2026-11-27",), ""),
    "Please submit your response no later than 27 Nov 2026 08:41 UTC.": (0, 0, ("2026-11-27",), "08:41"),
    "Reply before 11/27/2026.": (0, 0, ("2026-11-27",), ""),
    "Reply before 05/12/2026.": (0, 0, ("2026-05-12", "2026-12-05"), ""),
    "Antworten Sie bitte innerhalb von 3 Kalendertagen auf diesen Antrag.": (72, 0, (), ""),
    "Bitte nehmen Sie innerhalb von 48 Stunden Stellung.": (48, 0, (), ""),
    "Bitte antworten Sie bis zum 30.09.2026.": (0, 0, ("2026-09-30",), ""),
    "Ihre Antwort muss spätestens am 3. Dezember 2026 um 12:00 Uhr vorliegen.": (0, 0, ("2026-12-03",), "12:00"),
    "Deve rispondere entro 3 giorni di calendario.": (72, 0, (), ""),
    "Risponda entro il 27 novembre 2026.": (0, 0, ("2026-11-27",), ""),
    "Vous devez répondre dans un délai de 3 jours calendaires.": (72, 0, (), ""),
    "Veuillez répondre sous 2 jours ouvrés.": (0, 2, (), ""),
    "Répondez avant le 27 novembre 2026.": (0, 0, ("2026-11-27",), ""),
    "Debe responder en un plazo de 3 días naturales.": (72, 0, (), ""),
    "Responda antes del 27 de noviembre de 2026.": (0, 0, ("2026-11-27",), ""),
    "Responda em até 2 dias úteis.": (0, 2, (), ""),
    "Reageer binnen 24 uur op deze vraag.": (24, 0, (), ""),
    "Jeśli nie wypowiesz się do 29.07.2026 08:41 (CEST), włączymy się do rozmowy.": (0, 0, ("2026-07-29",), "08:41"),
    "Svara inom 3 dagar.": (72, 0, (), ""),
    "3日以内に回答してください。": (72, 0, (), ""),
    "回答期限：2026年11月27日": (0, 0, ("2026-11-27",), ""),
}  # fmt: skip


def terms(marketplaces, text, **more):
    facts = Facts(
        direction="inbound",
        from_=more.pop("from_", ("atoz-guarantee-no-reply@amazon.de",)),
        text=text,
        headers=tuple(more.pop("headers", CLAIM).items()),
        **more,
    )
    return read(facts, marketplaces).terms


@pytest.mark.parametrize("text, expected", STATED.items(), ids=STATED.keys())
def test_a_stated_term_is_read_with_its_words_and_place(marketplaces, text, expected):
    (one,) = terms(marketplaces, f"Hello,\n\n{text}\n\nThe team")
    assert (one.hours, one.working_days, one.until, one.at) == expected
    start, end = one.span
    assert " ".join(fold(f"Hello,\n\n{text}")[start:end].split()) == one.words
    assert one.where == "text"


NOT = {
    "a refund's way": "The buyer receives the refund within 5 days.",
    "another sentence": "Please answer the buyer. The refund arrives within 5 days.",
    "a date that is none": "Respond by 45.13.2026.",
    "an absurd length": "Respond within 9999 days.",
    "quoted": "Hello\n> You must respond within 3 days.",
    "nothing": "Respond soon.",
}


@pytest.mark.parametrize("text", NOT.values(), ids=NOT.keys())
def test_what_is_no_term_of_an_answer(marketplaces, text):
    assert terms(marketplaces, text) == ()


def test_a_buyer_and_a_stranger_set_no_terms(marketplaces):
    text = "You must respond within 3 days!"
    assert terms(marketplaces, text, from_=("abc@marketplace.amazon.de",), headers={}) == ()
    assert terms(marketplaces, text, from_=("someone@shop.example",)) == ()


def test_a_notice_that_asks_for_nothing_states_no_term(marketplaces):
    text = "You must respond within 3 days."
    refund = {"X-Space-Notification-Type": "REFUND_ISSUED"}
    assert terms(marketplaces, text, from_=("donotreply@amazon.de",), headers=refund) == ()


def test_an_incident_told_from_a_relay_address_states_its_term_and_a_message_from_there_does_not(
    marketplaces,
):
    relay = ("rfx1qmo581n.ko8qhtg3z@notification.mirakl.net",)
    text = "Vous devez répondre dans un délai de 2 jours."
    incident = "Un incident a été ouvert sur la commande 2522489356-A"
    assert len(terms(marketplaces, text, from_=relay, headers={}, subject=incident)) == 1
    assert terms(marketplaces, text, from_=relay, headers={}, subject="Nouveau message") == ()


def test_terms_of_a_notice_that_is_html_alone_are_read_there(marketplaces):
    (one,) = terms(marketplaces, "", html="<p>You must respond within <b>3</b> calendar days.</p>")
    assert (one.hours, one.where) == (72, "html")


def test_several_terms_are_several_and_the_same_words_count_once(marketplaces):
    text = "Respond within 3 days.\n\nYou must respond by 27.11.2026.\n\nRespond within 3 days."
    assert [(one.hours, one.until) for one in terms(marketplaces, text)] == [(72, ()), (0, ("2026-11-27",))]

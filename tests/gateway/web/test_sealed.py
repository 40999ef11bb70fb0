"""Sentences of the record in the reader's language: ours are known again, strangers' words in them stay, and all else stays as sealed."""

import re

import pytest

from gateway.store.tokens import SCOPES
from gateway.tongue import speak
from gateway.web.sealed import retelling
from gateway.web.sealed.retelling import SENTENCES, retold
from tests.gateway.web.api.conftest import program_with, token
from tests.gateway.web.test_accessible import furnish
from tests.small_house import MAILBOX, ORDER, mail, serving

REASON = (
    "the subject says “302-1234567-1234567”, the form of Amazon order IDs, after “Bestellung”; "
    "sent by b@marketplace.amazon.de, which is proven: signed by amazon.de; an order known from earlier mail"
)


@pytest.fixture(autouse=True)
def silent():
    yield
    speak("en")


def test_english_is_as_it_was_sealed():
    assert retold(REASON) == REASON


SAID = {
    REASON: (
        (
            "l’objet indique «\xa0302-1234567-1234567\xa0», la forme des numéros de commande Amazon, après «\xa0Bestellung\xa0»\xa0; "
            "envoyé par b@marketplace.amazon.de, ce qui est prouvé\xa0: signé par amazon.de\xa0; une commande connue par des courriels antérieurs"
        ),
        (
            "der Betreff nennt „302-1234567-1234567“, die Form von Amazon-Bestellnummern, hinter „Bestellung“; "
            "gesendet von b@marketplace.amazon.de, was erwiesen ist: von amazon.de signiert; eine aus früheren Mails bekannte Bestellung"
        ),
    ),
    "the mail says: within 48 hours; at once, please": (
        "le courriel dit\xa0: within 48 hours; at once, please",
        "in der Mail steht: within 48 hours; at once, please",
    ),
    "claim opened, message 97": ("Réclamation ouverte, message 97", "Reklamation eröffnet, Nachricht 97"),
    "but the text names it and the subject names 1, 2, 3 and 2 more": (
        "mais le texte la nomme et l’objet nomme 1, 2, 3 et 2 de plus",
        "aber der Text nennt sie und der Betreff nennt 1, 2, 3 und 2 weitere",
    ),
    "Amazon does not want links that lead elsewhere: “a.example”, “b.example”. (check links of Amazon; it waits until somebody releases it)": (
        "Amazon ne veut pas de liens qui mènent ailleurs\xa0: “a.example”, “b.example”. (contrôle links de Amazon\xa0; il attend que quelqu’un le libère)",
        "Amazon will keine Links, die woandershin führen: “a.example”, “b.example”. (Prüfung links von Amazon; sie wartet, bis jemand sie freigibt)",
    ),
}


@pytest.mark.parametrize("sealed", SAID)
def test_a_sentence_is_said_in_french_and_german(sealed):
    for language, said in zip(("fr", "de"), SAID[sealed], strict=True):
        speak(language)
        assert retold(sealed) == said


THEIRS = [
    "100 %(value)s of %s %d %%",
    "a; in quoted text, b",
    "the subject says so; inside a link",
    "x” y",
    "“x",
    "<b>&amp;",
    "",
    "an order known from earlier mail",
]


@pytest.mark.parametrize("theirs", THEIRS)
def test_what_strangers_wrote_stays_what_it_was(theirs):
    speak("fr")
    for template in (
        "the subject says “{}”, the form of Amazon order IDs",
        "the mail says: {}",
        "reason: {}",
    ):
        sealed = template.format(theirs)
        said = retold(sealed)
        assert theirs in said


def test_what_a_stranger_builds_like_a_sentence_of_ours_is_not_torn_apart():
    speak("fr")
    sealed = "the subject says “a” inside, after “b”; in quoted text"
    assert retold(sealed) == sealed


UNKNOWN = [
    "same buyer, same product",
    "the subject says nothing",
    "in quoted text; and something new",
    "something new, inside a link",
    "sent by two words; in quoted text",
    "; ",
    "“",
    "which is proven: " * 7 + "in quoted text",
    " in quoted text",
    "In quoted text",
    "\ud800; in quoted text",
]


@pytest.mark.parametrize("sealed", UNKNOWN)
def test_what_is_not_ours_throughout_stays_as_it_was_sealed(sealed):
    speak("de")
    assert retold(sealed) == sealed


LONG = [
    "a, " * 3333,
    "“" * 10_000,
    "”; “" * 3333,
    "which is proven: " * 600,
    "; ".join(["in quoted text"] * 600),
    "the subject says “" + "x" * 10_000 + "”",
    "the mail says: " + "a, b; " * 1700,
    "sent by " * 1250,
]


@pytest.mark.parametrize("sealed", [*LONG, *(one[:7999] for one in LONG)], ids=range(2 * len(LONG)))
def test_ten_thousand_characters_cost_little_work(sealed, monkeypatch):
    tried = []
    clause = retelling._clause
    monkeypatch.setattr(retelling, "_clause", lambda *told: tried.append(told) or clause(*told))
    speak("de")
    said = retold(sealed)
    assert len(tried) < 2000
    assert len(sealed) < 8000 or said == sealed


def test_a_template_says_only_what_it_has_a_word_for():
    for one in SENTENCES:
        places = re.findall(r"%\((\w+)\)s", one)
        assert len(places) == len(set(places)), one
        assert one.replace("%(", "").count("%") == 0, one


def test_no_sentence_comes_twice():
    assert len(set(SENTENCES)) == len(SENTENCES)


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    house = furnish(tmp_path_factory.mktemp("sealed"))
    house.seqs["claim"] = house.take(
        mail(
            f"Claim received on order {ORDER}",
            "We received a claim. You must respond within 48 hours.",
            from_="atoz-guarantee-no-reply@amazon.de",
            message_id="claim",
            X_Space_Notification_Type="A_Z_CLAIM_RESPONDENT_NOTIFY",
        ),
        mail_from="atoz-guarantee-no-reply@amazon.de",
        rcpt_to=(MAILBOX,),
    )
    with serving(house) as served:
        yield served


PAGES = {
    "/message/{question}": ("l’objet indique", "the form of"),
    "/message/{held}": ("Amazon ne veut pas d’adresses électroniques", "does not want"),
    f"/order/amazon/{ORDER}": ("le courriel dit", "the mail says"),
    "/waiting": ("24 heures (Amazon)", "24 hours"),
    "/review": ("envoyé par", "sent by"),
    "/claims": ("le courriel dit", "the mail says"),
    "/custody": ("lien certain vers", "certain link"),
    "/custody/holds": ("Réclamation ouverte, message", "claim opened, message"),
}


@pytest.mark.parametrize("path", PAGES)
def test_a_page_says_the_record_in_its_reader_s_language(house, path):
    french, english = PAGES[path]
    with house.client() as browser:
        browser.headers["accept-language"] = "fr"
        page = browser.get(path.format(**house.seqs)).text.replace("\xa0", " ")
        assert french in page
        assert english not in page
        browser.headers["accept-language"] = "en"
        assert english in browser.get(path.format(**house.seqs)).text


def test_programs_are_told_what_was_sealed(house):
    with program_with(house.url, token(house, *SCOPES)[1]) as program:
        program.headers["accept-language"] = "fr"
        got = program.get(f"/messages/{house.seqs['question']}")
    assert "the form of Amazon order IDs" in got.text

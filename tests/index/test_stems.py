import pytest

from index.folding import fold
from index.stems import stem

FORMS = [
    "refund refunds refunded refunding", "damage damages damaged damaging", "order orders ordered ordering",
    "ship shipped shipping ships", "box boxes", "delivery deliveries", "battery batteries", "return returns returned",
    "Bestellung Bestellungen", "Rückerstattung Rückerstattungen Rueckerstattung", "Buch Bücher Büchern Buches",
    "Paket Pakete Paketen Paketes", "Größe Grösse Größen", "Karte Karten", "Kind Kinder Kindern", "Artikel Artikeln",
    "commande commandes commandé commandée commandées commander", "colis", "endommagé endommagée endommagés",
    "journal journaux", "cadeau cadeaux", "remboursement remboursements", "boîte boîtes", "article articles",
]  # fmt: skip


@pytest.mark.parametrize("forms", FORMS)
def test_forms_of_one_word_share_a_stem(forms: str) -> None:
    assert len({stem(fold(form)) for form in forms.split()}) == 1


@pytest.mark.parametrize(
    "pair",
    [
        "refund return",
        "order label",
        "value vale",
        "neue neun",
        "commande commerce",
        "claim claw",
    ],
)
def test_different_words_keep_different_stems(pair: str) -> None:
    first, second = pair.split()
    assert stem(fold(first)) != stem(fold(second))


@pytest.mark.parametrize("word", ["b08n5wrw03", "112", "the", "посылки", "返品"])
def test_codes_short_words_and_other_scripts_are_their_own_stem(word: str) -> None:
    assert stem(word) == word

"""Languages are told by the writer's own words, and not at all where those say too little."""

import subprocess
import sys

import pytest

from gateway.language import language_of
from rules.facts import Facts
from rules.marketplace import builtin

MARKETPLACES = builtin()
WRITTEN = {
    "en": "Where is my parcel? I ordered it two weeks ago.",
    "de": "Wo bleibt mein Paket? Ich warte seit zwei Wochen darauf.",
    "fr": "Bonjour, le colis est arrivé cassé, que puis-je faire ?",
    "es": "Hola, ¿dónde está mi paquete? Lo pedí hace dos semanas.",
    "it": "Buongiorno, dove si trova il mio pacco? Aspetto da due settimane.",
    "nl": "Goedemiddag, mijn pakket is nog niet aangekomen.",
    "pl": "Dzień dobry, paczka nie dotarła, proszę o zwrot pieniędzy.",
    "ja": "商品が壊れていました。返品したいです。",
}


@pytest.mark.parametrize("language, text", WRITTEN.items())
def test_the_language_of_a_message(language, text):
    assert language_of(Facts(direction="inbound", text=text), MARKETPLACES) == language


def test_quoted_words_do_not_count():
    quoted = "\n".join(f"> {line}" for line in [WRITTEN["en"]] * 5)
    facts = Facts(direction="inbound", text=f"{WRITTEN['de']}\n\n{quoted}\n")
    assert language_of(facts, MARKETPLACES) == "de"


@pytest.mark.parametrize("text", ["", "ok", "302-1234567-7654321 1Z999AA10123456784", "\ud800\x00"])
def test_what_says_too_little_has_no_language(text):
    assert language_of(Facts(direction="inbound", text=text), MARKETPLACES) == ""


def test_the_model_is_loaded_only_when_a_language_is_asked_for():
    code = "import gateway.deciding, gateway.language, sys; print('numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"

"""Which language a message is written in. Asked only where a rule asks; the answer is archived with the decision."""

import functools
from typing import TYPE_CHECKING

from rules.facts import Facts
from rules.marketplace import Marketplaces
from rules.ownwords import own_words
from rules.when import Language

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

_LOOK = 3_000  # characters; more says nothing new
_LETTERS_MIN = 12
_KNOWN = frozenset(Language.__args__)  # type: ignore[attr-defined]
_SURE = 0.8  # below this the language is not told


def language_of(facts: Facts, marketplaces: Marketplaces) -> str:
    """Return a message's language (ISO 639-1) by what its writer says, or "" where that says too little.

    Deterministic for one version of the model; a replay takes the archived answer.
    """
    words = own_words(facts, marketplaces, marketplaces.get(""))[:_LOOK]
    if sum(letter.isalpha() for letter in words) < _LETTERS_MIN:
        return ""
    language, sure = _identifier().classify(words)
    return str(language) if sure >= _SURE else ""


@functools.cache
def _identifier() -> "LanguageIdentifier":
    """Load the model, for the languages that a rule may name. It costs half a second and 50 MB: only who asks pays."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    found = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    found.set_languages(sorted(_KNOWN))
    return found

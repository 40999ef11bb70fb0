"""The words of a report: every language has all of them, and names what the others name."""

import re

import msgspec
import pytest

from gateway.answer.phrases import LANGUAGES
from gateway.report.phrases import words_in


def shape(value, path=""):
    if isinstance(value, dict):
        return {
            key: inner for name, one in value.items() for key, inner in shape(one, f"{path}.{name}").items()
        }
    return {path: sorted(set(re.findall(r"\{\w+\}", value)))}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_says_all_that_english_says(language):
    assert shape(msgspec.to_builtins(words_in(language))) == shape(msgspec.to_builtins(words_in("en")))


@pytest.mark.parametrize("language", [one for one in LANGUAGES if one != "en"])
def test_nothing_was_left_untranslated(language):
    english, other = msgspec.to_builtins(words_in("en")), msgspec.to_builtins(words_in(language))
    same = [name for name, value in english["missing"].items() if other["missing"][name] == value]
    assert same == []

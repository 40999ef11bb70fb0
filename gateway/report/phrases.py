"""The words of a report, one file a language."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec


class Phrases(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Templates for ``str.format``; what each may name is what ``gateway/report/`` gives it."""

    title: str
    letter: str  # what is written to the buyer when their copy is sent
    kind: dict[str, str]  # by audience
    about: dict[str, str]  # by audience
    numbers: str
    contents: str
    part: dict[str, str]
    fact: dict[str, str]
    column: dict[str, str]
    field: dict[str, str]
    who: dict[str, str]
    what: dict[str, str]
    answer: dict[str, str]
    sure: dict[str, str]
    checked: dict[str, str]
    clock: dict[str, str]
    counted: str
    replied: str
    unanswered: str
    claim_open: str
    embedded: str
    unshown: str
    erased: str
    unreadable: str
    no_text: str
    cut: str
    nothing: str
    record_words: str
    verify: dict[str, str]
    missing: dict[str, str]


@cache
def words_in(language: str) -> Phrases:
    """Return a language's words."""
    text = files("gateway.report").joinpath("phrases", f"{language}.toml").read_text(encoding="utf-8")
    told: dict[str, Any] = tomllib.loads(text)
    return msgspec.convert(told, Phrases)

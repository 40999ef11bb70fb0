"""The sentences of an answer, one file a language: what a support supervisor would send unchanged."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec

LANGUAGES = ("de", "en", "es", "fr", "it", "ja", "nl", "pl")


class Phrases(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Templates for ``str.format``; what each may name is what ``gateway/answer/text.py`` gives it."""

    salutation: str
    about: dict[str, str]  # by kind
    placed: str
    parcel: str
    parcel_plain: str
    shipped: str
    scan: str
    proof: str
    proof_said: str
    replied: str
    replied_often: str
    documents: str
    offer: dict[str, str]
    absence: str
    absence_whole: str
    absence_breaks: str
    record: str
    closing: str
    locale: str  # of the dates, as CLDR names it
    written: str  # {day} and {time}
    moment: str  # {utc}, {local} and {zone}
    joint: str  # between the members of a list
    stop: str  # between sentences of one paragraph
    days: str
    hours: str
    minutes: str


@cache
def phrases_of(language: str) -> Phrases:
    """Return a language's sentences."""
    text = files("gateway.answer").joinpath("phrases", f"{language}.toml").read_text(encoding="utf-8")
    told: dict[str, Any] = tomllib.loads(text)
    return msgspec.convert(told, Phrases)

"""Why a message of ours was refused, in plain words: known by what the other side says. The words stand in refusals.toml."""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import msgspec

from rules.patterns import Pattern, compile_pattern, searchable

_READ = 2000
_OURS = re.compile(r"554 5\.7\.1 Dropped by ")


class _Written(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    words: tuple[str, ...]
    why: str
    mend: str


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    refusal: tuple[_Written, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """``why`` says what happened, ``mend`` what a person can do; each is a sentence or two."""

    name: str
    why: str
    mend: str


def refusal_in(said: str) -> Refusal | None:
    """Return which refusal the other side's words are; None where nobody has told us of one like it.

    >>> refusal_in("554 5.7.1 a@brand.example is not an approved sender").name
    'sender'
    """
    if _OURS.match(said):
        return None  # a person's words, not another side's
    text = searchable(said[:_READ])
    return next((one for words, one in _known() if words.search(text)), None)


@cache
def _known() -> tuple[tuple[Pattern, Refusal], ...]:
    text = (files("rules") / "refusals.toml").read_text("utf-8")
    written = msgspec.convert(tomllib.loads(text), _File)
    return tuple(
        (
            compile_pattern("|".join(one.words), where=f"refusals.toml, {one.name}"),
            Refusal(name=one.name, why=one.why, mend=one.mend),
        )
        for one in written.refusal
    )

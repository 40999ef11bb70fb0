"""The seller's own rules, read from one TOML text and tried in order."""

import hashlib
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import msgspec

from rules import actions
from rules.case import Screen
from rules.conditions import Condition, Search, condition_of
from rules.errors import BookError
from rules.mistakes import faults_of
from rules.patterns import Pattern, compile_pattern
from rules.when import When

_SCREENED = ("subject", "text", "attachment_text")
_SCREEN = 32  # patterns to a screen
_NAMED_GROUP = re.compile(r"\(\?P<\w+>")


class _RuleFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: str
    when: When = When()
    then: tuple[actions.Action, ...] = ()
    stop: bool = False


class _Book(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    rule: tuple[_RuleFile, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule, ready: when ``condition`` matches, ``then`` happens; ``stop`` ends the list."""

    name: str
    condition: Condition
    then: tuple[actions.Action, ...]
    stop: bool
    patterns: tuple[Pattern | None, ...]  # one for each action: a Link's


@dataclass(frozen=True)
class RuleSet:
    """The rules in their order, and the text they were made from."""

    text: str = ""
    rules: tuple[Rule, ...] = ()

    @cached_property
    def sha256(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()

    @cached_property
    def asks(self) -> frozenset[str]:
        """Every field that any rule asks for: what costs time to find out is found out only then."""
        return frozenset(name for rule in self.rules for name in rule.condition.asks)


def load_ruleset(text: str, *, name: str = "rules.toml") -> RuleSet:
    """Read a rule book; what is wrong is a BookError with every fault. ``""`` has no rules."""
    if faults := faults_of(text, file=name):
        raise BookError.of(faults)
    try:
        book = msgspec.convert(tomllib.loads(text), _Book)
    except msgspec.ValidationError as wrong:
        raise BookError(f"{name}: {wrong}") from None
    rules = tuple(
        Rule(
            one.name,
            condition_of(one.when, where=f"{name}, rule {number + 1} ({one.name}), when"),
            one.then,
            one.stop,
            tuple(_pattern_of(action) for action in one.then),
        )
        for number, one in enumerate(book.rule)
    )
    _screen(search for rule in rules for search in rule.condition.searches())
    return RuleSet(text=text, rules=rules)


def _pattern_of(action: actions.Action) -> Pattern | None:
    match action:
        case actions.Link(pattern=pattern):
            return compile_pattern(pattern, where="then link.pattern", bounded=True)
        case _:
            return None


def _screen(searches: Iterable[Search]) -> None:
    """Give the searches of one field a pattern they share: a text that holds none of many is read once for all."""
    by_field: dict[str, list[Search]] = {}
    for search in searches:
        by_field.setdefault(search.field, []).append(search)
    for field in _SCREENED:
        found = by_field.get(field, [])
        for start in range(0, len(found), _SCREEN):
            group = found[start : start + _SCREEN]
            if len(group) < 2:
                continue
            written = (word for search in group for word in search.written)
            together = "|".join(f"(?:{_NAMED_GROUP.sub('(?:', word)})" for word in written)
            try:
                screen = Screen(field, compile_pattern(together, where=field))
            except BookError:
                continue  # together they are too much for RE2: each is searched by itself
            for search in group:
                search.screen = screen

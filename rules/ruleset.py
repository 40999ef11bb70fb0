"""The seller's own rules, read from one TOML text and tried in order."""

import difflib
import hashlib
import re
import tomllib
from dataclasses import dataclass

import msgspec

from rules import actions
from rules.conditions import Condition, When, condition_of
from rules.errors import BookError
from rules.patterns import Pattern, compile_pattern

_ADDRESS = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+")
_PLACE = re.compile(r"\$\.rule\[(\d+)\]")
_UNKNOWN = re.compile(r"unknown field `([^`]*)`")


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


@dataclass(frozen=True, slots=True)
class RuleSet:
    """The rules in their order, and the text they were made from."""

    text: str = ""
    rules: tuple[Rule, ...] = ()

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()


def load_ruleset(text: str, *, name: str = "rules.toml") -> RuleSet:
    """Read a rule book; a fault is a BookError that names the rule, the line and what to do. ``""`` has no rules."""
    try:
        raw = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as wrong:
        raise BookError(f"{name}: this is not TOML: {wrong}") from None
    try:
        book = msgspec.convert(raw, _Book)
    except msgspec.ValidationError as wrong:
        raise BookError(_explained(name, text, raw, str(wrong))) from None
    seen: set[str] = set()
    rules = []
    for number, one in enumerate(book.rule):
        where = _where(name, text, number, one.name)
        if one.name in seen:
            raise BookError(f"{where}: another rule has this name; names are how decisions refer to rules")
        seen.add(one.name)
        condition = condition_of(one.when, where=where)
        rules.append(
            Rule(
                one.name,
                condition,
                one.then,
                one.stop,
                tuple(_prepared(action, where) for action in one.then),
            )
        )
    return RuleSet(text=text, rules=tuple(rules))


def _prepared(action: actions.Action, where: str) -> Pattern | None:
    """Check what the types cannot say; return a Link's pattern."""
    match action:
        case actions.Link(pattern=pattern):
            return compile_pattern(pattern, where=f"{where}, then link.pattern")
        case actions.Forward(to=to) | actions.Notify(to=to) if not _ADDRESS.fullmatch(to):
            raise BookError(f"{where}: to = {to!r} is no e-mail address")
        case actions.Tag(name=name) if not name.strip() or any(letter.isspace() for letter in name):
            raise BookError(f"{where}: a tag is one word without spaces, not {name!r}")
        case _:
            return None


def _where(name: str, text: str, number: int, rule: str) -> str:
    starts = [line for line, words in enumerate(text.splitlines(), 1) if words.strip().startswith("[[rule]]")]
    line = f", line {starts[number]}" if number < len(starts) else ""
    return f"{name}{line}, rule {number + 1} ({rule})" if rule else f"{name}{line}, rule {number + 1}"


def _explained(name: str, text: str, raw: dict[str, object], said: str) -> str:
    place = _PLACE.search(said)
    where = name
    if place is not None:
        number = int(place.group(1))
        listed = raw.get("rule")
        one = listed[number] if isinstance(listed, list) and number < len(listed) else {}
        where = _where(name, text, number, str(one.get("name", "")) if isinstance(one, dict) else "")
    unknown = _UNKNOWN.search(said)
    return f"{where}: {said}{_hint(unknown.group(1), said) if unknown else ''}"


def _hint(word: str, said: str) -> str:
    if ".when" in said:
        known = [field.encode_name for field in msgspec.structs.fields(When)]
    elif ".then" in said:
        return ""
    elif "$.rule[" in said:
        known = [field.encode_name for field in msgspec.structs.fields(_RuleFile)]
    else:
        known = ["rule"]
    near = difflib.get_close_matches(word, known, n=1)
    return f"; did you mean `{near[0]}`?" if near else f"; known are {', '.join(sorted(known))}"

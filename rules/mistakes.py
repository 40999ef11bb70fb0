"""Everything that is wrong with a rule book, found in one pass: each fault with its line, its path and what was meant."""

import difflib
import re
import tomllib
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, get_args

import msgspec

from rules import actions
from rules.errors import BookError, Fault
from rules.facts import Method
from rules.faults import nearest, plain
from rules.kinds import KINDS
from rules.lines import Path, line_of, places_of
from rules.patterns import compile_pattern
from rules.when import DEPTH_MAX, GROUPS, GROUPS_MAX, Language, When

_ADDRESS = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+")
_AT = re.compile(r" - at `\$(.*)`$")
_UNKNOWN_LINE = re.compile(r"\(at line (\d+), column \d+\)")
_RULE_FIELDS = ("name", "when", "then", "stop")
_WHEN_FIELDS = tuple(one.encode_name for one in msgspec.structs.fields(When))
_WORDS: dict[str, tuple[str, ...]] = {
    "kind": tuple(KINDS),
    "direction": ("inbound", "outbound"),
    "link_confidence": ("certain", "likely", "possible"),
    "authenticity": ("pass", "fail", "none", "temperror", "permerror", "unchecked"),
    "link_method": get_args(Method),
    "language": Language.__args__,  # type: ignore[attr-defined]
}
_PATTERNS = ("subject", "text", "from_name", "attachment", "attachment_text")
RULES_MAX = 10_000
_NAME_MAX = 100
_JOINER = "\u200d"  # inside one emoji
_NAMES = f"1 to {_NAME_MAX} characters, all of them to be seen"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Names that a rule book may use beyond its own; an empty set is not checked."""

    marketplaces: frozenset[str] = frozenset()
    carriers: frozenset[str] = frozenset()
    clocks: frozenset[str] = frozenset()
    mailboxes: frozenset[str] = frozenset()


@dataclass(slots=True)
class _Look:
    file: str
    places: Mapping[Path, int]
    raw: Mapping[str, Any]
    known: Known
    groups: dict[int, int] = field(default_factory=dict)

    def fault(self, path: Path, message: str) -> Fault:
        return Fault(
            file=self.file,
            line=line_of(self.places, path),
            path=shown_path(path),
            rule=self._rule(path),
            message=message,
        )

    def _rule(self, path: Path) -> str:
        if len(path) < 2 or path[0] != "rule" or not isinstance(path[1], int):
            return ""
        listed = self.raw.get("rule")
        one = listed[path[1]] if isinstance(listed, list) and path[1] < len(listed) else {}
        name = one.get("name") if isinstance(one, dict) else ""
        return (
            f"rule {path[1] + 1} ({name})"
            if isinstance(name, str) and is_name(name)
            else f"rule {path[1] + 1}"
        )


def is_name(text: str) -> bool:
    r"""Tell whether a text can name a rule, a tag or a folder: short, and nothing in it that a reader cannot see.

    >>> is_name("Überfällig ☂"), is_name("late\u202e"), is_name(" ")
    (True, False, False)
    """
    return 0 < len(text.strip()) <= _NAME_MAX and text.replace(_JOINER, "").isprintable()


def shown_path(path: Path) -> str:
    """Return a path as people write it.

    >>> shown_path(("rule", 1, "when", "any", 0, "subject"))
    'rule[1].when.any[0].subject'
    """
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")


def faults_of(text: str, *, file: str, known: Known | None = None) -> tuple[Fault, ...]:
    """Return all that is wrong with a rule book's text; ``known`` also checks the names it uses."""
    try:
        raw = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as wrong:
        said = _UNKNOWN_LINE.search(str(wrong))
        line = int(said.group(1)) if said else 0
        return (Fault(file=file, line=line, message=f"this is not TOML: {wrong}"),)
    look = _Look(file, places_of(text), raw, known or Known())
    return tuple(_of_book(look, raw))


def _of_book(look: _Look, raw: dict[str, Any]) -> Iterator[Fault]:
    for name in raw:
        if name != "rule":
            yield look.fault((name,), f"there is no table `{name}`{nearest(name, ['rule'])}")
    rules = raw.get("rule", [])
    if not isinstance(rules, list):
        yield look.fault(("rule",), "rules are written as [[rule]], with two brackets")
        return
    if len(rules) > RULES_MAX:
        yield look.fault(("rule", RULES_MAX), f"there are {len(rules)} rules; {RULES_MAX} are allowed")
    seen: dict[str, int] = {}
    for number, rule in enumerate(rules):
        path: Path = ("rule", number)
        if not isinstance(rule, dict):
            yield look.fault(path, "a rule is a table: [[rule]] and then its fields")
            continue
        yield from _unknown(look, path, rule, _RULE_FIELDS, "a rule")
        yield from _of_name(look, path, rule, seen)
        if not isinstance(rule.get("stop", False), bool):
            yield look.fault((*path, "stop"), "stop is true or false")
        look.groups[number] = 0
        yield from _of_when(look, (*path, "when"), rule.get("when", {}), 0)
        yield from _of_then(look, (*path, "then"), rule.get("then", []))


def _of_name(look: _Look, path: Path, rule: dict[str, Any], seen: dict[str, int]) -> Iterator[Fault]:
    name = rule.get("name")
    if not isinstance(name, str) or not name.strip():
        yield look.fault((*path, "name") if "name" in rule else path, 'a rule needs a name: name = "..."')
    elif not is_name(name):
        yield look.fault((*path, "name"), f"a rule's name has {_NAMES}")
    elif (name := unicodedata.normalize("NFC", name)) in seen:  # two that look the same are the same
        first = line_of(look.places, ("rule", seen[name]))
        yield look.fault(
            path,
            f"another rule has this name, in line {first}; names are how decisions refer to rules",
        )
    else:
        seen[name] = int(path[1])


def _of_when(look: _Look, path: Path, when: Any, depth: int) -> Iterator[Fault]:
    number = int(path[1])
    look.groups[number] += 1
    if not isinstance(when, dict):
        yield look.fault(path, "conditions are a table of fields: { field = value }")
        return
    if depth > DEPTH_MAX:
        yield look.fault(path, f"groups stand inside each other {DEPTH_MAX} deep at most")
        return
    if look.groups[number] > GROUPS_MAX:
        if look.groups[number] == GROUPS_MAX + 1:
            yield look.fault(path, f"a rule has {GROUPS_MAX} groups at most")
        return
    if depth and not when:
        yield look.fault(path, "an empty group says nothing: leave it out")
    yield from _unknown(look, path, when, _WHEN_FIELDS, "a condition")
    for name, value in when.items():
        here = (*path, name)
        if name == "not":
            yield from _of_when(look, here, value, depth + 1)
        elif name in GROUPS:
            if not isinstance(value, list) or not value:
                yield look.fault(here, f"{name} is a list of groups: {name} = [{{ ... }}, {{ ... }}]")
                continue
            for place, inner in enumerate(value):
                yield from _of_when(look, (*here, place), inner, depth + 1)
        elif name in _WHEN_FIELDS:
            yield from _of_field(look, here, name, value)


def _of_field(look: _Look, path: Path, name: str, value: Any) -> Iterator[Fault]:
    try:
        msgspec.convert({name: value}, When)
    except msgspec.ValidationError as wrong:
        yield look.fault(path, _plain(str(wrong), below=name))
        return
    words = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    allowed = _WORDS.get(name) or _names(look.known).get(name, frozenset())
    for place, word in enumerate(words):
        at = (*path, place) if isinstance(value, list) else path
        if allowed and word and word.lower() not in {one.lower() for one in allowed}:
            yield look.fault(at, f"there is no {name} {word!r}{nearest(word.lower(), [*allowed])}")
        if name in _PATTERNS:
            yield from _of_pattern(look, at, word)
    if name == "header":
        for header, patterns in value.items():
            for word in [patterns] if isinstance(patterns, str) else patterns:
                yield from _of_pattern(look, (*path, header), word)


def _names(known: Known) -> dict[str, frozenset[str]]:
    return {
        "marketplace": known.marketplaces,
        "carrier": known.carriers,
        "clock": known.clocks,
        "mailbox": known.mailboxes,
    }


def _of_pattern(look: _Look, path: Path, pattern: str) -> Iterator[Fault]:
    try:
        compile_pattern(pattern, where="", bounded=True)
    except BookError as wrong:
        yield look.fault(path, str(wrong).removeprefix(": "))


def _of_then(look: _Look, path: Path, then: Any) -> Iterator[Fault]:
    if not isinstance(then, list):
        yield look.fault(path, 'then is a list of actions: then = [{ do = "tag", name = "late" }]')
        return
    for number, one in enumerate(then):
        here = (*path, number)
        do = one.get("do") if isinstance(one, dict) else None
        if not isinstance(one, dict) or not isinstance(do, str):
            yield look.fault(here, 'an action says what to do: { do = "tag", name = "late" }')
            continue
        if do not in actions.NAMES:
            yield look.fault((*here, "do"), f"there is no action {do!r}{nearest(do, [*actions.NAMES])}")
            continue
        fields = [each.encode_name for each in msgspec.structs.fields(actions.NAMES[do])]
        wrong = list(_unknown(look, here, one, ["do", *fields], f"the action {do}"))
        yield from wrong or _of_action(look, here, one)


def _of_action(look: _Look, path: Path, raw: dict[str, Any]) -> Iterator[Fault]:
    try:
        action: actions.Action = msgspec.convert(raw, actions.Action)
    except msgspec.ValidationError as wrong:
        yield look.fault(path, _plain(str(wrong)))
        return
    match action:
        case actions.Link(pattern=pattern, marketplace=marketplace):
            yield from _of_pattern(look, (*path, "pattern"), pattern)
            known = look.known.marketplaces
            if known and marketplace not in known and difflib.get_close_matches(marketplace, known, 1, 0.8):
                hint = nearest(marketplace, [*known])
                yield look.fault(
                    (*path, "marketplace"), f"no marketplace file is called {marketplace!r}{hint}"
                )
        case actions.Forward(to=to) | actions.Notify(to=to) if not _ADDRESS.fullmatch(to):
            yield look.fault((*path, "to"), f"{to!r} is no e-mail address")
        case actions.Assign(to=to) if not to.strip():
            yield look.fault((*path, "to"), "say which agent answers")
        case actions.Tag(name=name) | actions.Untag(name=name) if not is_name(name) or " " in name:
            yield look.fault(
                (*path, "name"), f"a tag is one word without spaces, of {_NAMES}; not {name[:_NAME_MAX]!r}"
            )
        case actions.File(under=name) | actions.Retain(class_=name) if not is_name(name):
            yield look.fault(path, f"it needs a name of {_NAMES}")
        case _:
            pass


def _unknown(
    look: _Look, path: Path, table: dict[str, Any], fields: Collection[str], what: str
) -> Iterator[Fault]:
    for name in table:
        if name not in fields:
            yield look.fault((*path, name), f"{what} has no field `{name}`{nearest(name, [*fields])}")


def _plain(said: str, below: str = "") -> str:
    """Return msgspec's words, with the place inside a field where one is named."""
    place = _AT.search(said)
    inside = place.group(1).removeprefix(f".{below}").lstrip(".") if place else ""
    words = plain(_AT.sub("", said))
    return f"{inside}: {words}" if inside else words

"""When a rule applies: a ``When`` made into tests, cheap ones first.

To add a condition: a field of ``When`` (rules/when.py), and a line in one of the tables below.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from rules.case import Case, Screen
from rules.facts import Context, Facts, Link
from rules.patterns import Pattern, compile_pattern
from rules.senders import within
from rules.when import When, Words

_Values = Callable[[Case], Iterable[str]]
_SEPARATORS = re.compile(r"[\s\-\u2010-\u2015\u2212]+")

# Words that must be among these. What rules change themselves is looked up anew for each.
_FIXED: dict[str, _Values] = {
    "direction": lambda case: (case.reading.direction or case.facts.direction,),
    "marketplace": lambda case: (case.reading.marketplace,),
    "operator": lambda case: (case.reading.operator,),
    "kind": lambda case: (case.reading.kind,),
    "mailbox": lambda case: (case.facts.mailbox,),
    "agent": lambda case: (case.facts.agent,),
    "alias": lambda case: (case.reading.alias,),
    "authenticity": lambda case: (case.facts.authentic.result,),
    "language": lambda case: (case.facts.language,),
    "clock": lambda case: case.clocks,
    "product": lambda case: (one.value for one in case.reading.products),
    "carrier": lambda case: (one.carrier for one in case.reading.parcels),
}
_CHANGING: dict[str, _Values] = {
    "tag": lambda case: case.tags,
    "link_method": lambda case: (link.method for link in case.links),
    "link_confidence": lambda case: _surest(case.links),
}
_CLAIMS: dict[str, Callable[[Case], bool]] = {
    "has_attachment": lambda case: bool(case.facts.attachments),
    "has_order": lambda case: bool(case.links),
    "has_parcel": lambda case: bool(case.reading.parcels),
    "order_known": lambda case: _known(case, case.context),
    "in_thread": lambda case: bool(case.context.thread),
    "trusted": lambda case: case.facts.trusted,
    "historical": lambda case: case.facts.historical,
}
# A number, and whether the message is on the far side of it; an age nobody knows is on neither side.
_NUMBERS: dict[str, Callable[[Case, float], bool]] = {
    "larger_than_bytes": lambda case, size: case.facts.size_bytes > size,
    "smaller_than_bytes": lambda case, size: case.facts.size_bytes < size,
    "attachment_larger_than_bytes": lambda case, size: any(
        file.size_bytes > size for file in case.facts.attachments
    ),
    "older_than_hours": lambda case, hours: case.facts.age_s > hours * 3600,
    "newer_than_hours": lambda case, hours: case.facts.age_s < hours * 3600,
    "order_older_than_days": lambda case, days: (
        (age := _order_age(case)) is not None and age > timedelta(days=days)
    ),
    "order_newer_than_days": lambda case, days: (
        (age := _order_age(case)) is not None and age < timedelta(days=days)
    ),
}
_ADDRESSES: dict[str, Callable[[Facts], tuple[str, ...]]] = {
    "from": lambda facts: facts.from_,
    "to": lambda facts: (*facts.to, *facts.cc, *facts.rcpt_to),
    "reply_to": lambda facts: facts.reply_to,
}
_BARE: dict[str, _Values] = {
    "order": lambda case: (
        *(link.order.value for link in case.links),
        *(found.order.value for found in case.reading.orders),
    ),
    "parcel": lambda case: (one.number for one in case.reading.parcels),
}
PATTERNS = ("subject", "from_name", "attachment", "text", "attachment_text")


@dataclass(frozen=True, slots=True)
class Test:
    """One field with its test; a group has the conditions in it as well."""

    name: str
    holds: Callable[[Case], bool]
    within: tuple["Condition", ...] = ()


class Search:
    """Patterns looked for in one field. ``screen`` says sooner, for many rules at once, that there is nothing."""

    __slots__ = ("field", "patterns", "screen", "written")

    def __init__(self, field: str, written: tuple[str, ...], patterns: tuple[Pattern, ...]) -> None:
        self.field = field
        self.written = written
        self.patterns = patterns
        self.screen: Screen | None = None

    def __call__(self, case: Case) -> bool:
        if self.screen is not None and not case.passes(self.screen):
            return False
        return any(
            pattern.search(text) is not None for text in case.texts(self.field) for pattern in self.patterns
        )


@dataclass(frozen=True, slots=True)
class Condition:
    """A ``When``, ready: its tests in the order of their cost."""

    tests: tuple[Test, ...]
    asks: frozenset[str]  # every field that is asked for, in groups too

    def searches(self) -> Iterator[Search]:
        """Yield every search in it, in groups too."""
        for test in self.tests:
            if isinstance(test.holds, Search):
                yield test.holds
            for inner in test.within:
                yield from inner.searches()


def condition_of(when: When, *, where: str) -> Condition:
    """Make the tests; a pattern that is none is a BookError that begins with ``where``."""
    tests = [*_plain_tests(when), *_pattern_tests(when, where), *_group_tests(when, where)]
    asks = {test.name for test in tests} | {
        name for test in tests for inner in test.within for name in inner.asks
    }
    return Condition(tuple(tests), frozenset(asks))


def matches(condition: Condition, case: Case) -> bool:
    """Tell whether every field that is set matches."""
    for test in condition.tests:  # noqa: SIM110 - a generator costs more than most tests
        if not test.holds(case):
            return False
    return True


def first_failure(condition: Condition, case: Case) -> str:
    """Return the path of the first field that does not match (``all[1].subject``), or an empty string."""
    for test in condition.tests:
        if test.holds(case):
            continue
        if test.name == "all":
            for number, inner in enumerate(test.within):
                if failed := first_failure(inner, case):
                    return f"all[{number}].{failed}"
        if test.name == "none":
            found = next(number for number, inner in enumerate(test.within) if matches(inner, case))
            return f"none[{found}]"
        return test.name
    return ""


def _plain_tests(when: When) -> Iterator[Test]:
    for name, values in _FIXED.items():
        if (wanted := getattr(when, name)) is not None:
            yield Test(name, _fixed_test(name, _lower(wanted), values))
    for name, claim in _CLAIMS.items():
        if (said := getattr(when, name)) is not None:
            yield Test(name, _claim_test(claim, said))
    for name, values in _CHANGING.items():
        if (wanted := getattr(when, name)) is not None:
            yield Test(name, _word_test(_lower(wanted), values, str.lower))
    for name, beyond in _NUMBERS.items():
        if (limit := getattr(when, name)) is not None:
            yield Test(name, _number_test(beyond, limit))
    for name, values in _BARE.items():
        if (wanted := getattr(when, name)) is not None:
            yield Test(name, _word_test(frozenset(map(_bare, _listed(wanted))), values, _bare))
    for name, addresses in _ADDRESSES.items():
        if (wanted := when.from_ if name == "from" else getattr(when, name)) is not None:
            yield Test(name, _address_test(_lower(wanted), addresses))
    if when.attachment_type is not None:
        yield Test("attachment_type", _type_test(_lower(when.attachment_type)))


def _fixed_test(name: str, wanted: frozenset[str], values: _Values) -> Callable[[Case], bool]:
    def have(case: Case) -> frozenset[str]:
        return frozenset(one.lower() for one in values(case))

    return lambda case: not wanted.isdisjoint(case.once(name, have))


def _word_test(wanted: frozenset[str], values: _Values, form: Callable[[str], str]) -> Callable[[Case], bool]:
    return lambda case: any(form(one) in wanted for one in values(case))


def _claim_test(claim: Callable[[Case], bool], said: bool) -> Callable[[Case], bool]:
    return lambda case: claim(case) is said


def _number_test(beyond: Callable[[Case, float], bool], limit: float) -> Callable[[Case], bool]:
    return lambda case: beyond(case, limit)


def _address_test(
    wanted: frozenset[str], addresses: Callable[[Facts], tuple[str, ...]]
) -> Callable[[Case], bool]:
    domains = [word[1:] for word in wanted if word.startswith("@")]
    return lambda case: any(
        address in wanted or within(address.rpartition("@")[2], domains) for address in addresses(case.facts)
    )


def _type_test(wanted: frozenset[str]) -> Callable[[Case], bool]:
    return lambda case: any(
        (kind := file.content_type.lower()) in wanted or f"{kind.partition('/')[0]}/*" in wanted
        for file in case.facts.attachments
    )


def _pattern_tests(when: When, where: str) -> Iterator[Test]:
    written: dict[str, Words | None] = {
        **{f"header.{name.lower()}": words for name, words in (when.header or {}).items()},
        **{name: getattr(when, name) for name in PATTERNS},
    }
    for name, words in written.items():
        if words is not None:
            listed = _listed(words)
            patterns = tuple(compile_pattern(word, where=f"{where}.{name}", bounded=True) for word in listed)
            yield Test(name, Search(name, listed, patterns))


def _group_tests(when: When, where: str) -> Iterator[Test]:
    groups: dict[str, tuple[When, ...] | None] = {
        "all": when.all_,
        "any": when.any_,
        "none": when.none,
        "not": None if when.not_ is None else (when.not_,),
    }
    for name, group in groups.items():
        if group is None:
            continue
        inner = tuple(
            condition_of(one, where=f"{where}.{name}" if name == "not" else f"{where}.{name}[{number}]")
            for number, one in enumerate(group)
        )
        yield Test(name, _group_test(name, inner), inner)


def _group_test(name: str, inner: tuple[Condition, ...]) -> Callable[[Case], bool]:
    if name == "all":
        return lambda case: all(matches(one, case) for one in inner)
    if name == "any":
        return lambda case: any(matches(one, case) for one in inner)
    return lambda case: not any(matches(one, case) for one in inner)


def _surest(links: tuple[Link, ...]) -> tuple[str, ...]:
    have = {link.confidence for link in links}
    return next(((word,) for word in ("certain", "likely", "possible") if word in have), ())


def _known(case: Case, context: Context) -> bool:
    known = context.known_orders
    before = {known_link.order for known_link in (*context.thread, *context.alias)}
    return any(link.order in known or link.order in before for link in case.links)


def _order_age(case: Case) -> timedelta | None:
    """Return how long ago the first message came of the oldest order this one is linked to."""
    if case.facts.occurred_at is None:
        return None
    linked = {link.order for link in case.links}
    began = min((one.at for one in case.context.order_since if one.order in linked), default=None)
    return None if began is None else case.facts.occurred_at - began


def _bare(value: str) -> str:
    return _SEPARATORS.sub("", value).lower()


def _lower(words: Words) -> frozenset[str]:
    return frozenset(word.lower() for word in _listed(words))


def _listed(words: Words) -> tuple[str, ...]:
    return (words,) if isinstance(words, str) else words

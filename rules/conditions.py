"""When a rule applies: every field that is set must match; a list means any of its values.

To add a condition: a field of ``When``, and one line in ``tests_of``.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import msgspec

from rules.facts import Confidence, Context, Facts, Link, Reading
from rules.patterns import Pattern, compile_pattern, searchable
from rules.senders import within

Words = str | tuple[str, ...]
_TEXT_MAX = 1_000_000


class When(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    rename={"from_": "from"},
):
    """``[rule.when]``. Words compare without case; ``subject``, ``text``, ``attachment`` and ``header`` are RE2 patterns.

    ``from`` and ``to`` are addresses (``a@b.example``) or domains (``@b.example``, with what is below it).
    """

    marketplace: Words | None = None  # "" is: none recognised
    kind: Words | None = None
    direction: Words | None = None
    mailbox: Words | None = None
    agent: Words | None = None
    from_: Words | None = None
    to: Words | None = None  # To, Cc and the envelope's recipients
    subject: Words | None = None
    text: Words | None = None
    attachment: Words | None = None  # its file name
    header: dict[str, Words] | None = None  # name -> patterns
    has_attachment: bool | None = None
    has_order: bool | None = None
    order_known: bool | None = None  # linked to an order that an earlier message was linked to
    link_confidence: Words | None = None  # of the surest link
    tag: Words | None = None  # set by a rule above
    product: Words | None = None  # an ASIN, SKU or item
    has_parcel: bool | None = None
    larger_than_bytes: int | None = None
    smaller_than_bytes: int | None = None
    trusted: bool | None = None
    authenticity: Words | None = (
        None  # pass, fail, none, temperror, permerror; unchecked where nobody has looked
    )
    historical: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """All that a rule may look at: one message, what was known, and what the decision says so far."""

    facts: Facts
    reading: Reading
    context: Context
    links: tuple[Link, ...] = ()
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Condition:
    """A ``When`` with its patterns compiled, by field (``header.NAME`` for headers)."""

    when: When
    patterns: Mapping[str, tuple[Pattern, ...]] = field(default_factory=dict)


def condition_of(when: When, *, where: str) -> Condition:
    """Compile the patterns; a wrong one is a BookError that names the field."""
    written: dict[str, Words | None] = {
        "subject": when.subject,
        "text": when.text,
        "attachment": when.attachment,
        **{f"header.{name.lower()}": words for name, words in (when.header or {}).items()},
    }
    return Condition(
        when,
        {
            name: tuple(compile_pattern(word, where=f"{where}, when.{name}") for word in _listed(words))
            for name, words in written.items()
            if words is not None
        },
    )


def matches(condition: Condition, case: Case) -> bool:
    """Tell whether every field that is set matches."""
    return all(test() for _, test in tests_of(condition, case))


def first_failure(condition: Condition, case: Case) -> str:
    """Return the name of the first field that does not match, or an empty string."""
    return next((name for name, test in tests_of(condition, case) if not test()), "")


def tests_of(condition: Condition, case: Case) -> Iterator[tuple[str, Callable[[], bool]]]:
    """Yield each field that is set with its test, cheap ones first."""
    when, facts, reading = condition.when, case.facts, case.reading
    words: tuple[tuple[str, Words | None, tuple[str, ...]], ...] = (
        ("direction", when.direction, (facts.direction,)),
        ("marketplace", when.marketplace, (reading.marketplace,)),
        ("kind", when.kind, (reading.kind,)),
        ("mailbox", when.mailbox, (facts.mailbox,)),
        ("agent", when.agent, (facts.agent,)),
        ("tag", when.tag, case.tags),
        ("authenticity", when.authenticity, (facts.authentic.result,)),
        ("product", when.product, tuple(product.value for product in reading.products)),
        ("link_confidence", when.link_confidence, _surest(case.links)),
    )
    for name, wanted, have in words:
        if wanted is not None:
            yield name, lambda wanted=wanted, have=have: _any_equal(wanted, have)  # type: ignore[misc]
    claims: tuple[tuple[str, bool | None, bool], ...] = (
        ("has_attachment", when.has_attachment, bool(facts.attachments)),
        ("has_order", when.has_order, bool(case.links)),
        ("has_parcel", when.has_parcel, bool(reading.parcels)),
        ("order_known", when.order_known, _known(case)),
        ("trusted", when.trusted, facts.trusted),
        ("historical", when.historical, facts.historical),
    )
    for name, claim, holds in claims:
        if claim is not None:
            yield name, lambda claim=claim, holds=holds: claim == holds  # type: ignore[misc]
    if (more := when.larger_than_bytes) is not None:
        yield "larger_than_bytes", lambda: facts.size_bytes > more
    if (less := when.smaller_than_bytes) is not None:
        yield "smaller_than_bytes", lambda: facts.size_bytes < less
    if (senders := when.from_) is not None:
        yield "from", lambda: _any_address(senders, facts.from_)
    if (recipients := when.to) is not None:
        yield "to", lambda: _any_address(recipients, (*facts.to, *facts.cc, *facts.rcpt_to))
    for name, patterns in condition.patterns.items():
        yield name, lambda name=name, patterns=patterns: _any_found(patterns, _texts(name, facts))  # type: ignore[misc]


def _texts(name: str, facts: Facts) -> tuple[str, ...]:
    if name == "subject":
        return (facts.subject,)
    if name == "text":
        return (facts.text,)
    if name == "attachment":
        return tuple(file.filename for file in facts.attachments)
    wanted = name.removeprefix("header.")
    return tuple(value for header, value in facts.headers if header.lower() == wanted)


def _any_found(patterns: tuple[Pattern, ...], texts: tuple[str, ...]) -> bool:
    ready = [searchable(text[:_TEXT_MAX]) for text in texts]
    return any(pattern.search(text) is not None for text in ready for pattern in patterns)


def _any_equal(wanted: Words, have: tuple[str, ...]) -> bool:
    low = {word.lower() for word in have}
    return any(word.lower() in low for word in _listed(wanted))


def _any_address(wanted: Words, have: tuple[str, ...]) -> bool:
    for word in map(str.lower, _listed(wanted)):
        for address in have:
            if address == word or (word.startswith("@") and within(address.rpartition("@")[2], [word[1:]])):
                return True
    return False


def _surest(links: tuple[Link, ...]) -> tuple[Confidence, ...]:
    have = {link.confidence for link in links}
    return next(((word,) for word in ("certain", "likely", "possible") if word in have), ())


def _known(case: Case) -> bool:
    known = case.context.known_orders
    before = {known_link.order for known_link in (*case.context.thread, *case.context.alias)}
    return any(link.order in known or link.order in before for link in case.links)


def _listed(words: Words | None) -> tuple[str, ...]:
    return () if words is None else (words,) if isinstance(words, str) else words

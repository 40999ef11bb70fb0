"""The data files with their patterns compiled: what reading a message runs over it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from rules.book import (
    CarrierFile,
    Kind,
    MarketplaceFile,
    OrderShape,
    ParcelShape,
    ProductShape,
)
from rules.checks import CHECKS
from rules.errors import BookError
from rules.patterns import NOTHING, Pattern, any_of, compile_pattern
from rules.shapes import Earliest, Shapes
from rules.wording import (
    KindWords,
    OrderWords,
    PolicyWords,
    QuoteMarks,
    ReferenceKind,
    ReferenceWords,
    TermWords,
)

_NOT_LITERAL = re.compile(r"\[[^\]]*\]|\{[^}]*\}|\(\?P<[^>]*>")
_LITERAL = re.compile(r"[A-Z0-9]")


@dataclass(frozen=True, slots=True)
class CompiledOrder:
    shape: OrderShape
    pattern: Pattern
    id_group: int  # the group that is the ID; 0 is the whole match


@dataclass(frozen=True, slots=True)
class CompiledProduct:
    shape: ProductShape
    pattern: Pattern


@dataclass(frozen=True, slots=True)
class CompiledParcel:
    shape: ParcelShape
    pattern: Pattern
    part_is_checked: bool  # the check looks at the group "checked", not at all of it
    literal: bool  # letters or digits stand in it as they are: it says more than "so many digits"


@dataclass(frozen=True, slots=True)
class CompiledReference:
    kind: ReferenceKind
    pattern: Pattern


@dataclass(frozen=True, slots=True)
class CompiledKind:
    kind: Kind
    subjects: Pattern | None


class Marketplace:
    """One marketplace, ready. ``file`` has the data as written: clocks, policy, frame, examples."""

    def __init__(self, file: MarketplaceFile, *, where: str) -> None:
        self.file = file
        self.name = file.name
        self.title = file.title
        self.where = where
        self.relays = tuple(
            (relay.domains, compile_pattern(relay.local, where=f"{where}, relay.local"))
            for relay in file.relay
        )
        self.system = frozenset(file.system)
        self.brand_words = tuple(
            word.lower() for word in (*file.brand, *(word for one in file.operators for word in one.words))
        )
        self.operators = tuple(
            (one, any_of(one.words, where=f"{where}, operators.words", whole=True)) for one in file.operators
        )
        self.kinds = tuple(
            CompiledKind(kind, _union(kind.subjects, where=f"{where}, kinds.subjects")) for kind in file.kinds
        )
        self._subjects = Shapes(
            NOTHING if one.subjects is None else one.subjects.pattern for one in self.kinds
        )
        self.orders = tuple(self._order(shape) for shape in file.orders)
        self.products = tuple(
            CompiledProduct(shape, compile_pattern(shape.pattern, where=f"{where}, products.pattern"))
            for shape in file.products
        )
        for product in file.products:
            _known_check(product.check, where)
        begin = "|".join(file.frame.begin)
        self.frame_begin = (
            compile_pattern(rf"-{{5,}}\s*(?:{begin})\s*-{{5,}}", where=f"{where}, frame.begin")
            if begin
            else None
        )
        self.keep = tuple(compile_pattern(one, where=f"{where}, policy.keep") for one in file.policy.keep)
        self.tokens = tuple(compile_pattern(one, where=f"{where}, tokens") for one in file.tokens)
        self.reply_token = (
            compile_pattern(file.policy.reply_token, where=f"{where}, policy.reply_token")
            if file.policy.reply_token
            else None
        )

    def kinds_in(self, subject: str) -> list[CompiledKind]:
        """Return the kinds that a subject speaks of, in their order."""
        return [self.kinds[number] for number in sorted(self._subjects.found_in(subject))]

    def _order(self, shape: OrderShape) -> CompiledOrder:
        pattern = compile_pattern(shape.pattern, where=f"{self.where}, orders.pattern")
        return CompiledOrder(shape, pattern, pattern.groupindex.get("id", 0))


class Carrier:
    """One carrier, ready."""

    def __init__(self, file: CarrierFile, *, where: str) -> None:
        self.file = file
        self.name = file.name
        self.title = file.title
        self.where = where
        self.numbers = tuple(self._number(shape) for shape in file.numbers)
        for shape in file.numbers:
            if isinstance(shape.check, str):
                _known_check(shape.check, where)
            elif not shape.check.weights or not shape.check.modulo or min(shape.check.modulo) < 1:
                raise BookError(f"{where}: a check needs weights, and a modulo above 0")

    def _number(self, shape: ParcelShape) -> CompiledParcel:
        pattern = compile_pattern(shape.pattern, where=f"{self.where}, numbers.pattern")
        return CompiledParcel(
            shape,
            pattern,
            part_is_checked="checked" in pattern.groupindex,
            literal=bool(_LITERAL.search(_NOT_LITERAL.sub(" ", shape.pattern))),
        )


class Words:
    """The phrases, ready. ``announce`` finds every word that says what kind of number follows; ``kind_of`` says which."""

    def __init__(
        self,
        *,
        orders: OrderWords,
        quotes: QuoteMarks,
        policy: PolicyWords,
        terms: TermWords,
        references: ReferenceWords,
        kinds: KindWords,
        labels: tuple[str, ...],
    ) -> None:
        named = {kind.name: _all(kind.labels) for kind in references.kind}
        self.references = {
            kind.name: CompiledReference(
                kind, compile_pattern(kind.pattern, where=f"phrases/references.toml, {kind.name}")
            )
            for kind in references.kind
            if kind.pattern
        }
        self.columns = {
            heading.casefold(): kind for kind, words in references.columns.items() for heading in words
        }
        self.any_column = any_of(self.columns, where="phrases/references.toml, columns", whole=True)
        for kind in references.kind:
            _known_check(kind.check, "phrases/references.toml")
        thing_words = _all(orders.thing)
        order_words, other_words = [*_all(orders.order), *labels], [*_all(orders.other), *thing_words]
        call_words = _all(orders.call)
        other_words += call_words
        every = [word for words in named.values() for word in words]
        self.order_label = any_of(order_words, where="phrases/orders.toml, order")
        self.other_label = any_of([*other_words, *every], where="phrases/orders.toml, other")
        self.announcing = Shapes(
            NOTHING if one is None else one.pattern for one in (self.order_label, self.other_label)
        )
        self.thing_label = any_of(thing_words, where="phrases/orders.toml, thing")
        self.call_label = any_of(call_words, where="phrases/orders.toml, call")
        self.between = any_of(_all(orders.between), where="phrases/orders.toml, between", whole=True)
        self._kinds = {word.casefold(): "other" for word in other_words}
        self._kinds |= {word.casefold(): "order" for word in order_words}
        self._kinds |= {word.casefold(): kind for kind, words in named.items() for word in words}
        self.announce = _longest(self._kinds, "words that announce a number")
        self.announce_reference = _longest(
            (word for kind in self.references for word in named[kind]), "phrases/references.toml"
        )
        lines = {name: said for name, said in quotes.forward.items() if name != "subject"}
        self.forward_line = _union(lines, where="phrases/quotes.toml, forward")
        self.forward_subject = _union(
            {"": quotes.forward.get("subject", ())}, where="phrases/quotes.toml, forward"
        )
        self.quote_below = _lines(quotes.below, where="phrases/quotes.toml, below")
        self.quote_attribution = _lines(quotes.attribution, where="phrases/quotes.toml, attribution")
        self.quote_html = _union({"": quotes.html}, where="phrases/quotes.toml, html")
        subjects = [_union(one.subjects, where=f"phrases/kinds.toml, {one.name}") for one in kinds.kind]
        self._kind_names = tuple(one.name for one in kinds.kind)
        self._subjects = Shapes(NOTHING if one is None else one.pattern for one in subjects)
        where = "phrases/terms.toml"
        self.term_hours = _union(terms.hours, where=f"{where}, hours")
        self.term_days = _union(terms.days, where=f"{where}, days")
        self.term_working_days = _union(terms.working_days, where=f"{where}, working_days")
        self.term_until = _before_a_digit(terms.until, where=f"{where}, until")
        self.answer = any_of(_all(terms.answer), where=f"{where}, answer")
        self.months = _months(terms.months, where=f"{where}, months")
        self.numbers = {word: value for words in terms.numbers.values() for word, value in words.items()}
        self.review_steering = _phrases(policy.review_steering, "review_steering")
        self.incentives = _phrases(policy.incentives, "incentives")
        self.phone = _phrases(policy.phone, "phone")
        self.number = _phrases(policy.number, "number")

    def kind_in(self, subject: str) -> str:
        """Return the first kind of notice that a subject speaks of in words any marketplace may use, or ""."""
        said = self._subjects.found_in(subject)
        return self._kind_names[min(said)] if said else ""

    def kind_of(self, label: str) -> str:
        """Return what kind of number a label that ``announce`` found is about: ``order``, ``tracking``, ..., ``other``."""
        return self._kinds.get(label.casefold(), "other")


def _longest(words: Iterable[str], where: str) -> Pattern | None:
    """Find the longest of some words that begin at one place: of alternatives RE2 takes the first."""
    return any_of(sorted(set(words), key=lambda word: (-len(word), word)), where=where)


def _all(by_language: dict[str, tuple[str, ...]]) -> list[str]:
    return [word for words in by_language.values() for word in words]


def _union(by_language: dict[str, tuple[str, ...]], *, where: str) -> Pattern | None:
    every = _all(by_language)
    for one in every:
        compile_pattern(one, where=where)  # so that an error names the one pattern that is wrong
    return compile_pattern("(?m)" + "|".join(f"(?:{one})" for one in every), where=where) if every else None


def _lines(by_language: dict[str, tuple[str, ...]], *, where: str) -> Earliest:
    return Earliest([f"(?m){one}" for one in _all(by_language)], where=where)


def _before_a_digit(by_language: dict[str, tuple[str, ...]], *, where: str) -> Pattern | None:
    """Compile words that announce a date; group 1 is the words, and a digit follows soon."""
    every = _all(by_language)
    for one in every:
        compile_pattern(one, where=where)
    words = "|".join(every)
    return compile_pattern(rf"({words})[^0-9\n]{{0,20}}[0-9]", where=where) if every else None


def _months(by_language: dict[str, tuple[str, ...]], *, where: str) -> dict[str, int]:
    """Return each month's names, and their first three letters where those mean one month in every language."""
    names: dict[str, int] = {}
    short: dict[str, set[int]] = {}
    for language, listed in by_language.items():
        if len(listed) != 12:
            raise BookError(f"{where}, {language}: a year has twelve months, not {len(listed)}")
        for number, name in enumerate(listed, 1):
            names[name.lower()] = number
            short.setdefault(name.lower()[:3], set()).add(number)
    sure = {head: next(iter(months)) for head, months in short.items() if len(months) == 1}
    return {**sure, **names}


def _phrases(by_language: dict[str, tuple[str, ...]], table: str) -> Pattern | None:
    r"""Compile policy phrases for readable text: there the long-vowel mark is a dash, and ``\w`` is any script's letter."""
    ready = {
        language: tuple(one.replace(r"\w", r"[\pL\pN_]").replace("ー", "[ー-]") for one in words)
        for language, words in by_language.items()
    }
    return _union(ready, where=f"phrases/policy.toml, {table}")


def _known_check(name: str, where: str) -> None:
    if name and name not in CHECKS:
        raise BookError(f"{where}: there is no check {name!r}; known are {', '.join(sorted(CHECKS))}")

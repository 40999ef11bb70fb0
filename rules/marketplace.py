"""Everything the data files say, loaded once a process: marketplaces, carriers and phrases.

A text's name says what it is: ``NAME.toml`` a marketplace, ``carriers/NAME.toml`` a carrier, ``phrases/NAME.toml`` words.
``timetable.json`` is what the settings say of clocks, so that a decision can be made again years later.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from importlib.resources import files
from itertools import islice
from typing import Literal

import msgspec

from rules.book import CarrierFile
from rules.compiled import Carrier, CompiledOrder, CompiledProduct, Marketplace, Words
from rules.deadlines import DEFAULT, Timetable
from rules.directory import Directory, directory_of
from rules.errors import BookError
from rules.fleet import Fleet
from rules.patterns import Pattern, any_of
from rules.shapes import Shapes
from rules.texts import check_phrases, decode, marketplace_files
from rules.wording import KindWords, OrderWords, PolicyWords, QuoteMarks, ReferenceWords, TermWords

Sign = Literal["number", "column", "reference"]
TIMETABLE = "timetable.json"
_BRANDS_MAX = 500  # mentions of marketplaces in one text that are looked at


@dataclass(frozen=True, kw_only=True)
class Marketplaces:
    """The data files, compiled; ``texts`` are what they were made from, by name. ``timetable`` is the seller's own."""

    texts: dict[str, str] = field(repr=False)
    marketplaces: dict[str, Marketplace]
    carriers: dict[str, Carrier]
    words: Words
    timetable: Timetable = DEFAULT

    def timed(self, timetable: Timetable) -> "Marketplaces":
        """Return the same with the seller's own settings for clocks, which from here on are one of the texts that decide."""
        if timetable == self.timetable:
            return self
        texts = {name: text for name, text in self.texts.items() if name != TIMETABLE}
        if timetable != DEFAULT:
            texts[TIMETABLE] = msgspec.json.encode(timetable, order="deterministic").decode()
        return replace(self, texts=texts, timetable=timetable)

    def get(self, name: str) -> Marketplace | None:
        return self.marketplaces.get(name)

    def __getitem__(self, name: str) -> Marketplace:
        return self.marketplaces[name]

    @cached_property
    def directory(self) -> Directory:
        """Whose each domain and each address is."""
        return directory_of(self.marketplaces.values())

    @cached_property
    def _signs(self) -> tuple[tuple[Sign, ...], Shapes]:
        anywhere = (
            shape.pattern
            for market in self.marketplaces.values()
            for shape in market.file.orders
            if shape.where == "anywhere" or not market.brand_words
        )
        products = (shape.pattern for market in self.marketplaces.values() for shape in market.file.products)
        column, reference = self.words.any_column, self.words.announce_reference
        written: dict[Sign, str] = {
            "number": "|".join(
                f"(?:{pattern.replace('(?P<id>', '(?:')})" for pattern in (*anywhere, *products)
            ),
            "column": "" if column is None else column.pattern,
            "reference": "" if reference is None else reference.pattern,
        }
        kept = {sign: pattern for sign, pattern in written.items() if pattern}
        return tuple(kept), Shapes(kept.values())

    def signs_in(self, text: str) -> set[Sign]:
        """Return what there is to look for in a text, in one pass: most texts hold nothing at all.

        ``number`` is a shape of an order that counts in any mail, or of a product; ``column`` is a heading of a table,
        ``reference`` a word that a number of another kind follows.
        """
        signs, shapes = self._signs
        return {signs[number] for number in shapes.found_in(text)}

    @cached_property
    def _shapes(self) -> tuple[tuple[CompiledOrder | CompiledProduct, ...], Shapes]:
        compiled: list[CompiledOrder | CompiledProduct] = []
        for market in self.marketplaces.values():
            compiled += (*market.orders, *market.products)
        return tuple(compiled), Shapes(one.shape.pattern for one in compiled)

    def shapes_in(self, text: str) -> set[int]:
        """Return the ids (``id()``) of the shapes of orders and products in a text, in one pass for all of them."""
        compiled, shapes = self._shapes
        return {id(compiled[number]) for number in shapes.found_in(text)}

    @cached_property
    def everywhere(self) -> tuple[Marketplace, ...]:
        """The marketplaces that have a shape to try in mail that is not theirs and does not name them."""
        return tuple(
            market
            for market in self.marketplaces.values()
            if not market.brand_words
            or any(shape.where == "anywhere" for shape in market.file.orders)
            or any(shape.where == "anywhere" for shape in market.file.products)
        )

    @cached_property
    def giving_way(self) -> frozenset[str]:
        """The marketplaces whose finds give way to another's."""
        return frozenset(name for name, market in self.marketplaces.items() if market.file.gives_way)

    def named_in(self, text: str) -> set[str]:
        """Return which marketplaces a text names, in one pass for all of them."""
        if self._any_brand is None:
            return set()
        found: set[str] = set()
        for match in islice(self._any_brand.finditer(text), _BRANDS_MAX):
            found |= self._brands.get(match.group().lower(), set())
        return found

    @cached_property
    def _brands(self) -> dict[str, set[str]]:
        brands: dict[str, set[str]] = {}
        for market in self.marketplaces.values():
            for word in market.brand_words:
                brands.setdefault(word, set()).add(market.name)
        return brands

    @cached_property
    def _any_brand(self) -> Pattern | None:
        longest_first = sorted(self._brands, key=lambda word: (-len(word), word))
        return any_of(longest_first, where="all brands together", whole=True)

    @cached_property
    def fleet(self) -> Fleet:
        """All carriers as one."""
        return Fleet(self.carriers)

    @cached_property
    def books(self) -> tuple[str, ...]:
        """The SHA-256 of each text, in the order of their names."""
        return tuple(hashlib.sha256(self.texts[name].encode()).hexdigest() for name in sorted(self.texts))


def builtin_texts() -> dict[str, str]:
    """Return the files that come with Docket: package data, the one thing this floor reads."""
    texts = {}
    for folder, prefix in (("marketplaces", ""), ("carriers", "carriers/"), ("phrases", "phrases/")):
        for place in sorted(files("rules").joinpath(folder).iterdir(), key=lambda entry: entry.name):
            if place.name.endswith(".toml"):
                texts[prefix + place.name] = place.read_text(encoding="utf-8")
    return texts


def builtin() -> Marketplaces:
    """Return what comes with Docket."""
    return load_marketplaces(builtin_texts())


def load_marketplaces(texts: Mapping[str, str]) -> Marketplaces:
    """Make everything ready for reading; a fault in a text is a BookError that says where.

    What was loaded last is not loaded again: it takes a quarter of a second, and is the same.
    """
    return _load(tuple(sorted(texts.items())))


@lru_cache(maxsize=1)
def _load(texts: tuple[tuple[str, str], ...]) -> Marketplaces:
    carriers: dict[str, Carrier] = {}
    orders, quotes, policy = OrderWords(), QuoteMarks(), PolicyWords()
    references, terms, kinds = ReferenceWords(), TermWords(), KindWords()
    timetable = DEFAULT
    own: dict[str, str] = {}
    for name, text in texts:
        if name == "phrases/orders.toml":
            orders = decode(name, text, OrderWords)
        elif name == "phrases/quotes.toml":
            quotes = decode(name, text, QuoteMarks)
        elif name == "phrases/policy.toml":
            policy = decode(name, text, PolicyWords)
        elif name == "phrases/references.toml":
            references = decode(name, text, ReferenceWords)
        elif name == "phrases/terms.toml":
            terms = decode(name, text, TermWords)
        elif name == "phrases/kinds.toml":
            kinds = decode(name, text, KindWords)
            check_phrases(name, kinds)
        elif name == TIMETABLE:
            timetable = _timetable(text)
        elif name.startswith("phrases/"):
            raise BookError(
                f"{name}: there are no phrases of that name; known are kinds, orders, policy, quotes, references and terms"
            )
        elif name.startswith("carriers/"):
            carrier = Carrier(decode(name, text, CarrierFile), where=name)
            carriers[carrier.name] = carrier
        else:
            own[name] = text
    marketplaces = {file.name: Marketplace(file, where=where) for where, file in marketplace_files(own)}
    labels = tuple(label for market in marketplaces.values() for label in market.file.labels)
    words = Words(
        orders=orders,
        quotes=quotes,
        policy=policy,
        references=references,
        terms=terms,
        kinds=kinds,
        labels=labels,
    )
    made = Marketplaces(
        texts=dict(texts), marketplaces=marketplaces, carriers=carriers, words=words, timetable=timetable
    )
    _ = made.directory  # two that claim one address are told now, not when its mail comes
    return made


def _timetable(text: str) -> Timetable:
    try:
        return msgspec.json.decode(text, type=Timetable)
    except msgspec.DecodeError as wrong:
        raise BookError(f"{TIMETABLE}: {wrong}") from wrong

"""Everything the data files say, loaded once a process: marketplaces, carriers and phrases.

A text's name says what it is: ``NAME.toml`` a marketplace, ``carriers/NAME.toml`` a carrier, ``phrases/NAME.toml`` words.
"""

import hashlib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib.resources import files
from typing import TypeVar

import msgspec

from rules.book import CarrierFile, MarketplaceFile, OrderWords, PolicyWords, QuoteMarks
from rules.compiled import Carrier, Marketplace, Words
from rules.errors import BookError
from rules.patterns import Pattern, compile_pattern

_T = TypeVar("_T")


@dataclass(frozen=True, kw_only=True)
class Marketplaces:
    """The data files, compiled; ``texts`` are what they were made from, by name."""

    texts: dict[str, str] = field(repr=False)
    marketplaces: dict[str, Marketplace]
    carriers: dict[str, Carrier]
    words: Words

    def get(self, name: str) -> Marketplace | None:
        return self.marketplaces.get(name)

    def __getitem__(self, name: str) -> Marketplace:
        return self.marketplaces[name]

    @cached_property
    def any_order(self) -> Pattern | None:
        """All order shapes as one: a single pass that spares most texts a dozen."""
        return _union(shape.pattern for market in self.marketplaces.values() for shape in market.file.orders)

    @cached_property
    def any_product(self) -> Pattern | None:
        return _union(
            shape.pattern for market in self.marketplaces.values() for shape in market.file.products
        )

    @cached_property
    def any_parcel(self) -> Pattern | None:
        return _union(shape.pattern for carrier in self.carriers.values() for shape in carrier.file.numbers)

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
    """Make everything ready for reading; a fault in a text is a BookError that says where."""
    marketplaces: dict[str, Marketplace] = {}
    carriers: dict[str, Carrier] = {}
    origin: dict[str, str] = {}
    orders, quotes, policy = OrderWords(), QuoteMarks(), PolicyWords()
    for name, text in sorted(texts.items()):
        if name == "phrases/orders.toml":
            orders = _decode(name, text, OrderWords)
        elif name == "phrases/quotes.toml":
            quotes = _decode(name, text, QuoteMarks)
        elif name == "phrases/policy.toml":
            policy = _decode(name, text, PolicyWords)
        elif name.startswith("phrases/"):
            raise BookError(f"{name}: there are no phrases of that name; known are orders, quotes and policy")
        elif name.startswith("carriers/"):
            carrier = Carrier(_decode(name, text, CarrierFile), where=name)
            carriers[carrier.name] = carrier
        else:
            market = Marketplace(_decode(name, text, MarketplaceFile), where=name)
            if market.name in marketplaces:
                raise BookError(
                    f"{name}: the marketplace {market.name!r} is already described by {origin[market.name]}; "
                    f"to replace that file, give yours the same file name"
                )
            marketplaces[market.name] = market
            origin[market.name] = name
    labels = tuple(label for market in marketplaces.values() for label in market.file.labels)
    words = Words(orders=orders, quotes=quotes, policy=policy, labels=labels)
    return Marketplaces(texts=dict(texts), marketplaces=marketplaces, carriers=carriers, words=words)


def report_on(own: Mapping[str, str]) -> list[str]:
    """Load the files that come with Docket together with the seller's own, and say what those add or replace."""
    built = builtin_texts()
    load_marketplaces({**built, **own})
    lines = []
    for name, text in sorted(own.items()):
        if name not in built:
            lines.append(f"{name}: added")
        elif text == built[name]:
            lines.append(f"{name}: the same as the one that comes with Docket")
        else:
            lines.append(f"{name}: replaces the one that comes with Docket, as a whole")
    return lines


def _union(patterns: Iterable[str]) -> Pattern | None:
    alternatives = [f"(?:{pattern.replace('(?P<id>', '(?:')})" for pattern in patterns]
    return compile_pattern("|".join(alternatives), where="all shapes together") if alternatives else None


def _decode(name: str, text: str, into: type[_T]) -> _T:
    try:
        return msgspec.convert(tomllib.loads(text), into)
    except (tomllib.TOMLDecodeError, RecursionError) as wrong:
        raise BookError(f"{name}: this is not TOML: {wrong}") from None
    except msgspec.ValidationError as wrong:
        raise BookError(f"{name}: {wrong}") from None

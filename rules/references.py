"""Products and parcels that a message names."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from rules.checks import CHECKS
from rules.compiled import Carrier, Marketplace
from rules.facts import FoundParcel, FoundProduct
from rules.parts import Part

_TRIES_MAX = 500
_NAME_REACH = 200  # characters around a bare number in which its carrier's name must stand


def find_products(part: Part, market: Marketplace, *, home: bool) -> Iterator[tuple[FoundProduct, int, int]]:
    """Yield the products one marketplace's file can tell, with their places in the readable text."""
    text = part.readable.text
    for compiled in market.products:
        shape = compiled.shape
        if shape.where == "home" and not home:
            continue
        for match in islice(compiled.pattern.finditer(text), _TRIES_MAX):
            value = match.group(1).strip()
            if shape.kind == "isbn":
                value = value.replace("-", "").replace(" ", "")
            if shape.kind != "sku":
                value = value.upper()
            if not shape.check or CHECKS[shape.check](value):
                yield FoundProduct(kind=shape.kind, value=value, where=part.where), *match.span(1)


def find_parcels(part: Part, carrier: Carrier, taken: list[tuple[int, int]]) -> Iterator[FoundParcel]:
    """Yield tracking numbers of one carrier that stand where nothing else was found."""
    text = part.readable.text
    for compiled in carrier.numbers:
        for match in islice(compiled.pattern.finditer(text), _TRIES_MAX):
            start, end = match.span()
            number = match.group().replace(" ", "").upper()
            if _glued(text, start, end) or any(start < stop and begin < end for begin, stop in taken):
                continue
            if compiled.shape.check and not CHECKS[compiled.shape.check](number):
                continue
            if compiled.shape.needs_name and not _named(carrier.brand, text, start, end):
                continue
            yield FoundParcel(carrier=carrier.name, number=number, where=part.where)


def _glued(text: str, start: int, end: int) -> bool:
    around = text[max(0, start - 1) : start] + text[end : end + 1]
    return any(letter.isascii() and (letter.isalnum() or letter == "_") for letter in around)


def _named(brand: Any, text: str, start: int, end: int) -> bool:
    around = text[max(0, start - _NAME_REACH) : end + _NAME_REACH]
    return brand is not None and brand.search(around) is not None

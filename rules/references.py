"""Products and labelled numbers that a message names: returns, claims, cases, transactions, and what is not an order."""

import re
from collections.abc import Container, Iterator
from itertools import islice

from rules.checks import CHECKS
from rules.compiled import Marketplace, Words
from rules.facts import FoundProduct, FoundReference
from rules.parts import Part
from rules.places import place_of
from rules.quotes import Quotes
from rules.spans import Spans

_TRIES_MAX = 500
_AFTER = re.compile(
    r"[ \t\u00ba\u00b0.)]{0,4}"
    r"(?:(?:id|ids|no|nr|nº|n°|num|number|nummer|numéro|numero|número|code|ref|is|was|ist|lautet|est|es|è|番号|は|は、)\b[ \t.]{0,3}){0,3}"
    r"[ \t]{0,4}[:#=|\-\[(»№：]{0,3}[ \t]{0,4}(?:\r?\n[ \t]{0,8}){0,2}[#(\[]{0,2}",
    re.IGNORECASE,
)
_VALUE = re.compile(r"[0-9A-Za-z]+(?:[-/][0-9A-Za-z]+){0,6}(?![0-9A-Za-z_@])")


def find_products(
    part: Part, market: Marketplace, quotes: Quotes, shapes: Container[int], *, home: bool
) -> Iterator[tuple[FoundProduct, int, int]]:
    """Yield the products one marketplace's file can tell, with their places in the readable text.

    ``shapes`` are the ids of the compiled shapes that stand in the part at all.
    """
    text = part.readable.text
    for compiled in market.products:
        shape = compiled.shape
        if id(compiled) not in shapes or (shape.where == "home" and not home):
            continue
        for match in islice(compiled.pattern.finditer(text), _TRIES_MAX):
            start, end = match.span(1)
            value = match.group(1)
            start += len(value) - len(value.lstrip())
            end -= len(value) - len(value.rstrip())
            value = value.strip()
            if shape.kind == "isbn":
                value = value.replace("-", "").replace(" ", "")
            if shape.kind != "sku":
                value = value.upper()
            if not shape.check or CHECKS[shape.check](value):
                before = text[match.start() : start].strip()
                why = f"after “{before[-30:]}”" if before else "as its marketplace writes it"
                yield (
                    FoundProduct(
                        kind=shape.kind,
                        value=value,
                        where=part.where,
                        span=part.readable.span(start, end),
                        quoted=quotes.holds(start),
                        reason=f"{place_of(part.where)} says “{text[start:end]}” {why}",
                    ),
                    start,
                    end,
                )


def find_labelled(
    part: Part, words: Words, quotes: Quotes, taken: Spans
) -> Iterator[tuple[FoundProduct | FoundReference, int, int]]:
    """Yield numbers that their own label stands right before, where nothing else was found."""
    text = part.readable.text
    if words.announce_reference is None:
        return
    for match in islice(words.announce_reference.finditer(text), _TRIES_MAX):
        word = match.group()
        compiled = words.references[words.kind_of(word)]
        gap = _AFTER.match(text, match.end())
        found = _VALUE.match(text, match.end() if gap is None else gap.end())
        if found is None:
            continue
        start, end = found.span()
        value = found.group().upper()
        if compiled.pattern.fullmatch(value) is None or (
            compiled.kind.check and not CHECKS[compiled.kind.check](value)
        ):
            continue
        if taken.overlaps(start, end):
            continue
        shape = FoundProduct if compiled.kind.product else FoundReference
        yield (
            shape(
                kind=compiled.kind.name,
                value=value,
                where=part.where,
                span=part.readable.span(start, end),
                quoted=quotes.holds(start),
                reason=f"{place_of(part.where)} says “{text[start:end]}” after “{word}”",
            ),
            start,
            end,
        )

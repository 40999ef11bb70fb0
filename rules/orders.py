"""Order IDs in a message: by shape, by the words before them, by whose mail it is, and by what else they could be."""

from collections.abc import Container, Iterable, Iterator
from itertools import islice
from typing import Any, NamedTuple

from rules.book import OrderShape
from rules.compiled import CompiledOrder, Marketplace, Words
from rules.confidence import RANK, lowered
from rules.facts import Confidence, FoundOrder, OrderRef
from rules.labels import announced
from rules.parts import Part
from rules.places import place_of
from rules.quotes import Quotes
from rules.tables import OrderColumns

_TRIES_MAX = 5000  # matches of one shape that are looked at in one part
_FINDS_MAX = 100  # finds that a message keeps
_LIST_GAP = 24  # characters between the members of a list that share one label


class Scope(NamedTuple):
    """What is known of the message when one marketplace's shapes are tried."""

    market: Marketplace
    home: bool  # the message is this marketplace's own
    named: bool  # it is, or it names the marketplace


class _Try(NamedTuple):
    """One match that may be an order ID: places in the readable text, and the word that announces it."""

    value: str
    start: int
    end: int
    label: str
    foreign: str
    thing: bool  # that word is for numbers nobody takes for an order's
    seam: bool
    linked: bool  # it stands in a link


def find_orders(
    part: Part, scopes: Iterable[Scope], words: Words, quotes: Quotes, shapes: Container[int]
) -> Iterator[tuple[FoundOrder, int, int]]:
    """Yield what looks like an order ID in one part, with its place in the readable text.

    ``shapes`` are the ids of the compiled shapes that stand in the part at all.
    """
    columns = OrderColumns(part, words)
    for scope in scopes:
        for compiled in scope.market.orders:
            shape = compiled.shape
            if id(compiled) not in shapes:
                continue
            if (shape.where == "home" and not scope.home) or (shape.where == "named" and not scope.named):
                continue
            if shape.parts and part.kind not in shape.parts:
                continue
            last: _Try | None = None
            for one in _tries(part, compiled, words, columns):
                tried = one
                if (
                    last is not None
                    and not one.foreign
                    and not one.label
                    and one.start - last.end <= _LIST_GAP
                ):
                    tried = one._replace(label=last.label)  # "orders A, B and C"
                last = tried
                found = _weigh(part, scope, compiled, tried, quotes)
                if found is not None:
                    yield found, tried.start, tried.end


def strongest(
    finds: Iterable[tuple[FoundOrder, int, int]], giving_way: frozenset[str] = frozenset()
) -> tuple[FoundOrder, ...]:
    """Keep one find for each order, part and voice; where two marketplaces claim the same characters, the surer one.

    Where both are as sure, those ``giving_way`` lose, then the shorter.
    """
    kept: dict[tuple[str, OrderRef, bool], tuple[FoundOrder, int, int]] = {}
    for entry in islice(finds, _FINDS_MAX * 20):
        found = entry[0]
        key = (found.where, found.order, found.quoted)
        if key not in kept and len(kept) >= _FINDS_MAX:
            continue
        if key not in kept or RANK[found.confidence] > RANK[kept[key][0].confidence]:
            kept[key] = entry
    chosen: list[tuple[FoundOrder, int, int]] = []
    for entry in sorted(kept.values(), key=lambda one: _rank(one, giving_way)):
        if not any(_clash(entry, other) for other in chosen):
            chosen.append(entry)
    places = {id(entry): number for number, entry in enumerate(kept.values())}
    return tuple(entry[0] for entry in sorted(chosen, key=lambda one: places[id(one)]))


def _rank(entry: tuple[FoundOrder, int, int], giving_way: frozenset[str]) -> tuple[int, bool, int]:
    found, start, end = entry
    return -RANK[found.confidence], found.order.marketplace in giving_way, start - end


def _clash(one: tuple[FoundOrder, int, int], other: tuple[FoundOrder, int, int]) -> bool:
    return (
        one[0].where == other[0].where
        and one[0].span[0] < other[0].span[1]
        and other[0].span[0] < one[0].span[1]
    )


def _tries(part: Part, compiled: CompiledOrder, words: Words, columns: OrderColumns) -> Iterator[_Try]:
    text = part.readable.text
    for match in islice(compiled.pattern.finditer(text), _TRIES_MAX):
        start, end = match.span(compiled.id_group)
        if not _stands_alone(text, start, end):
            continue
        if compiled.shape.needs_digit and not any(letter.isdigit() for letter in text[start:end]):
            continue
        if compiled.shape.capitals and text[start:end] != text[start:end].upper():
            continue
        seam = any(start < place < end for place in part.readable.seams)
        if part.readable.seams and not seam:
            continue  # the unjoined text has it already
        label, foreign, linked = announced(part, start, words, plain=compiled.shape.plain)
        if foreign and words.call_label is not None and words.call_label.search(foreign) is not None:
            continue
        if compiled.id_group and not foreign:
            label = label or text[match.start() : start].strip(" :#")
        if not label and not foreign and not linked:
            label = columns.heading_of(start, end)
        thing = (
            bool(foreign) and words.thing_label is not None and words.thing_label.search(foreign) is not None
        )
        yield _Try(
            value_of(match, compiled, text[start:end]), start, end, label, foreign, thing, seam, linked
        )


def value_of(match: Any, compiled: CompiledOrder, written: str) -> str:
    """Return what a match means, in the marketplace's normal form."""
    form = compiled.shape.form
    value = form.format(match.group(), *match.groups(default="")) if form else written.replace(" ", "")
    return str(value.lower() if compiled.shape.letters == "lower" else value.upper())


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Tell whether nothing is glued to a number; RE2 has no look-around, so it is said here.

    A dash may follow a word (``order-112-...``) or go before one (``...-return.pdf``), but not join more digits.
    """
    before = text[start - 1 : start]
    if before and _glues(before) and not _escaped(text, start):
        return False
    if before == "+":
        return False
    if before in {"-", ".", "/"} and start > 1 and text[start - 2].isdigit() and before != "/":
        return False
    after = text[end : end + 1]
    if after and _glues(after):
        return False
    return not (after in {"-", "."} and end + 1 < len(text) and text[end + 1].isdigit())


def _glues(letter: str) -> bool:
    # Chinese and Japanese put no space between a word and a number.
    return letter.isalnum() and (ord(letter) < 0x2E80 or letter.isdigit())


def _escaped(text: str, start: int) -> bool:
    """Tell whether a percent escape stands before a place in a link: its letters belong to no word."""
    return (
        start >= 3
        and text[start - 3] == "%"
        and text[start - 2] in "0123456789"
        and text[start - 1] in "0123456789ABCDEFabcdef"
    )


def _weigh(part: Part, scope: Scope, compiled: CompiledOrder, one: _Try, quotes: Quotes) -> FoundOrder | None:
    shape = compiled.shape
    if one.foreign and shape.plain:
        return None
    if scope.home:
        word = shape.home_labelled if one.label else shape.home
    else:
        word = shape.labelled if one.label else shape.bare
    if not word:
        return None
    if _strays(scope, shape, one):
        return None
    confidence: Confidence = word
    if one.foreign and not scope.home:
        confidence = lowered(confidence)
    if one.linked and not one.label:
        confidence = lowered(confidence)
    if one.seam:
        confidence = lowered(confidence)
    hidden = part.hides(one.start, one.end)
    if hidden:
        confidence = lowered(confidence)
    span = part.readable.span(one.start, one.end)
    return FoundOrder(
        order=OrderRef(marketplace=scope.market.name, value=one.value),
        where=part.where,
        span=span,
        quoted=quotes.holds(one.start),
        confidence=confidence,
        reason=_reason(part, scope, one, hidden=hidden),
    )


def _strays(scope: Scope, shape: OrderShape, one: _Try) -> bool:
    """Tell whether a number in somebody else's mail is too little of an order: nothing but its shape speaks for it."""
    if scope.home or one.label:
        return scope.market.file.gives_way and one.seam
    if one.linked:  # shops once wrote session numbers of an order ID's shape into links
        return True
    return one.thing or (shape.bare_where == "named" and not scope.named)


def _reason(part: Part, scope: Scope, one: _Try, *, hidden: bool) -> str:
    said = [
        f"{place_of(part.where)} says “{part.readable.text[one.start : one.end]}”, the form of {scope.market.title} order IDs"
    ]
    if one.label:
        said.append(f"after “{one.label.strip()[:30]}”")
    elif one.foreign:
        said.append(f"but after “{one.foreign.strip()[:30]}”")
    if one.linked:
        said.append("inside a link")
    if hidden:
        said.append("hidden from the reader")
    if scope.home:
        said.append(f"in mail from or to {scope.market.title}")
    if one.seam:
        said.append("broken over two lines")
    return ", ".join(said)

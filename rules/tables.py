"""Numbers in tables, read under their headings: a SKU is free text, and an order ID of nothing but digits could be anything.

Columns change their order from shop to shop; the heading says which is which. Text counts as a table where tabs,
semicolons or bars part its cells, as in spreadsheets, in CSV files and in order reports.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import islice

from rules.checks import ean, isbn
from rules.compiled import Words
from rules.facts import FoundProduct
from rules.parts import Part
from rules.places import place_of
from rules.quotes import Quotes

_LOOK = 400_000  # characters of a part in which tables are looked for
_LINES_MAX = 20_000
_CELLS_MAX = 60
_CELL_MAX = 60
_FINDS_MAX = 500
_TAG = re.compile(r"<(/?)(table|tr|th|td)\b[^<>]{0,1000}>|<[^<>]{0,1000}>", re.IGNORECASE)
_SKU = re.compile(r"[0-9A-Za-z][0-9A-Za-z_./+-]{0,39}")
_ASIN = re.compile(r"B0[0-9A-Z]{8}")

Cell = tuple[str, int, int]  # what it says, and where that stands in the original


def find_in_tables(part: Part, headings: Mapping[str, str], quotes: Quotes) -> Iterator[FoundProduct]:
    """Yield the products that stand under a heading; ``headings`` are kinds by the headings' words, in small letters."""
    html = part.kind == "html"
    kinds: dict[int, tuple[str, str]] = {}
    width = found = 0
    for row in _rows(part):
        named = {
            place: (headings[said.casefold()], said)
            for place, (said, _, _) in enumerate(row)
            if said.casefold() in headings
        }
        if named and len(row) > 1:
            kinds, width = named, len(row)
            continue
        if len(row) != width:
            kinds = {}
            continue
        for place, (kind, heading) in kinds.items():
            value, start, end = row[place]
            if not _fits(kind, value):
                continue
            yield FoundProduct(
                kind=kind,
                value=value if kind == "sku" else value.upper(),
                where=part.where,
                span=(start, end),
                quoted=False if html else quotes.holds(start),
                reason=f"{place_of(part.where)} says “{value}” in a table, under “{heading}”",
            )
            found += 1
            if found == _FINDS_MAX:
                return


class OrderColumns:
    """The cells of one part that stand under a heading which announces orders; the tables are read when first asked."""

    def __init__(self, part: Part, words: Words) -> None:
        self._part = part
        self._words = words

    def heading_of(self, start: int, end: int) -> str:
        """Return the heading above a number at a place of the readable text, or an empty string."""
        first, last = self._part.readable.span(start, end)
        place = bisect_right(self._cells, first, key=lambda cell: cell[1]) - 1
        if place < 0:
            return ""
        said, _, stop = self._cells[place]
        return said if last <= stop else ""

    @cached_property
    def _cells(self) -> list[Cell]:
        cells: list[Cell] = []
        named: dict[int, str] = {}
        width = 0
        for row in _rows(self._part):
            heads = {place: said for place, (said, _, _) in enumerate(row) if self._announces(said)}
            if heads and len(row) > 1:
                named, width = heads, len(row)
            elif len(row) != width:
                named = {}
            else:
                cells.extend((said, *row[place][1:]) for place, said in named.items() if row[place][0])
            if len(cells) > _FINDS_MAX:
                break
        return cells

    def _announces(self, said: str) -> bool:
        """Tell whether a cell is such a heading: it calls what is below it orders, nothing else, and is no number itself."""
        words = self._words
        if not said or any(letter.isdigit() for letter in said) or words.order_label is None:
            return False
        other = words.other_label is not None and words.other_label.search(said) is not None
        return words.order_label.search(said) is not None and not other


def _rows(part: Part) -> Iterator[list[Cell]]:
    if part.kind == "html":
        return _rows_of_html(part.original[:_LOOK])
    return _rows_of_text(part) if part.kind in {"text", "attachment"} else iter(())


def _fits(kind: str, value: str) -> bool:
    match kind:
        case "sku":
            return _SKU.fullmatch(value) is not None
        case "asin":
            return _ASIN.fullmatch(value.upper()) is not None
        case "isbn":
            return isbn(value)
        case "ean":
            return ean(value)
        case _:
            return False


def _rows_of_text(part: Part) -> Iterator[list[Cell]]:
    text = part.readable.text[:_LOOK]
    start = 0
    for line in islice(text.splitlines(keepends=True), _LINES_MAX):
        mark = next((mark for mark in "\t;|" if mark in line), "")
        row: list[Cell] = []
        at = start
        for cell in islice(line.split(mark), _CELLS_MAX) if mark else ():
            said = cell.strip().strip('"').strip()
            if said and len(said) <= _CELL_MAX:
                begin = at + cell.index(said)
                row.append((said, *part.readable.span(begin, begin + len(said))))
            else:
                row.append(("", 0, 0))
            at += len(cell) + 1
        yield row
        start += len(line)


def _rows_of_html(source: str) -> Iterator[list[Cell]]:
    row: list[Cell] = []
    open_at = -1
    for tag in islice(_TAG.finditer(source), 10 * _LINES_MAX):
        name = (tag.group(2) or "").lower()
        if name in {"th", "td"}:
            if open_at >= 0:
                row.append(_cell(source, open_at, tag.start()))
            open_at = -1 if tag.group(1) else tag.end()
        elif name in {"tr", "table"}:
            if open_at >= 0:
                row.append(_cell(source, open_at, tag.start()))
                open_at = -1
            if row:
                yield row[:_CELLS_MAX]
            row = []


def _cell(source: str, start: int, end: int) -> Cell:
    if end - start > 20 * _CELL_MAX:
        return "", 0, 0
    said = " ".join(_TAG.sub(" ", source[start:end]).replace("&nbsp;", " ").split())
    at = source.find(said, start, end) if said else -1
    return (
        (said, at, at + len(said)) if at >= 0 and len(said) <= _CELL_MAX else (said[:_CELL_MAX], start, end)
    )

"""Order reports as sellers download them: what each line tells of an order, and nothing of the buyer but a relay address."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from itertools import islice
from pathlib import Path

from gateway.errors import WrongUse
from gateway.ingest.table import BadLine, Record, encoding_of, records
from rules.dates import parse_date
from rules.facts import Facts, OrderRef
from rules.marketplace import Marketplaces
from rules.named import order_of
from rules.reports import Chosen, choose, plain
from rules.senders import sender_of

_HEADER_LOOK = 30  # records among which the header is looked for
_DELIMITERS = "\t;,|"
_NUMBER = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ./-]{3,39}")
_BROKEN = re.compile(r"[0-9][.,][0-9]+[Ee]\+?[0-9]+")
_PARCELS = 10  # numbers in one cell


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLine:
    """One line of a report, as much of it as is kept. ``notes`` say what of it could not be read."""

    line: int
    order: OrderRef
    placed_at: datetime | None = None
    alias: str = ""
    products: tuple[tuple[str, str], ...] = ()
    parcels: tuple[tuple[str, str, datetime | None], ...] = ()  # (carrier, number, shipped_at)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a file is to be read where it does not say so itself; ``columns`` maps fields to headers."""

    format: str = ""
    marketplace: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    encoding: str = ""
    zone: tzinfo = UTC
    day_first: bool | None = None


class Report:
    """One report file. Opening it finds its header; WrongUse says what is missing where there is none."""

    def __init__(self, path: Path, options: Options, marketplaces: Marketplaces) -> None:
        self._path = path
        self._options = options
        self._marketplaces = marketplaces
        self.encoding = options.encoding or encoding_of(path)
        self.delimiter, self._header, self._line = self._found()
        self.format = self._header.name
        self.covers = self._header.file.covers
        self._alias = lru_cache(10_000)(self._alias_of)

    def lines(self) -> Iterator[OrderLine | BadLine]:
        """Yield what each line below the header tells."""
        for one in records(self._path, encoding=self.encoding, delimiter=self.delimiter):
            if one.line > self._line:
                yield one if isinstance(one, BadLine) else self._told(one)

    def _found(self) -> tuple[str, Chosen, int]:
        best: tuple[str, Chosen, int] | None = None
        seen: list[str] = []
        for delimiter in _DELIMITERS:
            try:
                head = islice(records(self._path, encoding=self.encoding, delimiter=delimiter), _HEADER_LOOK)
                for one in head:
                    if isinstance(one, BadLine):
                        continue
                    seen = max(seen, one.cells, key=len)
                    found = choose(one.cells, name=self._options.format, own=self._options.columns)
                    if found is not None and (best is None or len(found.places) > len(best[1].places)):
                        best = (delimiter, found, one.line)
            except LookupError as wrong:
                raise WrongUse(f"--encoding {self.encoding}: there is no such encoding") from wrong
            except UnicodeError as wrong:
                raise WrongUse(f"{self._path} is not in the encoding {self.encoding}") from wrong
        if best is None:
            names = ", ".join(cell.strip()[:40] for cell in seen[:40] if cell.strip()) or "none"
            raise WrongUse(
                f"{self._path}: no column of order numbers was found (columns: {names}); "
                "say which it is: --map order=COLUMN"
            )
        return best

    def _told(self, record: Record) -> OrderLine | BadLine:
        written = self._cell(record, "order")
        if not written:
            return BadLine(record.line, "it has no order number")
        market = self._market(record)
        order = self._order(written, market)
        if isinstance(order, str):
            return BadLine(record.line, order)
        notes: list[str] = []
        shipped = self._moment(record, "shipped_at", notes)
        carrier = _printable(self._cell(record, "carrier"), 60)
        parcels = tuple((carrier, number, shipped) for number in self._numbers(record, notes))
        products = [
            (kind, value)
            for kind in ("sku", "asin", "item")
            if (value := _printable(self._cell(record, kind), 100)) and _BROKEN.fullmatch(value) is None
        ]
        return OrderLine(
            line=record.line,
            order=order,
            placed_at=self._moment(record, "placed_at", notes),
            alias=self._alias(self._cell(record, "alias").lower()),
            products=tuple(products),
            parcels=parcels,
            notes=tuple(notes),
        )

    def _cell(self, record: Record, name: str) -> str:
        """Return a field's first cell that says anything, without what spreadsheets put around numbers."""
        for place in self._header.places.get(name, ()):
            text = record.cells[place].strip() if place < len(record.cells) else ""
            if text.startswith('="') and text.endswith('"'):
                text = text[2:-1]
            text = text.strip("'\u200b\ufeff \t")
            if text and text.lower() not in {"-", "--", "n/a", "null", "none"}:
                return text
        return ""

    def _market(self, record: Record) -> str:
        told = self._options.marketplace or self._header.file.marketplace
        if told:
            return told
        said = plain(self._cell(record, "marketplace"))
        words = said.split()
        for name, market in self._marketplaces.marketplaces.items():
            if said and (name == said or plain(market.title) == said or name in words):
                return name
        return said.replace(" ", "_")[:64]

    def _order(self, written: str, market: str) -> OrderRef | str:
        """Return the order meant, or the words that say why there is none."""
        if len(written) > 64 or not written.isprintable():
            return f"this is no order number: {_printable(written, 40)!r}"
        if not market:
            found = {
                ref
                for one in self._marketplaces.marketplaces.values()
                if (ref := order_of(written, one, strict=True)) is not None
            }
            if len(found) == 1:
                return found.pop()
            return f"whose order {written!r} is, is not said; say so: --marketplace NAME"
        known = self._marketplaces.get(market)
        if known is None:
            return OrderRef(marketplace=market, value=written.upper())
        ref = order_of(written, known)
        return ref or f"this is no order number of {known.title}: {_printable(written, 40)!r}"

    def _alias_of(self, address: str) -> str:
        """Return a buyer's relay address as mail has it; any other address is not kept."""
        if "@" not in address or len(address) > 254:
            return ""
        return sender_of(Facts(direction="inbound", from_=(address,)), self._marketplaces).alias

    def _moment(self, record: Record, name: str, notes: list[str]) -> datetime | None:
        text = self._cell(record, name)
        if not text:
            return None
        at = parse_date(text, self._options.zone, day_first=self._options.day_first)
        if at is None:
            notes.append(f"this is no clear date: {_printable(text, 40)!r}")
        return at

    def _numbers(self, record: Record, notes: list[str]) -> Iterator[str]:
        for one in re.split(r"[,;|\n]", self._cell(record, "parcel"))[:_PARCELS]:
            number = one.strip().upper()
            if _BROKEN.fullmatch(number):
                notes.append(f"a spreadsheet has broken this parcel's number: {number[:40]!r}")
            elif _NUMBER.fullmatch(number):
                yield number
            elif number:
                notes.append(f"this is no parcel's number: {_printable(number, 40)!r}")


def _printable(text: str, most: int) -> str:
    return "".join(c if c.isprintable() else " " for c in " ".join(text.split()))[:most]

"""Which columns of an order report mean what: one TOML file a kind of report in ``rules/reports``, and a map of one's own."""

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files

import msgspec

from rules.book import Basis
from rules.errors import BookError

FIELDS = (
    "order",
    "placed_at",
    "marketplace",
    "sku",
    "asin",
    "item",
    "shipped_at",
    "carrier",
    "parcel",
    "alias",
)
_WORDS = re.compile(r"[^\w]+|_")


class ReportFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One kind of report; ``covers``: it lists every order of its days, so that what it lacks is unknown.

    ``needs`` are headers by which it is recognised, ``needs_other`` the same in other languages; () is never by itself.
    """

    title: str
    marketplace: str = ""
    covers: bool = False
    needs: tuple[str, ...] = ()
    needs_other: tuple[tuple[str, ...], ...] = ()
    columns: dict[str, tuple[str, ...]] = {}
    basis: Basis = "inferred"
    source: str = ""


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """What a header says: which kind of report it is, and in which columns the fields stand."""

    name: str
    file: ReportFile
    places: dict[str, tuple[int, ...]]


def plain(header: str) -> str:
    """Return a header as it is compared.

    >>> plain("Numéro de commande"), plain("amazon-order-id"), plain("Order Number ")
    ('numero de commande', 'amazon order id', 'order number')
    """
    flat = unicodedata.normalize("NFKD", header.casefold().replace("ł", "l").replace("ß", "ss"))
    flat = unicodedata.normalize(
        "NFKC", "".join(c for c in flat if unicodedata.category(c) != "Mn" or ord(c) > 0x3000)
    )
    return " ".join(_WORDS.sub(" ", flat).split())


@cache
def report_files() -> dict[str, ReportFile]:
    """Return the kinds of reports that Docket knows, by name."""
    found = {}
    for place in sorted(files("rules").joinpath("reports").iterdir(), key=lambda entry: entry.name):
        if place.name.endswith(".toml"):
            text = place.read_text(encoding="utf-8")
            file = msgspec.convert(tomllib.loads(text), ReportFile)
            if wrong := file.columns.keys() - set(FIELDS):
                raise BookError(f"reports/{place.name}: columns.{min(wrong)} is no field of an order")
            found[place.name.removesuffix(".toml")] = file
    return found


def choose(header: Sequence[str], *, name: str = "", own: Mapping[str, str] | None = None) -> Chosen | None:
    """Say what a header line means, or None where it has no column of order numbers.

    ``name`` asks for one kind of report; ``own`` maps fields to headers and goes before what we know.
    """
    told = [plain(one) for one in header]
    known = report_files()
    names = (
        [name] if name else [*(one for one in known if one != "any"), "any"]
    )  # "any" only where none else fits
    best: Chosen | None = None
    for one in names:
        file = known[one]
        if (
            not name
            and one != "any"
            and not any(_has(told, needs) for needs in (file.needs, *file.needs_other))
        ):
            continue
        places = {field: _places(told, file.columns.get(field, ())) for field in FIELDS}
        for field, column in (own or {}).items():
            places[field] = _places(told, (plain(column),))
        places = {field: where for field, where in places.items() if where}
        if one == "any" and best is not None:
            break
        if "order" in places and (best is None or len(places) > len(best.places)):
            best = Chosen(name=one, file=file, places=places)
    return best


def _has(told: Sequence[str], needs: Iterable[str]) -> bool:
    wanted = list(needs)
    return bool(wanted) and all(one in told for one in wanted)


def _places(told: Sequence[str], columns: Iterable[str]) -> tuple[int, ...]:
    return tuple(place for column in columns for place, header in enumerate(told) if header == column)

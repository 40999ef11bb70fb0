"""A folder of labelled mails: NAME.eml, and what a careful human says of it in NAME.expect.toml."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from rules.facts import Confidence, OrderRef


class Order(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An order the mail is about; ``quoted`` where its ID stands in the quote of an older mail only."""

    marketplace: str
    value: str
    quoted: bool = False

    @property
    def ref(self) -> OrderRef:
        return OrderRef(marketplace=self.marketplace, value=self.value)


class Product(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    kind: str
    value: str


class Parcel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    number: str
    carrier: str = ""  # "": it may be argued about


class Label(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the mail says; the lists are complete. ``marketplace`` or ``kind`` left out: not asked of this mail."""

    language: str
    sender: Literal["authentic", "stranger"] | None = None  # None: it may be argued about
    marketplace: str | None = None
    operator: str | None = None  # the shop, of a base that many run on
    kind: str | None = None
    direction: Literal["inbound", "outbound"] = "inbound"
    orders: tuple[Order, ...] = ()
    absent: tuple[str, ...] = ()  # values that look like orders and must not be linked
    products: tuple[Product, ...] = ()
    parcels: tuple[Parcel, ...] = ()
    returns: tuple[str, ...] = ()
    claims: tuple[str, ...] = ()
    confidence: Confidence | None = None  # each link is at least this sure
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """One mail with its label."""

    name: str
    raw: bytes
    label: Label


def labelled_in(folder: Path) -> Iterator[Labelled]:
    """Yield every labelled mail of a folder by name; ValueError names a mail without a label, or the reverse."""
    mails = {path.name.removesuffix(".eml") for path in folder.glob("*.eml")}
    labels = {path.name.removesuffix(".expect.toml") for path in folder.glob("*.expect.toml")}
    if mails ^ labels:
        raise ValueError(f"{folder}: mail or label is missing for {', '.join(sorted(mails ^ labels))}")
    for name in sorted(mails):
        path = folder / f"{name}.expect.toml"
        try:
            label = msgspec.toml.decode(path.read_bytes(), type=Label)
        except msgspec.MsgspecError as error:
            raise ValueError(f"{path}: {error}") from error
        yield Labelled(name=name, raw=(folder / f"{name}.eml").read_bytes(), label=label)

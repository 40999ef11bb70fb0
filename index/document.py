"""What goes into the index and what comes out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from index.analyzer import Analysis


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One message as the index sees it. No backend stores ``text``; it only keeps the terms and their positions.

    Times are aware UTC. ``exact`` are identifiers beyond orders (ASINs, tracking numbers, message-ids), as written.
    """

    seq: int
    at: datetime
    direction: str  # "inbound", "outbound" or "internal"
    mailbox: str = ""
    agent: str = ""
    marketplace: str = ""
    kind: str = ""
    authenticity: Literal["", "pass", "fail", "none", "unchecked"] = ""  # "" for what did not come in
    from_: tuple[str, ...] = ()  # addresses and display names
    to: tuple[str, ...] = ()
    subject: str = ""
    text: str = ""
    analysis: Analysis | None = None  # of the text, where it is known; then the text itself is not asked for
    orders: tuple[str, ...] = ()  # order values, as written by the marketplace
    exact: tuple[str, ...] = ()
    confidences: tuple[str, ...] = ()  # of its links to orders
    asks: bool = False  # whether it started a reply clock
    tags: tuple[str, ...] = ()
    filenames: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One message found; ``score`` is 0.0 when sorted by date."""

    seq: int
    score: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of hits. ``total`` is exact. ``after`` continues a stable listing, ``None`` at its end."""

    hits: tuple[Hit, ...]
    total: int
    after: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facets:
    """What the messages found have in common: of each field the most frequent values, each with its count.

    ``first`` and ``last`` are when the oldest and the newest were written, in whole seconds since 1970, as ``rank`` keeps them.
    """

    values: Mapping[str, tuple[tuple[str, int], ...]]
    first: int | None  # None where nothing was found
    last: int | None

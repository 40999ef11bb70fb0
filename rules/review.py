"""Why a message waits for a person's word: it is linked to nothing, or not surely, or what it says contradicts itself."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from rules.confidence import RANK
from rules.facts import Link, OrderRef

Cause = Literal["unlinked", "contradiction", "unknown", "ground", "possible"]
_ORDER: tuple[Cause, ...] = ("unlinked", "contradiction", "unknown", "ground", "possible")

# What buyers write and what marketplaces write for them; a pre-sale question is one of them, and a person says so.
_ASKING = frozenset(
    {"buyer_message", "return_request", "cancellation_request", "claim_opened", "chargeback_opened"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """One reason; ``order`` is the one in question, None where no order is."""

    why: Cause
    order: OrderRef | None
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A link that stands; ``by_hand`` is a person's word for the two, ``groundless`` says that what it rests on was taken back."""

    link: Link
    by_hand: bool = False
    groundless: bool = False


def why_review(
    *,
    direction: str,
    kind: str,
    alias: str,
    links: Iterable[Standing],
    belongs_to_none: bool = False,
    dropped: tuple[str, ...] = (),
) -> tuple[Why, ...]:
    """Return why a message is in the queue, the gravest first; nothing where a person has said how it is.

    ``dropped`` are the references that it was sent to a drop address with.
    """
    orders: dict[OrderRef, list[Standing]] = {}
    for one in links:
        orders.setdefault(one.link.order, []).append(one)
    if not orders:
        return () if belongs_to_none else tuple(_unlinked(direction, kind, alias, dropped))
    found = [why for order, standing in orders.items() if (why := _doubted(order, standing)) is not None]
    return tuple(sorted(found, key=lambda one: _ORDER.index(one.why)))


def _unlinked(direction: str, kind: str, alias: str, dropped: tuple[str, ...]) -> Iterable[Why]:
    if dropped:
        refs = ", ".join(dropped)
        yield Why(
            why="unlinked", order=None, said=f"sent to the drop address of {refs}, which is no order we know"
        )
    elif direction == "inbound" and (alias or kind in _ASKING):
        who = f"the buyer {alias}" if alias else "a buyer"
        yield Why(why="unlinked", order=None, said=f"a message of {who}, linked to no order")


def _doubted(order: OrderRef, standing: list[Standing]) -> Why | None:
    if any(one.by_hand for one in standing):
        return None
    best = max(standing, key=lambda one: RANK[one.link.confidence])
    cause: Cause | None = None
    if any(one.link.doubt == "contradiction" for one in standing):
        cause = "contradiction"
    elif any(one.link.doubt == "unknown" for one in standing):
        cause = "unknown"
    elif all(one.groundless for one in standing):
        cause = "ground"
    elif best.link.confidence == "possible":
        cause = "possible"
    return None if cause is None else Why(why=cause, order=order, said=best.link.reason)

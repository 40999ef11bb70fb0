"""For whom a report is, and so what of an order's record stands in it: the whole for a court, for the buyer what was between them. Pure."""

from collections import Counter
from collections.abc import Collection
from typing import Literal

import msgspec

from gateway.dossier.timeline import Act, Letter, Timeline
from gateway.store.spelling import bare
from rules.facts import OrderRef

Audience = Literal["court", "buyer"]
AUDIENCES: tuple[Audience, ...] = ("court", "buyer")
# Files that a buyer may see: they show where the goods went. Others may show anything.
_SHOWN_TO_BUYERS = frozenset({"carrier-page", "proof-of-delivery"})


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants a report of, for whom, and in which language; ``withhold`` are types of entries left out."""

    order: OrderRef
    audience: Audience = "court"
    language: str = "en"
    withhold: tuple[str, ...] = ()


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """The moments that stand in a report, and how many were left out for which reason (a key of ``missing``)."""

    moments: tuple[Letter | Act, ...]
    left_out: dict[str, int]
    withheld: tuple[str, ...] = ()  # a type for each act that was left out on request

    @property
    def seqs(self) -> list[int]:
        """The entries that a report shows; of those that were erased it only says so."""
        letters = [one.row.seq for one in self.letters]
        acts = [one.event for one in self.moments if isinstance(one, Act)]
        return [*letters, *(event.seq for event in acts if not event.summary.get("erased"))]

    @property
    def letters(self) -> tuple[Letter, ...]:
        return tuple(one for one in self.moments if isinstance(one, Letter))


def chosen_for(timeline: Timeline, wanted: Wanted, unseen: int = 0) -> Chosen:
    """Return what of a timeline stands in a report.

    ``unseen`` are messages that only quote the order's number, and that whoever makes the report does not see.
    """
    kept = list[Letter | Act]()
    left, withheld = Counter[str](), list[str]()
    if unseen:
        left["unsure"] = unseen
    parcels = frozenset(bare(one.number) for one in timeline.parcels)
    for one in timeline.moments:
        if isinstance(one, Act) and one.event.type in wanted.withhold:
            withheld.append(one.event.type)
        elif wanted.audience == "court":
            kept.append(one)
        elif isinstance(one, Letter):
            if why := _not_for_buyers(one, timeline.order):
                left[why] += 1
            else:
                kept.append(one)
        elif is_shown_to_buyers(one, parcels):
            kept.append(one)
    return Chosen(moments=tuple(kept), left_out=dict(left), withheld=tuple(withheld))


def is_shown_to_buyers(act: Act, parcels: Collection[str]) -> bool:
    """Tell whether an act is one that a buyer may know of: that a parcel of the order went out, and what the carrier says.

    ``parcels`` are the bare numbers of those that are the order's still: one that was taken away may be somebody else's.
    """
    said = act.event.summary
    if said.get("erased"):
        return False
    if act.event.type == "parcel":
        return not said.get("remove") and bare(str(said.get("number", ""))) in parcels
    return act.event.type == "evidence" and said.get("kind") in _SHOWN_TO_BUYERS


def titles_of(types: Collection[str], words: dict[str, str]) -> str:
    """Return types of entries as people call them, each once."""
    return ", ".join(dict.fromkeys(words.get(one, one) for one in types))


def _not_for_buyers(letter: Letter, order: OrderRef) -> str:
    """Return why a message is not shown to the buyer, "" where it is; when in doubt it is not: it may be another's."""
    row = letter.row
    is_copy = row.type == "mail.in" and row.direction == "outbound"
    if row.direction == "inbound" and row.kind != "buyer_message":
        return "notices"
    if row.direction == "outbound" and not is_copy and not any(a.kind == "delivered" for a in letter.answers):
        return "unsent"
    sure = any(one.link.confidence != "possible" or one.agent for one in letter.links)
    return "" if sure and not any(one != order for one in row.orders) else "unsure"

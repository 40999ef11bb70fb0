"""Which entries belong into a pack, chosen once from the store and then kept, so that an export can be taken up again."""

from collections.abc import Collection, Iterable

import msgspec
from sqlalchemy import Connection

from gateway.errors import WrongUse
from gateway.mail.entry import MAIL_TYPES, erased_words
from gateway.store import evidence, fold
from gateway.store.orders import events_of, messages_of
from gateway.store.records import EventRow
from gateway.store.reports import sources_of
from rules.facts import OrderRef

ERASED = "erased: its key was destroyed, and nobody can read it any more"
ASKED = "left out on request"
ELSEWHERE = "it lies in a mailbox that whoever took this pack does not have, and no more than a quoted number ties it here"
_OTHERS = "an order report: it tells of other orders too"


QUIET = frozenset({"export", "timestamp", "view"})  # types of entries that tell nothing of an order


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants a pack of: one order, or the messages that a search found; and what shall stay closed."""

    order: OrderRef | None = None
    query: str = ""
    withhold: tuple[str, ...] = ()  # types of entries

    @property
    def title(self) -> str:
        return (
            f"Order {self.order.value} ({self.order.marketplace})" if self.order else f"Search {self.query}"
        )


class Item(msgspec.Struct, frozen=True, array_like=True):
    """One entry of a pack; ``withheld`` says why it is only shown to exist, and is empty for what is opened."""

    seq: int
    withheld: str = ""


class Gap(msgspec.Struct, frozen=True):
    entry: int
    at: str
    said: dict[str, object]


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """The entries, in the log's order, and what a reader must know of the choice."""

    request: Request
    items: tuple[Item, ...]
    messages: int
    taken_back: tuple[
        tuple[int, int], ...
    ]  # messages that were linked to the order once, and by which entry no more
    gaps: tuple[Gap, ...]
    read_to: int  # entries before this one were looked at
    size: int  # of the log at that moment, up to the last entry that could have told something


def select_order(conn: Connection, request: Request, order: OrderRef, size: int) -> Selection:
    """Choose all that is linked to an order or was said of it; raises WrongUse where there is nothing."""
    if not order.marketplace or not order.value:  # what is about no order has empty names too
        raise WrongUse("an order has a marketplace and a number; one of them is missing")
    events = {event.seq: event for event in events_of(conn, order=order)}
    mail = {row.seq for row in messages_of(conn, order)}
    reports = dict.fromkeys((one.seq for one in sources_of(conn, order)), _OTHERS)
    if not mail and not events and not reports:
        raise WrongUse(f"nothing is known of {request.title}: there is nothing to make a pack of")
    items = _items(events.values(), request.withhold, reports)
    taken_back = tuple(one for one in evidence.links_taken_back(conn, order) if one[0] not in mail)
    return _selection(conn, request, items, len(mail), taken_back, size)


def narrowed(selection: Selection, seen: Collection[int]) -> Selection:
    """Return a choice in which what is not among ``seen`` is only shown to exist."""
    items = (
        item if item.withheld or item.seq in seen else Item(item.seq, ELSEWHERE) for item in selection.items
    )
    return msgspec.structs.replace(selection, items=tuple(items))


def select_messages(conn: Connection, request: Request, found: Collection[int], size: int) -> Selection:
    """Choose some messages and all that came of them; raises WrongUse where there are none."""
    if not found:
        raise WrongUse(f"no message matches {request.query!r}: there is nothing to make a pack of")
    events = evidence.entries_about(conn, found)
    items = _items(events.values(), request.withhold, {})
    count = sum(event.type in MAIL_TYPES for event in events.values())
    return _selection(conn, request, items, count, (), size)


def _items(events: Iterable[EventRow], withhold: Collection[str], closed: dict[int, str]) -> tuple[Item, ...]:
    for event in events:
        if event.summary.get("erased"):
            told = erased_words(event.summary)
            closed[event.seq] = ERASED if told == "erased" else told
        elif event.type in withhold:
            closed[event.seq] = ASKED
        else:
            closed.setdefault(event.seq, "")
    return tuple(Item(seq, why) for seq, why in sorted(closed.items()))


def _selection(
    conn: Connection,
    request: Request,
    items: tuple[Item, ...],
    messages: int,
    taken_back: tuple[tuple[int, int], ...],
    size: int,
) -> Selection:
    position = fold.position(conn)
    gaps = tuple(
        Gap(one.seq, one.at.isoformat(), dict(one.summary)) for one in evidence.events_of_type(conn, "gap")
    )
    return Selection(
        request=request,
        items=items,
        messages=messages,
        taken_back=taken_back,
        gaps=gaps,
        read_to=position,
        size=max(size, position),
    )

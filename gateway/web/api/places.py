"""What an address of the API names, and whether its caller may know of it.

What lies in a mailbox that a token does not see is answered like what is not there.
"""

from collections.abc import Iterable
from dataclasses import replace
from http import HTTPStatus
from typing import Annotated

from msgspec import Meta, Struct

from gateway.dossier.timeline import Act, Letter, Timeline, timeline_of
from gateway.store import messages
from gateway.store.orders import find_orders
from gateway.store.records import EventRow, MessageRow
from gateway.web.api.call import Call
from gateway.web.api.problem import Refused
from gateway.web.deeds import message_row
from gateway.web.handing import check_whole
from rules.facts import OrderRef

Seq = Annotated[int, Meta(ge=0, lt=1 << 53, description="The number of an entry in the log.")]
Name = Annotated[str, Meta(min_length=1, max_length=200)]


class OfMessage(Struct, frozen=True, forbid_unknown_fields=True):
    seq: Seq


class OfPart(Struct, frozen=True, forbid_unknown_fields=True):
    seq: Seq
    part: Name


class OfJob(Struct, frozen=True, forbid_unknown_fields=True):
    seq: Seq
    number: Annotated[int, Meta(ge=0, lt=1 << 31)]


class OfOrder(Struct, frozen=True, forbid_unknown_fields=True):
    marketplace: Name
    value: Annotated[
        str, Meta(min_length=1, max_length=200, description="The order's number, dashes or none.")
    ]


def row_of(call: Call) -> MessageRow:
    """Return the message that an address names."""
    row = message_row(call.site, call.where.seq)
    if not call.bearer.sees(row.mailbox):
        raise Refused(HTTPStatus.NOT_FOUND, f"There is no message {row.seq}.")
    return row


def order_of(call: Call) -> OrderRef:
    """Return the order that an address names, however its number is spelt."""
    return known_order(call).order


def known_order(call: Call) -> Timeline:
    """Return the story of the order that an address names, with nothing in it that the caller may not see."""
    asked = OrderRef(marketplace=call.where.marketplace, value=call.where.value)
    with call.site.store.read() as conn:
        found = timeline_of(conn, asked)
        if found is None:
            spelt = (row.order for row in find_orders(conn, asked.value))
            known = next((one for one in spelt if one.marketplace == asked.marketplace), None)
            found = timeline_of(conn, known) if known is not None else None
    seen = seen_of(call, found) if found is not None else None
    if seen is None:
        said = f"Nothing is known of an order {asked.value} of {asked.marketplace}."
        raise Refused(HTTPStatus.NOT_FOUND, said)
    return seen


def whole_order(call: Call) -> Timeline:
    """Return an order's story for what hands all of it out; refused where the caller may see only some of it."""
    seen = known_order(call)
    check_whole(call.site, seen.order)
    return seen


def seen_of(call: Call, timeline: Timeline) -> Timeline | None:
    """Return what of a story a caller may see; None where that is no message at all, unless they see every mailbox."""
    if call.bearer.mailboxes is None:
        return timeline
    own = {one.row.seq for one in timeline.letters if call.bearer.sees(one.row.mailbox)}
    if not own:
        return None
    moments = tuple(one for one in timeline.moments if _about(one) in {*own, None})
    clocks = tuple(one for one in timeline.clocks if one.message in own)
    seen = replace(timeline, moments=moments, clocks=clocks)
    # what the order's other mail names may be that mail's alone
    return seen if len(own) == len(timeline.letters) else replace(seen, products=(), parcels=())


def events_seen(call: Call, events: Iterable[EventRow]) -> list[EventRow]:
    """Return the entries about messages that a caller may see; what is about no message is for who sees all mailboxes."""
    found = list(events)
    if call.bearer.mailboxes is None:
        return found
    with call.site.store.read() as conn:
        rows = messages.messages(conn, {one.of for one in found if one.of is not None})
    seen = {seq for seq, row in rows.items() if call.bearer.sees(row.mailbox)}
    return [one for one in found if one.of in seen]


def _about(moment: Letter | Act) -> int | None:
    return moment.row.seq if isinstance(moment, Letter) else moment.event.of

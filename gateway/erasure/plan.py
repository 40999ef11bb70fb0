"""What an erasure would destroy, and what stands in its way: worked out anew each time, and changing nothing."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import msgspec
from sqlalchemy import Connection

from gateway.archive.archive import Archive
from gateway.archive.destruction import Gone
from gateway.erasure.handed import Handed, handed_out
from gateway.erasure.naming import joined, names
from gateway.mail.canonical import canonical
from gateway.mail.entry import Draft
from gateway.store import scope
from gateway.store.payloads import FetchedPlace, OrderReport, StoppedClock, read_payload
from rules.facts import OrderRef

LEGAL_CLAIMS = "GDPR Art. 17(3)(e)"  # an erasure may wait while a legal claim needs what it would destroy
_STAYS = frozenset({"export", "sighting", "orders"})  # told of in other ways


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """Whom or what an erasure is about: one address, one order, or messages by their numbers."""

    address: str = ""
    order: OrderRef | None = None
    messages: tuple[int, ...] = ()
    orders: tuple[OrderRef, ...] = ()  # with messages: those whose last ones they are

    @property
    def words(self) -> str:
        if self.order is not None:
            return f"order {self.order.value} ({self.order.marketplace})"
        return self.address or f"{len(self.messages)} messages"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hindrance:
    """Why nothing may be destroyed now; ``held`` says that a legal claim needs it."""

    why: str
    held: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What would be destroyed. ``erased`` names entries, each with the message it is about."""

    target: Target
    messages: tuple[int, ...]
    orders: tuple[OrderRef, ...]
    erased: tuple[tuple[int, int | None], ...]
    kept: tuple[int, ...]  # messages that somebody wants left out
    quoted: tuple[OrderRef, ...]  # orders whose numbers these messages only quote: not covered
    doubtful: tuple[int, ...]  # messages that only quote the number of the order that goes: not covered
    shared: tuple[int, ...]  # messages that name orders of others too
    reports: tuple[int, ...]  # order reports that are written anew without what they tell of this
    exports: tuple[tuple[int, str], ...]  # what was handed out with any of it: entry, and to whom
    unsure: tuple[int, ...]  # entries of what was handed out, perhaps with some of it
    contents: tuple[tuple[int, str], ...]  # entries in those whose own record goes
    copies: dict[str, dict[str, int]]
    places: tuple[FetchedPlace, ...]
    stopped: tuple[StoppedClock, ...]
    hindrances: tuple[Hindrance, ...]

    @property
    def held(self) -> str:
        return "; ".join(one.why for one in self.hindrances if one.held)


def plan_of(
    conn: Connection,
    archive: Archive,
    target: Target,
    keep: Collection[int] = (),
    *,
    only: Collection[int] | None = None,
) -> Plan:
    """Work out what an erasure destroys: a person's messages, all else that belongs to their orders, and what was said of it.

    ``keep`` leaves messages out; ``only`` are the messages that somebody approved, others that came since are left out too.
    """
    found, orders = _reach(conn, target)
    kept = {seq for seq in found if seq in keep or (only is not None and seq not in only)}
    messages = found - kept
    linked = scope.orders_of(conn, messages)
    whole = [] if kept else sorted(orders)  # what was said of an order goes with the last message of it
    reports = tuple(scope.reports_of(conn, orders, target.address)) if not kept else ()
    events = [one for one in scope.entries_of(conn, messages, whole) if not one.is_erased]
    erased = {
        one.seq: one.of
        for one in events
        if one.type not in _STAYS or (one.type == "sighting" and one.source != "fetch")
    }
    erased |= dict.fromkeys([*_earlier(archive, target, whole), *reports])
    handed = list(handed_out(archive))
    numbers = {joined(one.value) for one in whole}
    erased |= {
        one.seq: None
        for one in handed
        if not one.is_erased and (one.order in whole or names(one.words, numbers, target.address))
    }
    near = orders | {order for each in linked.values() for order in each}
    held = {one.seq: one.seq in erased or _held(one, erased, near) for one in handed}
    holds = scope.holds_of(conn, sorted({*orders, *(one for each in linked.values() for one in each)}))
    hindrances = [
        Hindrance(why=f"order {row.order.value} ({row.order.marketplace}) is held: {row.held_why}", held=True)
        for row in holds
    ]
    hindrances += [
        Hindrance(why=f"message {seq}: {why}", held=False)
        for seq, why in scope.unfinished(conn, messages).items()
    ]
    return Plan(
        target=target,
        messages=tuple(sorted(messages)),
        orders=tuple(sorted(orders)),
        erased=tuple(sorted(erased.items())),
        kept=tuple(sorted(kept)),
        quoted=tuple(sorted(scope.quoted_in(conn, messages) - orders)),
        doubtful=tuple(sorted(scope.messages_of(conn, orders, weakly=True) - found)),
        shared=tuple(sorted(seq for seq, each in linked.items() if not set(each) <= orders)),
        reports=reports,
        exports=tuple((one.seq, one.agent) for one in handed if held[one.seq]),
        unsure=tuple(seq for seq, is_held in held.items() if is_held is None),
        contents=tuple(
            (one.seq, one.contents) for one in handed if one.seq in erased and one.contents is not None
        ),
        copies=scope.mailboxes_of(conn, messages),
        places=tuple(scope.places_of(conn, messages, set(erased))),
        stopped=tuple(scope.stopped_by(conn, messages, erased)),
        hindrances=tuple(hindrances),
    )


def _reach(conn: Connection, target: Target) -> tuple[set[int], set[OrderRef]]:
    if target.order is not None:
        return scope.messages_of(conn, [target.order]), {target.order}
    if target.messages:
        return set(target.messages), set(target.orders)
    own = set(scope.messages_with(conn, target.address))
    orders = {order for each in scope.orders_of(conn, own).values() for order in each}
    return own | scope.messages_of(conn, orders), orders


def rewritten(archive: Archive, plan: Plan) -> Iterator[Draft]:
    """Yield the order reports anew, without what they tell of the orders and the buyer that go."""
    gone = set(plan.orders)
    for seq in plan.reports:
        entry = archive.entry(seq)
        told = read_payload(entry.payload, OrderReport)
        rest = [
            one
            for one in told.orders
            if one.order not in gone and not (plan.target.address and one.alias == plan.target.address)
        ]
        if rest or told.days:
            plain = msgspec.json.decode(entry.payload)
            anew = {**plain, "orders": msgspec.to_builtins(rest)}
            yield Draft(type="orders", payload=canonical(anew), meta=entry.meta)


class _Asked(msgspec.Struct, frozen=True):
    target: Target = Target()


def _held(handed: Handed, erased: Collection[int], orders: Collection[OrderRef]) -> bool | None:
    """Say whether anything that goes was in it; of old records of an order, whether it is one that these messages name."""
    if (holds := handed.holds) is not None:
        return holds.meets(erased)
    return None if handed.order is None else handed.order in orders


def _earlier(archive: Archive, target: Target, whole: Collection[OrderRef]) -> Iterator[int]:
    """Yield what was asked and refused before of the same target, or of an order that goes whole: it names them too."""
    for type_ in ("erasure.asked", "erasure.refused", "access"):
        for seq in archive.seqs_of_type(type_):
            try:
                asked = read_payload(archive.entry(seq).payload, _Asked)
            except Gone:
                continue
            if asked.target == target or asked.target.order in whole:
                yield seq

"""Links that a message has from others: of the thread it stands in, of its buyer, of a parcel it names, of its customer.

Each names the message that it rests on, so that taking that one back takes the ground from this one too.
"""

from collections.abc import Iterable

from rules.belief import Belief
from rules.confidence import RANK, weakest
from rules.facts import Confidence, Context, Facts, KnownLink, Link, OrderRef, Reading
from rules.sender import who

_PROPOSED = 3  # orders of one customer that are proposed; who has more is looked up by a person


def by_thread(facts: Facts, context: Context, belief: Belief) -> list[Link]:
    """Return the thread's orders: the parent's confidence for a sender we know, less for others."""
    links = []
    for known in _one_each(context.thread):
        confidence = known.confidence
        said = [f"answers message {known.seq}, which belongs to this order ({_how(known)})"]
        if not _believed(facts, belief, known.order):
            confidence = weakest(confidence, "possible" if belief.refuted else "likely")
            said.append(f"sent by {who(facts)}, {belief.why}")
        if known.stranger and facts.direction == "inbound":
            confidence = "possible"  # anyone may write another's Message-ID into a References field
            said.append("the sender neither wrote nor got that message")
        links.append(_link(known, "thread", confidence, said))
    return links


def by_alias(
    facts: Facts, reading: Reading, context: Context, belief: Belief
) -> tuple[list[Link], list[str]]:
    """A buyer keeps one relay address for all orders: it says which order only where one alone is open."""
    orders = _one_each(context.alias)
    if not orders:
        return [], []
    chosen = [known for known in orders if known.open] if len(orders) > 1 else orders
    if len(chosen) != 1:
        names = ", ".join(known.order.value for known in (chosen or orders)[:5])
        count = f"{len(chosen)} open orders" if chosen else f"{len(orders)} orders, none of them open"
        return [], [f"the buyer {reading.alias} has {count} ({names}); link this message by hand"]
    known = chosen[0]
    only = "the only order known" if len(orders) == 1 else f"the only open one of {len(orders)} orders"
    confidence = weakest(known.confidence, "likely" if _believed(facts, belief, known.order) else "possible")
    said = [f"names no order; {only} of the buyer {reading.alias} ({_source(known)})"]
    return [_link(known, "alias", confidence, said)], []


def by_parcel(facts: Facts, context: Context, belief: Belief) -> list[Link]:
    """A parcel's number says which order it carries, where an order report or an earlier message told so."""
    orders = _one_each(context.parcel)
    links = []
    for known in orders:
        counts = _believed(facts, belief, known.order)
        confidence = weakest(known.confidence, "likely" if counts else "possible")
        said = [f"names the parcel {known.why}, which carries this order ({_source(known)})"]
        if len(orders) > 1:
            confidence = "possible"
            said.append(f"one of {len(orders)} orders in it")
        if not counts:
            said.append(f"sent by {who(facts)}, {belief.why}")
        links.append(_link(known, "parcel", confidence, said))
    return links


def by_customer(context: Context, linked: set[OrderRef]) -> tuple[list[Link], list[str]]:
    """The same person on another channel: proposed only, and only for orders that are open and not linked anyway."""
    taken = {order.marketplace for order in linked}
    orders = [
        known
        for known in _one_each(context.customer)
        if known.open and known.order.marketplace not in taken and known.confidence != "possible"
    ]
    if len(orders) > _PROPOSED:
        return [], [f"the same customer has {len(orders)} open orders; none is proposed"]
    return [
        _link(
            known, "customer", "possible", [f"the same {known.why} as in message {known.seq}, of this order"]
        )
        for known in orders
    ], []


def by_drop(facts: Facts, context: Context) -> tuple[list[Link], list[str]]:
    """What was sent to an order's own drop address is filed there: surely by people on the list, else as a proposal."""
    links, missed = [], []
    for drop in context.dropped:
        if len(drop.orders) != 1:
            known = "several orders have" if drop.orders else "no order has"
            missed.append(f"sent to the drop address of “{drop.ref}”, but {known} that number")
            continue
        said = f"sent to the order's drop address by {who(facts)}"
        sure: Confidence = "certain" if drop.sure else "possible"
        said += (
            ", who may file there"
            if drop.sure
            else ", who is not on the list or whose identity nobody has checked"
        )
        links.append(Link(order=drop.orders[0], method="drop", confidence=sure, reason=said))
    return links, missed


def _believed(facts: Facts, belief: Belief, order: OrderRef) -> bool:
    """Tell whether what the writer says about an order counts: an agent of ours, or one who speaks for its marketplace."""
    return facts.direction == "outbound" or belief.speaks_for(order.marketplace)


def _link(known: KnownLink, method: str, confidence: Confidence, said: Iterable[str]) -> Link:
    via = None if known.source == "report" else known.seq if known.root is None else known.root
    return Link(
        order=known.order,
        method=method,  # type: ignore[arg-type]
        confidence=confidence,
        reason="; ".join(said),
        via=via,
    )


def _one_each(known: tuple[KnownLink, ...]) -> list[KnownLink]:
    """Return the surest link of each order, the first of equals."""
    best: dict[OrderRef, KnownLink] = {}
    for link in known:
        other = best.get(link.order)
        if other is None or _worth(link) > _worth(other):
            best[link.order] = link
    return list(best.values())


def _worth(link: KnownLink) -> tuple[bool, int]:
    return not link.stranger, RANK[link.confidence]


def _how(known: KnownLink) -> str:
    return f"confirmed by {known.agent}" if known.agent else known.confidence


def _source(known: KnownLink) -> str:
    return f"order report, entry {known.seq}" if known.source == "report" else f"message {known.seq}"

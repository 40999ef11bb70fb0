"""Which orders a message belongs to, how sure that is, and why: stated in it, its thread's, its buyer's, its parcel's.

The worst fault is a link to somebody else's order. So what a stranger merely quotes is ``possible`` at most, and where a
message contradicts itself or its thread nothing is more: a person decides. A sender is believed about the orders of the
marketplace that is proven to have sent the message (rules/belief.py), or that a trusted peer has let through; and an agent
of ours is. What a person took back is never proposed again.
"""

from collections.abc import Iterable
from dataclasses import replace

from rules.belief import Belief, belief_of
from rules.confidence import RANK, lowered, weakest
from rules.facts import Confidence, Context, Facts, FoundOrder, Link, OrderRef, Reading
from rules.inherited import by_alias, by_customer, by_drop, by_parcel, by_thread
from rules.sender import who

_LINKS_MAX = 20


def links_of(
    facts: Facts, reading: Reading, context: Context, belief: Belief | None = None
) -> tuple[tuple[Link, ...], tuple[str, ...]]:
    """Return the links, one an order, the surest first, and reasons for links that were not made."""
    belief = belief or belief_of(facts)
    links: dict[OrderRef, Link] = {}
    missed: list[str] = []
    own = {found.order for found in reading.orders if not found.quoted}
    dropped, said = by_drop(facts, context)
    missed += said
    for link in (*dropped, *_stated(facts, reading, context, belief), *by_thread(facts, context, belief)):
        _keep_surer(links, link)
    if not own and not context.thread and not dropped:
        more, said = by_alias(facts, reading, context, belief)
        missed += said
        for link in more:
            _keep_surer(links, link)
    if not own:
        for link in by_parcel(facts, context, belief):
            _keep_surer(links, link)
    _disagree(links, reading, context)
    proposed, said = by_customer(context, set(links))
    missed += said
    for link in proposed:
        _keep_surer(links, link)
    ordered = sorted(links.values(), key=lambda link: -RANK[link.confidence])
    if len(ordered) > _LINKS_MAX:
        missed.append(f"{len(ordered)} orders are named; only the {_LINKS_MAX} surest are linked")
    kept, said_no = without_taken_back(ordered[:_LINKS_MAX], context)
    return kept, (*missed, *said_no)


def _stated(facts: Facts, reading: Reading, context: Context, belief: Belief) -> list[Link]:
    best: dict[OrderRef, FoundOrder] = {}
    for found in reading.orders:
        other = best.get(found.order)
        if other is None or _worth(found) > _worth(other):
            best[found.order] = found
    reported = {one.order for one in context.reported}
    return [_stated_link(facts, reading, context, belief, found, reported) for found in best.values()]


def _worth(found: FoundOrder) -> tuple[bool, int]:
    return not found.quoted, RANK[found.confidence]


def _stated_link(
    facts: Facts,
    reading: Reading,
    context: Context,
    belief: Belief,
    found: FoundOrder,
    reported: set[OrderRef],
) -> Link:
    confidence: Confidence = lowered(found.confidence) if found.quoted else found.confidence
    said = [found.reason]
    if found.quoted:
        said.append("in quoted text")
    if facts.direction == "outbound":
        said.append(f"written by our agent {facts.agent}" if facts.agent else "written by us")
        if any(known.order == found.order for known in context.thread):
            said.append("and the message it answers belongs to the same order")
            if not found.quoted:
                confidence = "certain"
        else:
            confidence = weakest(confidence, "likely")
    elif belief.checked and reading.marketplace != found.order.marketplace:
        confidence = weakest(confidence, "likely")
        said.append(f"sent by {who(facts)}, which is not that marketplace's address")
    else:
        said.append(f"sent by {who(facts)}, {belief.why}")
        if not belief.speaks_for(found.order.marketplace):
            confidence = "possible"
            if belief.proven:
                said.append("but that is not the marketplace's address")
    if found.order in reported:
        said.append("an order that your order reports have")
    elif found.order in context.known_orders:
        said.append("an order known from earlier mail")
    link = Link(order=found.order, method="stated", confidence=confidence, reason="; ".join(said))
    if found.order not in reported and found.order.marketplace in context.covered:
        return replace(
            link,
            confidence=lowered(confidence),
            doubt="unknown",
            reason=f"{link.reason}; but the order reports of these days do not have it",
        )
    return link


def _disagree(links: dict[OrderRef, Link], reading: Reading, context: Context) -> None:
    """Trust neither side where subject and text, two bodies, or text and thread name orders and have none in common."""
    subject, plain, html = (_named(reading, part) for part in ("subject", "text", "html"))
    text = plain | html
    for one, other, where in (
        (subject, text, ("subject", "text")),
        (plain, html, ("plain text", "HTML")),
    ):
        if one and other and not one & other:
            for order in one:
                _doubt(links, order, f"but the {where[0]} names it and the {where[1]} names {_list(other)}")
            for order in other:
                _doubt(links, order, f"but the {where[1]} names it and the {where[0]} names {_list(one)}")
            return
    own = subject | text
    thread = {known.order for known in context.thread if not known.stranger}
    if own and thread and not own & thread:
        for order in thread:
            _doubt(links, order, f"but it names another order itself: {_list(own)}")
        for order in own:
            _doubt(links, order, f"but the message it answers belongs to {_list(thread)}")


def _named(reading: Reading, part: str) -> set[OrderRef]:
    """Return the orders that a part names in words of its own, surely enough to contradict anything."""
    return {
        found.order
        for found in reading.orders
        if found.where == part and not found.quoted and found.confidence != "possible"
    }


def _doubt(links: dict[OrderRef, Link], order: OrderRef, said: str) -> None:
    link = links.get(order)
    if link is not None and link.method != "drop":
        links[order] = replace(
            link, confidence="possible", doubt="contradiction", reason=f"{link.reason}; {said}"
        )


def without_taken_back(links: Iterable[Link], context: Context) -> tuple[tuple[Link, ...], tuple[str, ...]]:
    """Leave out what a person took back, for this message or for one whose link this would only inherit; say which."""
    kept, missed = [], []
    for link in links:
        inherited = link.method in {"thread", "alias", "customer"}
        if link.order in context.taken_back:
            said = "a person took this back before"
        elif context.no_order:
            said = "a person said that this message belongs to no order"
        elif inherited and link.order in context.severed:
            said = "a person took it back from the message this one answers"
        else:
            kept.append(link)
            continue
        missed.append(f"{link.order.marketplace} order {link.order.value} is not linked: {said}")
    return tuple(kept), tuple(missed)


def _list(orders: Iterable[OrderRef]) -> str:
    names = sorted(order.value for order in orders)
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _keep_surer(links: dict[OrderRef, Link], link: Link) -> None:
    other = links.get(link.order)
    if other is None or RANK[link.confidence] > RANK[other.confidence]:
        links[link.order] = link

"""Which orders a message belongs to, how sure that is, and why: stated in it, its thread's, or its buyer's only one.

The worst fault is a link to somebody else's order. So what a stranger merely quotes is ``possible`` at most: a person
decides. A sender is believed about the orders of the marketplace that is proven to have sent the message (rules/belief.py),
or that a trusted peer has let through; and an agent of ours is.
"""

from rules.belief import Belief, belief_of
from rules.confidence import RANK, lowered, weakest
from rules.facts import Confidence, Context, Facts, FoundOrder, KnownLink, Link, OrderRef, Reading

_LINKS_MAX = 20


def links_of(
    facts: Facts, reading: Reading, context: Context, belief: Belief | None = None
) -> tuple[tuple[Link, ...], tuple[str, ...]]:
    """Return the links, one an order, the surest first, and reasons for links that were not made."""
    belief = belief or belief_of(facts)
    stated = _stated(facts, reading, context, belief)
    own_words = {found.order for found in reading.orders if not found.quoted}
    links = {link.order: link for link in stated}
    for link in _by_thread(facts, context, own_words, belief):
        _keep_surer(links, link)
    missed: tuple[str, ...] = ()
    if not own_words and not context.thread:
        by_alias, missed = _by_alias(facts, reading, context, belief)
        for link in by_alias:
            _keep_surer(links, link)
    ordered = sorted(links.values(), key=lambda link: -RANK[link.confidence])
    if len(ordered) > _LINKS_MAX:
        missed += (f"{len(ordered)} orders are named; only the {_LINKS_MAX} surest are linked",)
    return tuple(ordered[:_LINKS_MAX]), missed


def _believed(facts: Facts, belief: Belief, order: OrderRef) -> bool:
    """Tell whether what the writer says about an order counts: an agent of ours, or one who speaks for its marketplace."""
    return facts.direction == "outbound" or belief.speaks_for(order.marketplace)


def _stated(facts: Facts, reading: Reading, context: Context, belief: Belief) -> list[Link]:
    best: dict[OrderRef, FoundOrder] = {}
    for found in reading.orders:
        other = best.get(found.order)
        if other is None or _worth(found) > _worth(other):
            best[found.order] = found
    return [_stated_link(facts, reading, context, belief, found) for found in best.values()]


def _worth(found: FoundOrder) -> tuple[bool, int]:
    return not found.quoted, RANK[found.confidence]


def _stated_link(facts: Facts, reading: Reading, context: Context, belief: Belief, found: FoundOrder) -> Link:
    confidence: Confidence = lowered(found.confidence) if found.quoted else found.confidence
    said = [found.reason]
    if found.quoted:
        said.append("in quoted text")
    in_thread = any(known.order == found.order for known in context.thread)
    if facts.direction == "outbound":
        said.append(f"written by our agent {facts.agent}" if facts.agent else "written by us")
        if in_thread:
            said.append("and the message it answers belongs to the same order")
            if not found.quoted:
                confidence = "certain"
        else:
            confidence = weakest(confidence, "likely")
    elif belief.checked and reading.marketplace != found.order.marketplace:
        confidence = weakest(confidence, "likely")
        said.append(f"sent by {_who(facts)}, which is not that marketplace's address")
    else:
        said.append(f"sent by {_who(facts)}, {belief.why}")
        if not belief.speaks_for(found.order.marketplace):
            confidence = "possible"
            if belief.proven:
                said.append("but that is not the marketplace's address")
    if found.order in context.known_orders:
        said.append("an order known from earlier mail")
    return Link(order=found.order, method="stated", confidence=confidence, reason="; ".join(said))


def _by_thread(facts: Facts, context: Context, own_words: set[OrderRef], belief: Belief) -> list[Link]:
    links = []
    for known in _one_each(context.thread):
        confidence = known.confidence
        said = [f"answers message {known.seq}, which belongs to this order ({known.confidence})"]
        if not _believed(facts, belief, known.order):
            confidence = weakest(confidence, "possible" if belief.refuted else "likely")
            said.append(f"sent by {_who(facts)}, {belief.why}")
        if own_words and known.order not in own_words:
            confidence = "possible"
            said.append("but it names another order itself")
        links.append(Link(order=known.order, method="thread", confidence=confidence, reason="; ".join(said)))
    return links


def _by_alias(
    facts: Facts, reading: Reading, context: Context, belief: Belief
) -> tuple[list[Link], tuple[str, ...]]:
    """A buyer keeps one relay address for all orders: it says which order only where there is but one."""
    orders = _one_each(context.alias)
    if not orders:
        return [], ()
    if len(orders) > 1:
        return [], (f"the buyer {reading.alias} has {len(orders)} orders; link this message by hand",)
    known = orders[0]
    confidence = weakest(known.confidence, "likely" if _believed(facts, belief, known.order) else "possible")
    reason = f"names no order; the only order known of the buyer {reading.alias} (message {known.seq})"
    return [Link(order=known.order, method="alias", confidence=confidence, reason=reason)], ()


def _one_each(known: tuple[KnownLink, ...]) -> list[KnownLink]:
    """Return the surest link of each order, the first of equals."""
    best: dict[OrderRef, KnownLink] = {}
    for link in known:
        if link.order not in best or RANK[link.confidence] > RANK[best[link.order].confidence]:
            best[link.order] = link
    return list(best.values())


def _keep_surer(links: dict[OrderRef, Link], link: Link) -> None:
    other = links.get(link.order)
    if other is None or RANK[link.confidence] > RANK[other.confidence]:
        links[link.order] = link


def _who(facts: Facts) -> str:
    return facts.from_[0][:100] if facts.from_ else facts.mail_from[:100] or "an empty address"

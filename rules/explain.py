"""A decision in words, for the web view, the command line and the pack."""

from rules.facts import Decision
from rules.places import place_of


def explain(decision: Decision) -> list[str]:
    """Return lines a person can read: what the message is, then each link, tag and action with its reason."""
    reading = decision.reading
    if reading.marketplace:
        kind = f", {reading.kind.replace('_', ' ')}" if reading.kind else ""
        buyer = f", from or to the buyer {reading.alias}" if reading.alias else ""
        shop = f" ({reading.operator})" if reading.operator else ""
        lines = [f"{reading.marketplace}{shop}{kind}{buyer}"]
        if reading.direction == "outbound":
            lines.append(
                "written by somebody of ours on the marketplace's own site: the buyer has been answered"
            )
    else:
        lines = ["no marketplace recognised by its addresses"]
    lines.extend(f"an answer is wanted “{one.words}”, says {place_of(one.where)}" for one in reading.terms)
    lines.extend(f"product {one.kind} {one.value}, in {place_of(one.where)}" for one in reading.products)
    lines.extend(
        f"parcel {one.carrier or 'of an unknown carrier'} {one.number}, in {place_of(one.where)}"
        for one in reading.parcels
    )
    lines.extend(f"{one.kind} {one.value}, in {place_of(one.where)}" for one in reading.references)
    if not decision.links:
        lines.append("linked to no order")
    lines.extend(decision.reasons)
    return lines

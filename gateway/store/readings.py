"""What a decision recognised in a message, as columns of its row and as rows of what is found in it."""

from typing import Any

from gateway.store.payloads import Ruling


def recognised(ruling: Ruling, type_: str) -> dict[str, Any]:
    """Return the columns of a message of this type that say what it is."""
    reading = ruling.decision.reading
    return {
        # What came in may be the copy of an answer that somebody of ours wrote on the marketplace's own site.
        "direction": "inbound" if type_ == "mail.in" and not reading.direction else "outbound",
        "marketplace": reading.marketplace,
        "kind": reading.kind,
        "alias": reading.alias,
    }


def finds_of(log: int, ruling: Ruling) -> list[dict[str, Any]]:
    """Return the products, parcels and other numbers found, as rows of ``finds``."""
    reading = ruling.decision.reading
    found = [("product", one.kind, one.value, one.where) for one in reading.products]
    found += [("parcel", one.carrier, one.number, one.where) for one in reading.parcels]
    found += [("reference", one.kind, one.value, one.where) for one in reading.references]
    return [
        {
            "log": log,
            "message": ruling.of,
            "place": place,
            "what": what,
            "kind": kind,
            "value": value,
            "where": where,
        }
        for place, (what, kind, value, where) in enumerate(found)
    ]


def ties_of(log: int, ruling: Ruling) -> list[dict[str, Any]]:
    """Return what ties it to other messages, as rows of ``ties``."""
    reading = ruling.decision.reading
    found = [("token", value) for value in reading.tokens] + [("person", value) for value in reading.people]
    found += [("drop", drop.ref) for drop in ruling.decision.context.dropped]
    return [
        {"log": log, "message": ruling.of, "place": place, "what": what, "value": value}
        for place, (what, value) in enumerate(found)
    ]

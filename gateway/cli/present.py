"""Values as other programs may rely on them: the keys of ``--json`` output, stable."""

from typing import Any

from gateway.cli.frame import when
from gateway.mail.message import Address, ParsedMail
from gateway.results.plain import plain
from gateway.store.records import EventRow, LinkRow, MessageRow
from rules.facts import FoundParcel, FoundProduct, FoundReference, Link, OrderRef, Reading, Reported


def mail(parsed: ParsedMail, reading: Reading, *, file: str, direction: str) -> dict[str, Any]:
    """Return what ``docket inspect --json`` prints of one message."""
    return {
        "file": file,
        "sha256": parsed.sha256,
        "size_bytes": parsed.size_bytes,
        "marketplace": reading.marketplace,
        "operator": reading.operator,
        "kind": reading.kind,
        "direction": reading.direction or direction,
        "terms": [
            {
                "words": term.words,
                "where": term.where,
                "hours": term.hours,
                "working_days": term.working_days,
                "until": term.until,
                "at": term.at,
            }
            for term in reading.terms
        ],
        "from": _people(parsed.from_),
        "to": _people(parsed.to),
        "cc": _people(parsed.cc),
        "subject": parsed.subject,
        "date": when(parsed.date) if parsed.date else None,
        "message_id": parsed.message_id,
        "in_reply_to": parsed.in_reply_to,
        "references": parsed.references,
        "text": parsed.text,
        "attachments": [
            {
                "filename": file.filename,
                "content_type": file.content_type,
                "size_bytes": file.size_bytes,
                "sha256": file.sha256,
            }
            for file in parsed.attachments
        ],
        "found": {
            "orders": [
                {
                    **order(found.order),
                    "where": found.where,
                    "quoted": found.quoted,
                    "confidence": found.confidence,
                    "span": found.span,
                    "reason": found.reason,
                }
                for found in reading.orders
            ],
            "products": [{"kind": p.kind, "value": p.value, **_place(p)} for p in reading.products],
            "parcels": [{"carrier": p.carrier, "number": p.number, **_place(p)} for p in reading.parcels],
            "references": [{"kind": p.kind, "value": p.value, **_place(p)} for p in reading.references],
        },
        "defects": parsed.defects,
    }


def _place(found: FoundProduct | FoundParcel | FoundReference) -> dict[str, Any]:
    return {"where": found.where, "quoted": found.quoted, "span": found.span, "reason": found.reason}


def message(row: MessageRow, links: list[LinkRow]) -> dict[str, Any]:
    """Return one message as the lists of ``search`` and ``order`` print it."""
    return {**plain(row), "links": [link(one) for one in links]}


def link(one: LinkRow) -> dict[str, Any]:
    return {**bare_link(one.link), "by": one.by, "agent": one.agent, "undone_by": one.undone_by}


def bare_link(one: Link) -> dict[str, Any]:
    return {
        "order": order(one.order),
        "method": one.method,
        "confidence": one.confidence,
        "reason": one.reason,
    }


def event(row: EventRow) -> dict[str, Any]:
    return {
        "seq": row.seq,
        "type": row.type,
        "at": when(row.at),
        "of": row.of,
        "order": order(row.order) if row.order else None,
        "agent": row.agent,
        "summary": row.summary,
    }


def reported(one: Reported) -> dict[str, Any]:
    return {
        "placed_at": when(one.placed_at) if one.placed_at else None,
        "alias": one.alias,
        "products": [{"kind": kind, "value": value} for kind, value in one.products],
        "parcels": [
            {"carrier": carrier, "number": number, "shipped_at": when(at) if at else None}
            for carrier, number, at in one.parcels
        ],
    }


def order(ref: OrderRef) -> dict[str, str]:
    return {"marketplace": ref.marketplace, "value": ref.value}


def _people(addresses: tuple[Address, ...]) -> list[dict[str, str]]:
    return [{"name": one.name, "address": one.address} for one in addresses]

"""An event's summary: the few words of an entry that a timeline shows, without header blocks, rules' texts or secrets."""

from typing import Any

import msgspec

from gateway.mail.entry import Entry
from gateway.store.payloads import Outcome, Ruling, read_payload

_MOST = 4096  # bytes of a payload that is kept whole
_SHOWN = {
    "note": ("text",),
    "tag": ("add", "remove"),
    "link": ("undo", "reason", "confidence"),
    "mark": ("as",),
    "release": ("drop",),
    "sighting": ("source", "origin", "flags"),
}


def summary_of(entry: Entry) -> dict[str, Any]:
    """Return what a timeline shows of an entry; raises ValueError for a payload it cannot read."""
    match entry.type:
        case "mail.held" | "mail.refused" | "mail.out":
            return {"verdict": entry.meta["verdict"]} if entry.meta.get("verdict") else {}
        case "decision":
            return _decision(read_payload(entry.payload, Ruling))
        case "outcome":
            return _outcome(read_payload(entry.payload, Outcome))
        case "rules":
            return {"name": str(entry.meta.get("name", ""))}
        case "config" | "software" | "gap":
            return read_payload(entry.payload, dict[str, Any]) if len(entry.payload) <= _MOST else {}
        case known if known in _SHOWN:
            payload = read_payload(entry.payload, dict[str, Any])
            return {name: payload[name] for name in _SHOWN[known] if name in payload}
        case _:
            return {}


def _decision(ruling: Ruling) -> dict[str, Any]:
    decided = ruling.decision
    return {
        "marketplace": decided.reading.marketplace,
        "kind": decided.reading.kind,
        "tags": list(decided.tags),
        "links": [
            {"order": msgspec.to_builtins(link.order), "confidence": link.confidence, "method": link.method}
            for link in decided.links
        ],
        "actions": [str(action.get("do", "")) for action in decided.actions],
        "retry_of": decided.context.retry_of,
        "jobs": len(ruling.jobs) if ruling.live else 0,
        "live": ruling.live,
    }


def _outcome(outcome: Outcome) -> dict[str, Any]:
    return {
        "number": outcome.number,
        "attempt": outcome.attempt,
        "outcomes": msgspec.to_builtins(outcome.outcomes),
        "final": outcome.final,
        "failed": outcome.failed,
        "next_at": outcome.next_at.isoformat() if outcome.next_at else None,
        "sha256": outcome.sha256,
    }

"""An event's summary: the few words of an entry that a timeline shows, without header blocks, rules' texts or secrets."""

from typing import Any

import msgspec

from gateway.mail.entry import MAIL_TYPES, Entry
from gateway.store.payloads import Checked, Outcome, Ruling, read_payload
from rules.actions import in_words

_MOST = 4096  # bytes of a payload that is kept whole
_WHOLE = frozenset({"config", "software", "capture", "gap", "silence", "reconciliation"})
_FILE = ("filename", "content_type", "size_bytes", "sha256", "kind", "text")
_SHOWN = {
    "parcel": ("carrier", "number", "remove", "status", "said", "place", "at"),
    "note": ("text",),
    "tag": ("add", "remove"),
    "link": ("undo", "none", "withdraws", "reason", "confidence"),
    "orders": ("format", "agent", "days"),
    "mark": ("as", "clock", "undo"),
    "dossier": ("state", "owner", "hold", "reason", "hold_owner", "review"),
    "release": ("drop",),
    "sighting": ("source", "origin", "flags"),
    "export": ("reason", "messages", "entries", "form", "audience", "query"),
    "answer": ("kind", "language"),
    "queue": ("do", "number", "reason"),
    "imap": ("did", "folder", "to", "what", "seen", "said", "client", "count"),
    "erasure": ("reason", "ground", "approved_by"),
    "erasure.asked": ("reason", "ground"),
    "erasure.refused": ("why", "ground"),
    "erasure.done": ("erasure", "file", "sha256"),
    "timestamp": ("authority", "at", "size", "off_s"),
    "rules.edited": ("file", "before", "after", "reason"),
    "search": ("did", "search", "shared", "query"),
    "person": ("did", "for", "role", "mailboxes", "what"),
    "view": ("did", "path", "query"),
    "token": ("did", "token", "label", "for", "scopes", "mailboxes"),
    "witness": ("to", "at", "size"),
    "keys": ("did", "from", "to"),
    "verified": ("size", "findings", "root"),
}


def summary_of(entry: Entry, act: msgspec.Struct | None) -> dict[str, Any]:
    """Return what a timeline shows of an entry, given its act as read; raises ValueError for a payload it cannot read."""
    if isinstance(act, Ruling):
        return _decision(act)
    if isinstance(act, Outcome):
        return _outcome(act)
    if isinstance(act, Checked):
        return {"result": act.results.result, "by": act.results.by, "reason": act.results.reason[:500]}
    if entry.type == "evidence":
        return {name: entry.meta[name] for name in _FILE if name in entry.meta}
    if entry.type in MAIL_TYPES:
        return {"verdict": entry.meta["verdict"]} if entry.meta.get("verdict") else {}
    if entry.type == "rules":
        return {"name": str(entry.meta.get("name", ""))}
    if entry.type in _WHOLE:
        return read_payload(entry.payload, dict[str, Any]) if len(entry.payload) <= _MOST else {}
    shown = _SHOWN.get(entry.type)
    if shown is None:
        return {}
    payload = read_payload(entry.payload, dict[str, Any])
    return {name: payload[name] for name in shown if name in payload}


def _decision(ruling: Ruling) -> dict[str, Any]:
    decided = ruling.decision
    untold = {"tag", "link"}  # told as what came of them
    if ruling.instead_of is not None:
        untold |= {
            "forward",
            "hold",
            "notify",
        }  # nothing came of them: nothing is sent for a message decided again
    return {
        "marketplace": decided.reading.marketplace,
        "kind": decided.reading.kind,
        "tags": list(decided.tags),
        "links": [
            {"order": msgspec.to_builtins(link.order), "confidence": link.confidence, "method": link.method}
            for link in decided.links
        ],
        # "mark urgent", "assign anna": the verb and what it is about
        "actions": [in_words(action) for action in decided.actions if action.get("do") not in untold],
        "retry_of": decided.context.retry_of,
        "jobs": len(ruling.jobs) if ruling.live else 0,
        "live": ruling.live,
        "instead_of": ruling.instead_of,
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

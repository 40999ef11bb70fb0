"""The custody record in words: what happened to each entry, by whose hand, from the wire to the remote's last word."""

from collections.abc import Iterator
from typing import Any

from gateway.mail.entry import MAIL_TYPES, Entry
from gateway.mail.handled import in_words
from gateway.store.records import EventRow

TITLES = {
    "mail.in": "Received",
    "mail.out": "Sent by an agent",
    "mail.held": "Held for a second look",
    "mail.refused": "Refused by policy, never sent",
    "authenticity": "Sender checked",
    "decision": "Decided",
    "outcome": "Delivery",
    "note": "Note",
    "tag": "Tags",
    "link": "Link to an order",
    "mark": "Mark",
    "dossier": "Dossier",
    "evidence": "File added",
    "parcel": "Parcel",
    "release": "Second look",
    "warning": "Warned before a deadline",
    "sighting": "Seen again",
    "imap": "In a mail client",
    "queue": "A word on its delivery",
    "orders": "Order report",
    "erasure": "Erasure",
    "erasure.asked": "Erasure asked for",
    "erasure.approved": "Erasure approved",
    "erasure.refused": "Erasure refused",
    "erasure.withdrawn": "Erasure withdrawn",
    "erasure.done": "Erasure certified",
    "export": "Exported",
    "answer": "Claim answer written",
}

_SENDERS = {
    "pass": "proven",
    "fail": "not authentic",
    "permerror": "not authentic",
    "temperror": "could not be checked",
    "none": "not proven",
}
_COMPARED = (
    ("messages", "messages in the folder"),
    ("missing", "archived now"),
    ("elsewhere", "known from elsewhere"),
    ("gone", "gone from the folder"),
    ("unread", "that the server did not give"),
)


def who(entry: Entry, event: EventRow | None) -> str:
    """Return whose hand it was: an agent's, or the program's own."""
    agent = event.agent if event is not None else str(entry.meta.get("agent") or "")
    return agent or ("" if entry.type in MAIL_TYPES else "Docket")


def details(entry: Entry, event: EventRow | None) -> str:
    """Return what happened in one line of words; what strangers said in it is quoted as it was."""
    if entry.type in MAIL_TYPES:
        return ", ".join(_wire(entry.meta))
    return words_of(entry.type, event.summary) if event is not None else ""


def words_of(type_: str, said: dict[str, Any]) -> str:
    """Return what an entry that is no message says, in one line; ``said`` is its summary."""
    match type_:
        case "authenticity":
            result = str(said.get("result", ""))
            return ": ".join(filter(None, (_SENDERS.get(result, result), str(said.get("reason", "")))))
        case "decision":
            return "; ".join(_decision(said))
        case "outcome" | "warning":
            return "; ".join(_outcome(one) for one in said.get("outcomes", ()))
        case "note":
            return str(said.get("text", ""))
        case "tag":
            signs = (("+", "add"), ("-", "remove"))
            return ", ".join(f"{sign} {tag}" for sign, name in signs for tag in said.get(name, ()))
        case "link":
            if "withdraws" in said:
                return f"entry {said['withdraws']} was never meant"
            verb = "taken back" if said.get("undo") else "belongs to no order" if said.get("none") else "set"
            return f"{verb}: {said.get('reason', '')}"
        case "release":
            return "dropped: it will not be sent" if said.get("drop") else "released to be sent"
        case "sighting":
            return f"the same bytes at {said.get('origin') or said.get('source', '')}"
        case "queue":
            return ": ".join(filter(None, (str(said.get("do", "")), str(said.get("reason", "")))))
        case "imap":
            return in_words(said)
        case "mark":
            word = "taken back" if said.get("undo") else str(said.get("as", ""))
            return f"{said.get('clock', '')}: {word}"
        case "evidence":
            told = (f"{said.get('kind')}: {said.get('filename')}", str(said.get("text", "")))
            return ", ".join(filter(None, told))
        case "parcel":
            named = f"{said.get('carrier', '')} {said.get('number', '')}".strip()
            if said.get("remove"):
                return f"{named}: not of this order"
            return ", ".join(
                filter(None, (named, *(str(said.get(one, "")) for one in ("status", "said", "place", "at"))))
            )
        case "dossier":
            return ", ".join(f"{name} {value}" for name, value in said.items() if value not in ("", None))
        case "export":
            form, query = said.get("form", ""), f"search “{said.get('query') or ''}”"
            what = {"report": f"report for the {said.get('audience')}", "": ""}.get(
                form, f"{query} as {form}"
            )
            return ", ".join(filter(None, (what, f"reason: {said.get('reason') or 'none given'}")))
        case "answer":
            kind = str(said.get("kind", ""))
            return "the file of an account audit" if kind == "audit" else f"{kind}, in {said.get('language')}"
        case "person":
            return " ".join(str(said[name]) for name in ("did", "for", "role", "what") if said.get(name))
        case "search":
            return ": ".join(filter(None, (str(said.get("did", "")), str(said.get("query", "")))))
        case "view":
            return str(said.get("query") or said.get("path", ""))
        case "orders":
            return str(said.get("format", ""))
        case _:
            return "; ".join(_of_the_log(type_, said))


def _of_the_log(type_: str, said: dict[str, Any]) -> Iterator[str]:
    """Tell what the log says of itself, of capture, and of what was erased."""
    match type_:
        case "timestamp":
            yield f"{said.get('authority')} signed for {said.get('size')} entries at {said.get('at')}"
        case "witness":
            yield f"{said.get('to')} was given the checkpoint of {said.get('size')} entries"
        case "keys" if said.get("did") == "rotate":
            yield f"the log is to be signed by another key from here on: {said.get('to')}"
        case "keys":
            yield f"entries' keys are wrapped anew, under {said.get('to')}"
        case "capture":
            yield f"capture of {said.get('folder')} in {said.get('account')} began, for {said.get('mailbox')}"
        case "gap" if "what" in said:
            yield f"signed entries are lost: {said.get('what')}"
            yield str(said.get("reason", ""))
        case "gap":
            yield f"nothing was taken from {said.get('account')} between {said.get('begin')} and {said.get('end')}"
            yield str(said.get("why", ""))
        case "silence":
            yield f"no mail came to {said.get('account')} since {said.get('since')}"
        case "reconciliation":
            yield f"{said.get('folder')} in {said.get('account')} was compared with the archive"
            for name, words in _COMPARED:
                if number := said.get(name):
                    yield f"{len(number) if isinstance(number, list | dict) else number} {words}"
        case "software":
            yield f"Docket {said.get('version')} began, with settings {str(said.get('config', ''))[:12]}"
        case "rules":
            yield f"the text of {said.get('name')} that is in force from here on"
        case "verified":
            bad = int(said.get("findings") or 0)
            yield f"{said.get('size')} entries were checked: " + (f"{bad} findings" if bad else "all whole")
        case "erasure" | "erasure.asked":
            yield f"reason: {said.get('reason')}"
            yield str(said.get("ground", ""))
            if approved := said.get("approved_by"):
                yield f"approved by {approved}"
        case "erasure.refused":
            yield f"{said.get('why')} ({said.get('ground')})"
        case "erasure.done":
            yield f"erasure {said.get('erasure')} is done; its certificate is {said.get('file')}"


def _wire(envelope: dict[str, Any]) -> Iterator[str]:
    """Tell how a message came here."""
    source, origin = str(envelope.get("source", "")), str(envelope.get("origin") or "")
    yield f"by {source}" + (f" from {origin}" if origin else "")
    for name, words in (("peer", "peer"), ("helo", "greeted as"), ("tls", "")):
        if value := str(envelope.get(name) or ""):
            yield f"{words} {value}".strip()
    if source not in {"import", "fetch"}:
        yield f"envelope from <{envelope.get('mail_from') or ''}>"
    if recipients := envelope.get("rcpt_to") or ():
        yield "to " + " ".join(f"<{one}>" for one in recipients)


def _decision(said: dict[str, Any]) -> Iterator[str]:
    if said.get("instead_of") is not None:
        yield f"again by the rules of that day, instead of entry {said['instead_of']}; nothing was sent for it"
    yield " ".join(
        filter(None, (str(said.get("marketplace", "")), str(said.get("kind", "")).replace("_", " ")))
    )
    for link in said.get("links", ()):
        yield f"{link.get('confidence')} link to {link.get('order', {}).get('value')} ({link.get('method')})"
    if tags := said.get("tags"):
        yield "tags " + ", ".join(map(str, tags))


def _outcome(one: dict[str, Any]) -> str:
    to = ", ".join(map(str, one.get("recipients", ())))
    where = " ".join(filter(None, (str(one.get("remote", "")), str(one.get("tls", "")))))
    return f"{one.get('kind')} to {to}: {one.get('reply', '')}" + (f" [{where}]" if where else "")

"""How things are called on a page. One place, so that pages say the same."""

import re
from collections.abc import Iterable

from babel import Locale

from gateway.tongue import _, marked, spoken
from gateway.web.kinds import KINDS
from rules.facts import Authentic
from rules.reports import report_files

_STATES = {
    "waiting": (marked("Waiting"), "wait"),
    "delivered": (marked("Delivered"), "good"),
    "relayed": (marked("Accepted"), "good"),
    "held": (marked("Held"), "wait"),
    "refused": (marked("Refused"), "bad"),
    "failed": (marked("Failed"), "bad"),
    "dropped": (marked("Dropped"), "dull"),
}

_ENTRIES = {
    "mail.in": marked("Received"),
    "mail.out": marked("Sent"),
    "mail.held": marked("Held for a second look"),
    "mail.refused": marked("Refused by policy"),
    "authenticity": marked("Sender checked"),
    "decision": marked("Decided"),
    "outcome": marked("Outcome"),
    "note": marked("Note"),
    "tag": marked("Tags"),
    "link": marked("Link"),
    "mark": marked("Mark"),
    "release": marked("Second look"),
    "sighting": marked("Seen again"),
    "capture": marked("Capture"),
    "gap": marked("Gap"),
    "timestamp": "Time-stamp",
    "witness": marked("Checkpoint handed out"),
    "silence": marked("No mail came"),
    "reconciliation": marked("Compared with the mailbox"),
    "export": marked("Handed out"),
    "erasure": marked("Erasure"),
    "erasure.asked": marked("Erasure asked for"),
    "erasure.approved": marked("Erasure approved"),
    "erasure.refused": marked("Erasure refused"),
    "erasure.withdrawn": marked("Erasure withdrawn"),
    "erasure.done": marked("Erasure certified"),
    "answer": marked("Claim answer"),
    "warning": marked("Warning"),
    "imap": marked("In a mail client"),
    "queue": marked("Outbox"),
    "evidence": marked("Evidence"),
    "parcel": marked("Parcel"),
    "dossier": marked("Dossier"),
    "orders": marked("Order report"),
    "rules": marked("Rules in force"),
    "book": marked("Rules changed"),
    "software": marked("Docket began"),
    "access": marked("Access export"),
    "verified": marked("Record checked"),
    "search": marked("Saved search"),
    "keys": marked("Keys"),
    "token": marked("Token"),
    "rules.edited": marked("Rules edited"),
    "view": marked("Looked at"),
    "person": marked("Login"),
}

_SENDERS = {
    "pass": (marked("Proven"), "good"),
    "fail": (marked("Not authentic"), "bad"),
    "permerror": (marked("Not authentic"), "bad"),
    "temperror": (marked("Could not be checked"), "wait"),
    "none": (marked("Not proven"), "dull"),
    "unchecked": (marked("Not checked"), "dull"),
}

_FACTS = {
    "last_at": marked("Last mail"),
    "fingerprint": "Key's fingerprint",
    "at_work": marked("Worker runs"),
    "lag": marked("Behind by"),
    "size": marked("Entries"),
    "entry": marked("Entry"),
    "since": marked("Since"),
    "ready": marked("Ready"),
    "done": marked("Done"),
    "broken": marked("Broken"),
    "engine": marked("Engine"),
    "documents": marked("Documents"),
    "undecided": marked("Not decided"),
    "checkpoint": marked("Checkpoint"),
    "mailboxes": marked("Mailboxes"),
    "accounts": marked("Accounts"),
    "position": marked("Up to entry"),
    "leased": marked("Under way"),
    "held": marked("Held"),
    "dropped": marked("Dropped"),
    "dead": marked("Failed"),
    "says": "A roll-back",
    "head": marked("Last head kept at"),
    "kept_by": marked("Witnesses"),
}

_STOPPED = {
    "answer": marked("by an accepted answer"),
    "site": marked("by an answer on the marketplace's site"),
    "mark": marked("by a person's word"),
    "closed": marked("by its closing"),
}

_COMMAND = re.compile(r" \(docket [^)]*\)")
_DOORS = {
    "smtp": marked("Mail in (SMTP)"),
    "lmtp": marked("Mail in (LMTP)"),
    "submission": marked("Agents send (STARTTLS)"),
    "submissions": marked("Agents send (TLS)"),
    "imap": marked("Agents read (STARTTLS)"),
    "imaps": marked("Agents read (TLS)"),
    "web": marked("Web view"),
}

_TOLD_BY = {
    "smtp": marked("by our own clock, when it came in"),
    "internaldate": marked("by the mail server's record"),
    "received": marked("by the last server's Received line"),
    "date": marked("by the sender's own Date line"),
    "import": marked("by the file it was imported from"),
}


_KINDS = {  # of messages, of clocks, of evidence, and other words that are kept as they stand
    "buyer_message": marked("Buyer message"),
    "claim_opened": marked("Claim opened"),
    "claim_decided": marked("Claim decided"),
    "chargeback_opened": marked("Chargeback opened"),
    "order_update": marked("Order update"),
    "order_cancelled": marked("Order cancelled"),
    "return_request": marked("Return request"),
    "refund_issued": marked("Refund issued"),
    "not_delivered": marked("Not delivered"),
    "own_answer_copy": marked("Copy of an own answer"),
    "payout": marked("Payout"),
    "sold": marked("Sold"),
    "reply": marked("Reply"),
    "claim": marked("Claim"),
    "return": marked("Return"),
    "customer": marked("Customer"),
    "buyer": marked("Buyer"),
    "internal": marked("Internal"),
    "marketplace": marked("Marketplace"),
    "other": marked("Other"),
    "photo": marked("Photo"),
    "screenshot": marked("Screenshot"),
    "invoice": marked("Invoice"),
    "call": marked("Telephone call"),
    "carrier-page": marked("Carrier's page"),
    "proof-of-delivery": marked("Proof of delivery"),
    "label": marked("Label"),
    "hand": marked("By hand"),
    "mail": marked("Mail"),
    "archive": marked("Archive"),
    "store": marked("Store"),
    "index": marked("Search"),
    "queue": marked("Queue"),
}
_VALUES = {  # as they stand in queries; people read them so
    "inbound": marked("inbound"),
    "outbound": marked("outbound"),
    "internal": marked("internal"),
    "certain": marked("certain"),
    "likely": marked("likely"),
    "possible": marked("possible"),
    "open": marked("open"),
    "waiting": marked("waiting"),
    "closed": marked("closed"),
    "stated": marked("stated"),
    "thread": marked("thread"),
    "alias": marked("alias"),
    "parcel": marked("parcel"),
    "customer": marked("customer"),
    "drop": marked("drop"),
    "rule": marked("rule"),
    "hand": marked("hand"),
    "watching": marked("watching"),
    "never": marked("never"),
}


def named(value: str) -> str:
    """Return a word of the record as people read it; one that is not ours stands as it is."""
    return _(_VALUES[value]) if value in _VALUES else value


_ROLES = {
    "agent": marked("agent"),
    "supervisor": marked("supervisor"),
    "auditor": marked("auditor (reads only)"),
    "admin": marked("admin"),
}


def role(name: str) -> str:
    """Return what a role is called."""
    return _(_ROLES.get(name, name))


def told_by(source: str) -> str:
    """Return whose word a message's time is."""
    return _(_TOLD_BY[source]) if source in _TOLD_BY else _("by %(source)s") % {"source": source}


def door(kind: str) -> str:
    """Return what a listener is for."""
    return _(_DOORS.get(kind, kind))


def without_command(said: str) -> str:
    """Return what is missing without the command that mends it: a page has buttons.

    >>> without_command("no parcel is named (docket parcel add)")
    'no parcel is named'
    """
    return _COMMAND.sub("", said)


def stopped_how(how: str) -> str:
    """Return what stopped a clock."""
    return _(_STOPPED.get(how, how))


def words(name: str) -> str:
    """Return a stored name as people say it.

    >>> words("buyer_message"), words("mail.held")
    ('Buyer message', 'Held for a second look')
    """
    known = _ENTRIES.get(name) or _FACTS.get(name) or _KINDS.get(name) or KINDS.get(name)
    return _(known) if known else name.replace("_", " ").replace(".", " ").capitalize()


def is_kind(name: str) -> bool:
    """Tell whether a stored name is a kind of something that has a name of ours."""
    return name in _KINDS or name in KINDS


def state(name: str) -> tuple[str, str]:
    """Return a delivery state's word and its tone (``good``, ``wait``, ``bad`` or ``dull``)."""
    said, tone = _STATES.get(name, (words(name), "dull"))
    return _(said), tone


def sender(result: str) -> tuple[str, str]:
    """Return what is known of a sender in a word or two, and its tone."""
    said, tone = _SENDERS.get(result, (result, "dull"))
    return _(said), tone


def methods(found: Authentic) -> str:
    """Return what each way of checking a sender found, without those that found nothing.

    >>> methods(Authentic(dkim="pass", spf="softfail", dmarc="pass", arc="none"))
    'DKIM pass, SPF softfail, DMARC pass'
    """
    said = (("DKIM", found.dkim), ("SPF", found.spf), ("DMARC", found.dmarc), ("ARC", found.arc))
    return ", ".join(f"{name} {word}" for name, word in said if word not in {"", "none"})


def person(pair: tuple[str, str]) -> str:
    """Return one (name, address) as ``Name <address>``."""
    name, address = pair
    return f"{name} <{address}>" if name and address and name != address else name or address or _("nobody")


def people(pairs: Iterable[tuple[str, str]]) -> str:
    """Return the short names of people, for a list's line."""
    return ", ".join(name or address for name, address in pairs) or _("nobody")


def language_name(language: str) -> str:
    """Return a language's own name for itself.

    >>> language_name("de"), language_name("fr")
    ('Deutsch', 'Français')
    """
    return (Locale.parse(language).get_display_name(language) or language).capitalize()


def report_title(name: str) -> str:
    """Return what a kind of order report is called."""
    known = report_files().get(name)
    return known.title if known is not None and spoken() == "en" else _("order report")

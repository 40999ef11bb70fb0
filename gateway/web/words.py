"""How things are called on a page. One place, so that pages say the same."""

import re
from collections.abc import Iterable

from babel import Locale

from gateway.web.tongue import _, marked
from rules.facts import Authentic
from rules.reports import report_files

_STATES = {
    "waiting": ("Waiting", "wait"),
    "delivered": ("Delivered", "good"),
    "relayed": ("Accepted", "good"),
    "held": ("Held", "wait"),
    "refused": ("Refused", "bad"),
    "failed": ("Failed", "bad"),
    "dropped": ("Dropped", "dull"),
}

_ENTRIES = {
    "mail.in": "Received",
    "mail.out": "Sent",
    "mail.held": "Held for a second look",
    "mail.refused": "Refused by policy",
    "authenticity": "Sender checked",
    "decision": "Decided",
    "outcome": "Outcome",
    "note": "Note",
    "tag": "Tags",
    "link": "Link",
    "mark": "Mark",
    "release": "Second look",
    "sighting": "Seen again",
    "capture": "Capture",
    "gap": "Gap",
    "timestamp": "Time-stamp",
    "witness": "Checkpoint handed out",
    "silence": "No mail came",
    "reconciliation": "Compared with the mailbox",
    "export": "Handed out",
    "erasure": "Erasure",
    "erasure.asked": "Erasure asked for",
    "erasure.approved": "Erasure approved",
    "erasure.refused": "Erasure refused",
    "erasure.withdrawn": "Erasure withdrawn",
    "erasure.done": "Erasure certified",
    "answer": "Claim answer",
    "warning": "Warning",
    "imap": "In a mail client",
    "queue": "Outbox",
    "evidence": "Evidence",
    "parcel": "Parcel",
    "dossier": "Dossier",
    "orders": "Order report",
    "rules": "Rules in force",
    "book": "Rules changed",
    "software": "Docket began",
    "access": "Access export",
    "verified": "Record checked",
    "search": "Saved search",
    "keys": "Keys",
    "token": "Token",
    "rules.edited": "Rules edited",
    "view": "Looked at",
    "person": "Login",
}

_SENDERS = {
    "pass": ("Proven", "good"),
    "fail": ("Not authentic", "bad"),
    "permerror": ("Not authentic", "bad"),
    "temperror": ("Could not be checked", "wait"),
    "none": ("Not proven", "dull"),
    "unchecked": ("Not checked", "dull"),
}

_FACTS = {
    "last_at": "Last mail",
    "fingerprint": "Key's fingerprint",
    "at_work": "Worker runs",
    "lag": "Behind by",
    "size": "Entries",
    "position": "Up to entry",
    "leased": "Under way",
    "held": "Held",
    "dropped": "Dropped",
    "dead": "Failed",
    "says": "A roll-back",
    "head": "Last head kept at",
    "kept_by": "Witnesses",
}

_STOPPED = {
    "answer": "by an accepted answer",
    "site": "by an answer on the marketplace's site",
    "mark": "by a person's word",
    "closed": "by its closing",
}

_COMMAND = re.compile(r" \(docket [^)]*\)")
_DOORS = {
    "smtp": "Mail in (SMTP)",
    "lmtp": "Mail in (LMTP)",
    "submission": "Agents send (STARTTLS)",
    "submissions": "Agents send (TLS)",
    "imap": "Agents read (STARTTLS)",
    "imaps": "Agents read (TLS)",
    "web": "Web view",
}

_TOLD_BY = {
    "smtp": "by our own clock, when it came in",
    "internaldate": "by the mail server's record",
    "received": "by the last server's Received line",
    "date": "by the sender's own Date line",
    "import": "by the file it was imported from",
}


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
    return _TOLD_BY.get(source, f"by {source}")


def door(kind: str) -> str:
    """Return what a listener is for."""
    return _DOORS.get(kind, kind)


def without_command(said: str) -> str:
    """Return what is missing without the command that mends it: a page has buttons.

    >>> without_command("no parcel is named (docket parcel add)")
    'no parcel is named'
    """
    return _COMMAND.sub("", said)


def stopped_how(how: str) -> str:
    """Return what stopped a clock."""
    return _STOPPED.get(how, how)


def words(name: str) -> str:
    """Return a stored name as people say it.

    >>> words("buyer_message"), words("mail.held")
    ('Buyer message', 'Held for a second look')
    """
    return _ENTRIES.get(name) or _FACTS.get(name) or name.replace("_", " ").replace(".", " ").capitalize()


def state(name: str) -> tuple[str, str]:
    """Return a delivery state's word and its tone (``good``, ``wait``, ``bad`` or ``dull``)."""
    return _STATES.get(name, (words(name), "dull"))


def sender(result: str) -> tuple[str, str]:
    """Return what is known of a sender in a word or two, and its tone."""
    return _SENDERS.get(result, (result, "dull"))


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
    return f"{name} <{address}>" if name and address and name != address else name or address or "nobody"


def people(pairs: Iterable[tuple[str, str]]) -> str:
    """Return the short names of people, for a list's line."""
    return ", ".join(name or address for name, address in pairs) or "nobody"


def language_name(language: str) -> str:
    """Return a language's own name for itself.

    >>> language_name("de"), language_name("fr")
    ('Deutsch', 'Français')
    """
    return (Locale.parse(language).get_display_name(language) or language).capitalize()


def report_title(name: str) -> str:
    """Return what a kind of order report is called."""
    known = report_files().get(name)
    return known.title if known is not None else "order report"

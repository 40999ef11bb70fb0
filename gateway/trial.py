"""One mail tried on a rule book: what would be decided, and how each rule fares. Nothing is stored or sent.

The mail is read in a child process, as the worker reads it: a file that somebody was sent is hostile too.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from gateway.archive.archive import Archive
from gateway.deciding import Book
from gateway.errors import WrongUse
from gateway.language import language_of
from gateway.mail.entry import Envelope
from gateway.mail.message import ParsedMail
from gateway.readers import UNSEALED, Item, Readers, Understood
from gateway.replay import decision_in, facts_again, read_one, with_ages
from gateway.shape import facts_of
from gateway.store import messages
from gateway.store.engine import Store
from rules.decide import Tried, decide, explain_rules
from rules.facts import Context, Decision, Facts, Reading
from rules.named import direction_of
from rules.read import believed


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One mail with what is read in it, what is decided, and each rule's step."""

    mail: ParsedMail
    facts: Facts
    reading: Reading
    decision: Decision
    steps: tuple[Tried, ...]


def try_raw(raw: bytes, book: Book, readers: Readers, *, trusted: bool, now: datetime) -> Trial:
    """Try a mail that is in no archive, as if it came now; with ``trusted`` by a peer that had checked its sender."""
    envelope = Envelope(source="smtp", received_at=now, trusted=trusted)
    (understood,) = readers.understand([Item(key=UNSEALED, raw=raw, envelope=envelope)])
    mail = understood.mail
    envelope = replace(
        envelope,
        mail_from=mail.from_[0].address if mail.from_ else "",
        rcpt_to=tuple(one.address for one in mail.to),
    )
    outbound = direction_of(facts_of(mail, envelope, outbound=False), book.marketplaces) == "outbound"
    again = Item(key=UNSEALED, raw=raw, envelope=envelope, outbound=outbound)
    (understood,) = readers.understand([again])
    facts = facts_of(understood.mail, envelope, outbound=outbound)
    if "language" in book.ruleset.asks:
        facts = replace(facts, language=language_of(facts, book.marketplaces))
    return _trial(understood, facts, Context(), book)


def try_archived(archive: Archive, store: Store, seq: int, book: Book, readers: Readers) -> Trial:
    """Try an archived message on what was known of it when it came; raises WrongUse for one that was not decided."""
    with store.read() as conn:
        row = messages.message(conn, seq)
    if row is None or row.decided_by is None:
        raise WrongUse(f"there is no decided message {seq}")
    before, entry = decision_in(archive.entry(row.decided_by)), archive.entry(seq)
    understood = read_one(readers, entry)
    facts = facts_again(entry, understood, before, book)
    known = with_ages(store, seq, understood, before, book)
    return _trial(understood, facts, known.context, book)


def _trial(understood: Understood, facts: Facts, context: Context, book: Book) -> Trial:
    reading = believed(understood.reading, facts, book.marketplaces)
    asked = facts, reading, context, book.ruleset, book.marketplaces
    return Trial(
        mail=understood.mail,
        facts=facts,
        reading=reading,
        decision=decide(*asked),
        steps=explain_rules(*asked),
    )

"""History decided anew: what today's rules would say of each message, beside what was decided when it came.

Each message is decided on what was known then: the context, the sender's authenticity and the language that its decision
recorded. Nothing here changes anything.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import msgspec

from gateway.archive.archive import Archive
from gateway.deciding import Book
from gateway.language import language_of
from gateway.mail.entry import Entry, Envelope
from gateway.readers import Readers, Understood, item_of
from gateway.shape import facts_of, is_outbound
from gateway.store import messages
from gateway.store.engine import Store
from rules.decide import Tried, decide, explain_rules
from rules.errors import BookError
from rules.facts import Decision, Facts
from rules.marketplace import load_marketplaces
from rules.ruleset import RuleSet, load_ruleset

_BATCH = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """One message and both decisions; ``by`` is the entry that holds the first."""

    seq: int
    by: int
    before: Decision
    after: Decision

    def changes(self) -> dict[str, dict[str, list[str]]]:
        """Return what differs, by sort: links, tags and actions gone and come; empty where nothing does."""
        found = {}
        for name, before, after in (
            ("links", _links(self.before), _links(self.after)),
            ("tags", list(self.before.tags), list(self.after.tags)),
            ("actions", _actions(self.before), _actions(self.after)),
        ):
            gone = [one for one in before if one not in after]
            come = [one for one in after if one not in before]
            if gone or come:
                found[name] = {"gone": gone, "come": come}
        return found


def decision_in(entry: Entry) -> Decision:
    """Return what a decision's entry decided; raises ValueError where it is not one."""
    payload: dict[str, Any] = msgspec.json.decode(entry.payload)
    return msgspec.convert(payload.get("decision"), Decision)


def decide_again(entry: Entry, understood: Understood, before: Decision, book: Book) -> Decision:
    """Decide a message by a book, on what its first decision rested on."""
    facts = facts_again(entry, understood, before, book)
    return decide(facts, understood.reading, before.context, book.ruleset, book.marketplaces)


def steps_again(entry: Entry, understood: Understood, before: Decision, book: Book) -> tuple[Tried, ...]:
    """Return how each rule of a book fares with a message, on what its first decision rested on."""
    facts = facts_again(entry, understood, before, book)
    return explain_rules(facts, understood.reading, before.context, book.ruleset, book.marketplaces)


def facts_again(entry: Entry, understood: Understood, before: Decision, book: Book) -> Facts:
    """Return the facts as they were: who sent it, and its language, by the record."""
    envelope = msgspec.convert(entry.meta, Envelope)
    facts = facts_of(understood.mail, envelope, outbound=is_outbound(entry.type), authentic=before.authentic)
    if "language" in book.ruleset.asks:
        return replace(facts, language=before.language or language_of(facts, book.marketplaces))
    return facts


def replay(
    archive: Archive, store: Store, readers: Readers, book: Book, since: datetime, until: datetime | None
) -> Iterator[Replayed | None]:
    """Yield each decided message of a time, in the log's order; None for one whose decision cannot be read."""
    with store.read() as conn:
        rows = messages.decided_between(conn, since, until)
    for start in range(0, len(rows), _BATCH):
        batch = rows[start : start + _BATCH]
        entries = [archive.entry(seq) for seq, _ in batch]
        understood = readers.understand([item_of(entry) for entry in entries])
        for (seq, by), entry, one in zip(batch, entries, understood, strict=True):
            yield _again(seq, by, entry, archive.entry(by), one, book)


def _again(
    seq: int, by: int, entry: Entry, decision: Entry, understood: Understood, book: Book
) -> Replayed | None:
    try:
        before = decision_in(decision)
    except (ValueError, msgspec.ValidationError):
        return None
    after = decide_again(entry, understood, before, book)
    return Replayed(seq=seq, by=by, before=before, after=after)


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One text that took part in a decision, as it lies in the archive."""

    name: str
    sha256: str
    seq: int
    at: datetime


def versions_of(archive: Archive, decision: Decision) -> list[Version]:
    """Return which versions of which files decided, each with the entry that keeps it."""
    wanted = set(decision.books)
    found = []
    for entry in archive.entries(0, types=["rules"]):
        digest = RuleSet(text=entry.payload.decode()).sha256
        if digest in wanted:
            found.append(
                Version(name=str(entry.meta.get("name", "")), sha256=digest, seq=entry.seq, at=entry.at)
            )
    return found


def book_of(archive: Archive, decision: Decision) -> Book | None:
    """Return the book that made a decision, from the archive; None where a text is missing or no longer understood."""
    texts = {one.name: archive.entry(one.seq).payload.decode() for one in versions_of(archive, decision)}
    rules = texts.pop("rules.toml", "")
    if RuleSet(text=rules).sha256 != decision.books[-1]:
        return None
    try:
        return Book(ruleset=load_ruleset(rules), marketplaces=load_marketplaces(texts))
    except BookError:
        return None


def read_one(readers: Readers, entry: Entry) -> Understood:
    """Read one archived message as the worker reads it."""
    return readers.understand([item_of(entry)])[0]


def _links(decision: Decision) -> list[str]:
    return [f"{link.order.marketplace} {link.order.value} {link.confidence}" for link in decision.links]


def _actions(decision: Decision) -> list[str]:
    return [" ".join(str(word) for word in action.values()) for action in decision.actions]


def sums(changes: Sequence[dict[str, dict[str, list[str]]]]) -> dict[str, dict[str, int]]:
    """Return how many links, tags and actions went and came."""
    return {
        name: {side: sum(len(one[name][side]) for one in changes if name in one) for side in ("gone", "come")}
        for name in ("links", "tags", "actions")
    }

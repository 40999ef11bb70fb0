"""History decided anew: what today's rules would say of each message, beside what was decided when it came.

Each message is decided on what was known then: the context, the sender's authenticity and the language that its decision
recorded. Nothing here changes anything.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

import msgspec

from gateway.archive.archive import Archive
from gateway.deciding import AGES, Book
from gateway.language import language_of
from gateway.mail.entry import Entry, Envelope
from gateway.readers import Readers, Understood, item_of
from gateway.shape import facts_of, is_outbound
from gateway.store import fold, messages
from gateway.store.context import ages_of
from gateway.store.engine import Store
from gateway.store.payloads import read_payload
from rules.actions import in_words
from rules.decide import Tried, decide, explain_rules
from rules.facts import Decision, Facts

_BATCH = 64
SORTS = ("message", "found", "links", "tags", "actions", "clocks")
_IS = ("marketplace", "operator", "kind", "direction", "alias")
Changes = dict[str, dict[str, list[str]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """One message and both decisions; ``by`` is the entry that holds the first."""

    seq: int
    by: int
    before: Decision
    after: Decision
    live: bool = True  # not history when it came

    def changes(self) -> Changes:
        """Return what differs, by sort (``SORTS``): what is gone and what has come; empty where nothing does."""
        before, after = _told(self.before), _told(self.after)
        return {
            sort: {
                "gone": [one for one in before[sort] if one not in after[sort]],
                "come": [one for one in after[sort] if one not in before[sort]],
            }
            for sort in SORTS
            if set(before[sort]) != set(after[sort])
        }


def decision_in(entry: Entry) -> Decision:
    """Return what a decision's entry decided; raises ValueError where it is not one."""
    return read_payload(entry.payload, _Made).decision


class _Made(msgspec.Struct):
    """A decision's entry, whole."""

    of: int
    decision: Decision
    live: bool = True


class _Place(msgspec.Struct):
    """What a decision's entry is about, and whose place it takes."""

    of: int
    instead_of: int | None = None


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
    rows = _standing(archive, store, since, until)
    for start in range(0, len(rows), _BATCH):
        batch = rows[start : start + _BATCH]
        entries = [archive.entry(seq) for seq, _ in batch]
        understood = readers.understand([item_of(entry) for entry in entries])
        for (seq, by), entry, one in zip(batch, entries, understood, strict=True):
            try:
                made = read_payload(archive.entry(by).payload, _Made)
            except ValueError:
                yield None
                continue
            known = with_ages(store, seq, one, made.decision, book)
            after = decide_again(entry, one, known, book)
            yield Replayed(seq=seq, by=by, before=made.decision, after=after, live=made.live)


def with_ages(store: Store, seq: int, understood: Understood, before: Decision, book: Book) -> Decision:
    """Return a decision that also knows how old its orders were, where a rule asks for it now and none asked then."""
    known = before.context
    if known.order_since or AGES.isdisjoint(book.ruleset.asks):
        return before
    orders = {one.order for one in understood.reading.orders}
    orders.update(one.order for one in (*known.thread, *known.alias))
    with store.read() as conn:
        ages = ages_of(conn, orders, below=seq)
    return replace(before, context=replace(known, order_since=ages))


def _standing(
    archive: Archive, store: Store, since: datetime, until: datetime | None
) -> list[tuple[int, int]]:
    """Return the decided messages of a time with the decision that stands, also where the store does not know it yet."""
    with store.read() as conn:
        stands = dict(messages.decided_between(conn, since, until))
        folded = fold.position(conn)
    for entry in archive.entries(folded, types=["decision"]):
        with suppress(ValueError):  # one that nobody can read takes no other's place
            again = read_payload(entry.payload, _Place)
            if again.instead_of is not None and stands.get(again.of) == again.instead_of:
                stands[again.of] = entry.seq
    return sorted(stands.items())


def read_one(readers: Readers, entry: Entry) -> Understood:
    """Read one archived message as the worker reads it."""
    return readers.understand([item_of(entry)])[0]


def _told(decision: Decision) -> dict[str, list[str]]:
    """Return all that the store and people are told by a decision, as lines by sort."""
    reading = decision.reading
    return {
        "message": [f"{name} {value}" for name in _IS if (value := getattr(reading, name))],
        "found": [
            *(f"{one.kind} {one.value}" for one in reading.products),
            *(f"{one.kind} {one.value}" for one in reading.references),
            *(f"parcel {one.carrier} {one.number}" for one in reading.parcels),
            *(f"conversation {one}" for one in reading.tokens),
            *(f"customer {one}" for one in reading.people),
        ],
        "links": [
            " ".join(
                filter(None, (one.order.marketplace, one.order.value, one.confidence, one.method, one.doubt))
            )
            for one in decision.links
        ],
        "tags": list(decision.tags),
        "actions": [in_words(action) for action in decision.actions],
        "clocks": [f"{one.name} until {one.due_at.isoformat()}: {one.said}" for one in decision.clocks],
    }


def sums(changes: Sequence[Changes]) -> dict[str, dict[str, int]]:
    """Return how much of each sort went and came."""
    return {
        name: {side: sum(len(one[name][side]) for one in changes if name in one) for side in ("gone", "come")}
        for name in SORTS
    }

"""Which messages may be decided now, and what they are decided on.

A decision rests on what earlier messages were linked to. Decisions are made in seq order and archived in groups, so a
message whose context touches one that is decided but not yet folded into the store waits for the next round.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

import msgspec
from sqlalchemy import Connection

from gateway.effects import jobs_for
from gateway.mail.canonical import canonical
from gateway.mail.entry import Draft, Entry, Envelope
from gateway.readers import Item, Readers, Understood
from gateway.shape import facts_of, is_outbound, refers_to
from gateway.store import messages
from rules.decide import decide
from rules.facts import Decision, OrderRef
from rules.marketplace import Marketplaces
from rules.ruleset import RuleSet


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """What decides: the seller's rules and the marketplaces, as one value that a decision can name."""

    ruleset: RuleSet
    marketplaces: Marketplaces

    def texts(self) -> dict[str, str]:
        """Every file that takes part, by name; each is archived before it decides anything."""
        return {**self.marketplaces.texts, "rules.toml": self.ruleset.text}


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """One message, read and waiting for its decision."""

    type: str
    envelope: Envelope
    understood: Understood


class Deciding:
    """What is known beyond the store: messages read but not decided, decisions made but not folded in."""

    def __init__(self, book: Book, readers: Readers, mailboxes: Mapping[str, str]) -> None:
        self._book = book
        self._readers = readers
        self._mailboxes = dict(mailboxes)
        self._read: dict[int, Read] = {}
        self._made: dict[int, int] = {}  # message -> seq of its decision, until that is folded in
        self._touched: set[str | bytes | OrderRef] = set()  # what later messages may ask those decisions about

    def read(self, mails: list[tuple[Entry, Envelope]]) -> list[Understood]:
        """Read messages in child processes and keep what they say until they are decided."""
        found = self._readers.understand([_item(entry, envelope) for entry, envelope in mails])
        for (entry, envelope), understood in zip(mails, found, strict=True):
            self._read[entry.seq] = Read(type=entry.type, envelope=envelope, understood=understood)
        return found

    def folded(self, seq: int) -> None:
        """Forget what the store knows by now."""
        self._made = {of: by for of, by in self._made.items() if by > seq}
        if not self._made:
            self._touched.clear()

    def made(self, message: int, by: int) -> None:
        self._made[message] = by
        self._read.pop(message, None)

    def drafts(self, conn: Connection, limit: int, entry_of: Callable[[int], Entry]) -> dict[int, Draft]:
        """Return the decisions that can be made now, by message, in seq order."""
        drafts: dict[int, Draft] = {}
        for seq in messages.undecided(conn, limit + len(self._made)):
            if seq in self._made:
                continue
            row = messages.message(conn, seq)
            assert row is not None
            if seq not in self._read:  # read before a restart
                entry = entry_of(seq)
                self.read([(entry, msgspec.convert(entry.meta, Envelope))])
            read = self._read[seq]
            mail, reading = read.understood.mail, read.understood.reading
            asks: set[str | bytes | OrderRef] = {*refers_to(mail), reading.alias, row.twin}
            asks.update(found.order for found in reading.orders)
            asks.discard("")
            if asks & self._touched:
                break
            decision = self._answer(conn, read, row.twin, row.occurred_at, below=seq)
            drafts[seq] = self._draft(seq, read, decision)
            self._touched |= asks | {mail.message_id} - {""}
        return drafts

    def _answer(self, conn: Connection, read: Read, twin: bytes, at: datetime, *, below: int) -> Decision:
        mail, reading = read.understood.mail, read.understood.reading
        facts = facts_of(mail, read.envelope, outbound=is_outbound(read.type))
        context = messages.context_of(
            conn,
            refers_to=refers_to(mail),
            alias=reading.alias,
            orders=tuple(found.order for found in reading.orders),
            twin=twin,
            at=at,
            below=below,
        )
        return decide(facts, reading, context, self._book.ruleset, self._book.marketplaces)

    def _draft(self, seq: int, read: Read, decision: Decision) -> Draft:
        work = jobs_for(read.type, read.envelope, decision, self._mailboxes)
        payload = {
            "of": seq,
            "decision": msgspec.to_builtins(decision),
            "jobs": msgspec.to_builtins(work),
            "live": read.envelope.source != "import",
        }
        return Draft(type="decision", payload=canonical(payload), meta={})


def _item(entry: Entry, envelope: Envelope) -> Item:
    return Item(key=entry.seq, raw=entry.payload, envelope=envelope, outbound=is_outbound(entry.type))

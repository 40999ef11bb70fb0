"""Which messages may be decided now, and what they are decided on.

A decision rests on what earlier messages were linked to. Decisions are archived in groups, so a message whose context
touches one that is decided but not yet folded into the store, or one that waits itself, waits for the next round: each is
decided as if all before it had been, one by one.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import msgspec
from sqlalchemy import Connection

from gateway.authenticity.checks import Checks
from gateway.effects import jobs_for
from gateway.language import language_of
from gateway.mail.canonical import canonical
from gateway.mail.entry import Draft, Envelope
from gateway.readers import Understood
from gateway.shape import facts_of, is_automatic, is_outbound, refers_to
from gateway.store import messages
from gateway.store.authenticity import authentic_of
from gateway.store.context import context_of, orders_like
from gateway.store.prospects import Prospects, prospects_of
from gateway.store.records import MessageRow
from gateway.store.spelling import bare
from rules.decide import decide
from rules.drop import NO_DROP, DropAddress
from rules.facts import Authentic, Decision, Dropped, Facts, OrderRef
from rules.marketplace import Marketplaces
from rules.read import believed
from rules.ruleset import RuleSet

_KEPT_MAX = 4096  # messages read and not decided whose words are kept
_AGES = frozenset({"order_older_than_days", "order_newer_than_days"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """What decides: the seller's rules and the marketplaces, as one value that a decision can name."""

    ruleset: RuleSet
    marketplaces: Marketplaces
    drop: DropAddress = NO_DROP

    def texts(self) -> dict[str, str]:
        """Every file that takes part, by name; each is archived before it decides anything."""
        return {**self.marketplaces.texts, "rules.toml": self.ruleset.text}

    def drafts(self) -> list[Draft]:
        """Return every version of a file that decides as an entry, so that a decision can be replayed years later."""
        return [
            Draft(type="rules", payload=text.encode(), meta={"name": name}, once=True)
            for name, text in self.texts().items()
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """One message, read and waiting for its decision."""

    type: str
    envelope: Envelope
    understood: Understood
    twin: bytes
    occurred_at: datetime


class Deciding:
    """What is known beyond the store: messages read but not decided, decisions made but not folded in.

    ``book`` may become another of the same marketplaces at any time: what was read stays read.
    """

    def __init__(self, book: Book, mailboxes: Mapping[str, str], checks: Checks) -> None:
        self.book = book
        self._checks = checks
        self._mailboxes = dict(mailboxes)
        self._read: dict[int, Read] = {}
        self._made: dict[int, int] = {}  # message -> seq of its decision, until that is folded in
        self._touched: set[str | bytes | OrderRef] = (
            set()
        )  # what later messages may ask those decisions about

    def keep(self, row: MessageRow, envelope: Envelope, understood: Understood) -> None:
        """Keep what a message says until it is decided."""
        self._read[row.seq] = Read(
            type=row.type,
            envelope=envelope,
            understood=understood,
            twin=row.twin,
            occurred_at=row.occurred_at,
        )

    def folded(self, seq: int) -> None:
        """Forget what the store knows by now."""
        self._made = {of: by for of, by in self._made.items() if by > seq}
        if not self._made:
            self._touched.clear()
        for newest in sorted(self._read)[_KEPT_MAX:]:
            # Read again in their turn: what waits for DNS must not fill the memory.
            del self._read[newest]

    @property
    def unfolded(self) -> int:
        """How many decisions were made that the store does not know yet."""
        return len(self._made)

    def made(self, message: int, by: int) -> None:
        self._made[message] = by
        self._read.pop(message, None)

    def drafts(
        self,
        conn: Connection,
        limit: int,
        read_again: Callable[[list[int]], object],
        raw_of: Callable[[int], bytes],
    ) -> dict[int, Draft]:
        """Return the decisions that can be made now, by message.

        ``read_again`` must ``keep`` messages that were read before a restart; ``raw_of`` gives a message's bytes to a check.
        """
        drafts: dict[int, Draft] = {}
        waiting = [seq for seq in messages.undecided(conn, limit + len(self._made)) if seq not in self._made]
        read_again([seq for seq in waiting if seq not in self._read])
        touched = set(self._touched)
        known = authentic_of(conn, waiting)
        prospects = self._prospects(conn, waiting)
        for seq in waiting:
            read = self._read[seq]
            mail, reading = read.understood.mail, read.understood.reading
            asks: set[str | bytes | OrderRef] = {*refers_to(mail), reading.alias, _twin(read)}
            asks.update((*reading.tokens, *reading.people))
            asks.update(found.order for found in reading.orders)
            asks.update(parcel.number for parcel in reading.parcels)
            told = asks | {mail.message_id}
            told.update(bare(found.order.value) for found in reading.orders)
            asks.update(bare(ref) for ref in self.book.drop.refs_of(read.envelope.rcpt_to))
            asks -= {"", b""}
            told -= {"", b""}
            checking = self._checking(seq, read, known, raw_of)  # all begin at once, whoever waits for whom
            if checking or asks & touched:
                touched |= told  # and whoever rests on this one waits with it
                continue
            decision = self._answer(conn, read, known.get(seq), prospects, below=seq)
            drafts[seq] = self._draft(seq, read, decision)
            if decision.links or any(action.get("do") == "hold" for action in decision.actions):
                touched |= told
                self._touched |= told
        return drafts

    def _checking(
        self, seq: int, read: Read, known: Mapping[int, Authentic], raw_of: Callable[[int], bytes]
    ) -> bool:
        """Tell whether a message waits until it is known who sent it; finding that out begins with the first question."""
        if seq in known:
            self._checks.forget(seq)
            return False
        if not self._checks.wants(read.type, read.envelope):
            return False
        self._checks.begin(seq, read.envelope, lambda: raw_of(seq))
        return True

    def _prospects(self, conn: Connection, waiting: list[int]) -> Prospects:
        understood = [self._read[seq].understood for seq in waiting]
        readings = [one.reading for one in understood]
        return prospects_of(
            conn,
            waiting,
            refers_to=(ref for one in understood for ref in refers_to(one.mail)),
            ties=(tie for one in readings for tie in (*one.tokens, *one.people)),
            parcels=(parcel.number for one in readings for parcel in one.parcels),
        )

    def _answer(
        self, conn: Connection, read: Read, authentic: Authentic | None, prospects: Prospects, *, below: int
    ) -> Decision:
        mail, reading = read.understood.mail, read.understood.reading
        ruleset = self.book.ruleset
        facts = facts_of(mail, read.envelope, outbound=is_outbound(read.type), authentic=authentic)
        reading = believed(reading, facts, self.book.marketplaces)
        if "language" in ruleset.asks:
            facts = replace(facts, language=language_of(facts, self.book.marketplaces))
        context = context_of(
            conn,
            refers_to=refers_to(mail),
            alias=reading.alias,
            orders=tuple(found.order for found in reading.orders),
            twin=_twin(read),
            at=read.occurred_at,
            below=below,
            since=not _AGES.isdisjoint(ruleset.asks),
            senders=facts.from_ or ("<>",),  # nobody took part in anything
            tokens=reading.tokens,
            people=reading.people,
            parcels=tuple(parcel.number for parcel in reading.parcels),
            prospects=prospects,
        )
        context = replace(context, dropped=self._dropped(conn, facts, below))
        return decide(facts, reading, context, ruleset, self.book.marketplaces)

    def _dropped(self, conn: Connection, facts: Facts, below: int) -> tuple[Dropped, ...]:
        """Return the drop addresses a message was sent to, with the orders that those mean."""
        sure = self.book.drop.may_file(facts)
        return tuple(
            Dropped(ref=ref, orders=orders_like(conn, ref, below=below), sure=sure)
            for ref in self.book.drop.refs_of(facts.rcpt_to)
        )

    def _draft(self, seq: int, read: Read, decision: Decision) -> Draft:
        silent = is_automatic(read.understood.mail, read.envelope)
        work = jobs_for(read.type, read.envelope, decision, self._mailboxes, self.book.drop, silent=silent)
        payload = {
            "of": seq,
            "decision": msgspec.to_builtins(decision, order="sorted"),  # a set has no order of its own
            "jobs": msgspec.to_builtins(work),
            "live": not read.envelope.is_history,
        }
        return Draft(type="decision", payload=canonical(payload), meta={})


def _twin(read: Read) -> bytes:
    """Return what an identical message is known by; nothing for history, which is never delivered."""
    return b"" if read.envelope.is_history else read.twin

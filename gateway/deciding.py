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
from gateway.effects import acts_of, jobs_for
from gateway.grounds import Customers, Grounds, Key, grounds_of
from gateway.language import language_of
from gateway.mail.canonical import canonical
from gateway.mail.entry import Draft, Envelope
from gateway.readers import Understood
from gateway.shape import facts_of, is_automatic, is_outbound, refers_to
from gateway.store import messages
from gateway.store.authenticity import authentic_of
from gateway.store.context import context_of, known_orders, orders_like
from gateway.store.prospects import Prospects, prospects_of
from gateway.store.records import MessageRow
from rules.decide import decide
from rules.drop import NO_DROP, DropAddress
from rules.facts import Authentic, Decision, Dropped, Facts, OrderRef
from rules.marketplace import Marketplaces
from rules.read import believed
from rules.ruleset import RuleSet

_KEPT_MAX = 4096  # messages read and not decided whose words are kept
AGES = frozenset({"order_older_than_days", "order_newer_than_days"})


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
    twin: bytes  # what an identical message is known by
    occurred_at: datetime
    grounds: Grounds


class Deciding:
    """What is known beyond the store: messages read but not decided, decisions made but not folded in.

    ``book`` may become another of the same marketplaces at any time: what was read stays read.
    """

    def __init__(self, book: Book, mailboxes: Mapping[str, str], checks: Checks) -> None:
        self.book = book
        self._checks = checks
        self._mailboxes = dict(mailboxes)
        self._read: dict[int, Read] = {}
        # message -> seq of its decision, until that is folded in, and what tells its customer
        self._made: dict[int, tuple[int, tuple[str, ...]]] = {}
        self._open: dict[int, frozenset[Key]] = {}  # what later messages may ask those decisions about
        self._customers = Customers.of(mailboxes)
        self.acts: list[Draft] = []  # what the last drafts bring beside them

    def keep(self, row: MessageRow, envelope: Envelope, understood: Understood) -> None:
        """Keep what a message says until it is decided."""
        self._read[row.seq] = Read(
            type=row.type,
            envelope=envelope,
            understood=understood,
            twin=b"" if envelope.is_copy else row.twin,  # the same bytes are never there twice
            occurred_at=row.occurred_at,
            grounds=grounds_of(
                understood.reading,
                refers_to=row.refers_to,
                message_id=row.message_id,
                twin=b"" if envelope.is_copy else row.twin,
                drop_refs=self.book.drop.refs_of(envelope.rcpt_to),
            ),
        )

    def folded(self, seq: int) -> None:
        """Forget what the store knows by now."""
        self._made = {of: made for of, made in self._made.items() if made[0] > seq}
        self._open = {of: told for of, told in self._open.items() if of in self._made}
        for newest in sorted(self._read)[_KEPT_MAX:]:
            # Read again in their turn: what waits for DNS must not fill the memory.
            del self._read[newest]

    @property
    def unfolded(self) -> int:
        """How many decisions were made that the store does not know yet."""
        return len(self._made)

    def made(self, message: int, by: int) -> None:
        read = self._read.pop(message, None)
        self._made[message] = by, read.understood.reading.people if read is not None else ()

    def drafts(
        self,
        conn: Connection,
        limit: int,
        read_again: Callable[[list[int]], object],
        raw_of: Callable[[int], bytes],
    ) -> dict[int, Draft]:
        """Return the decisions that can be made now, by message; ``acts`` are what agents asked for in them.

        ``read_again`` must ``keep`` messages that were read before a restart; ``raw_of`` gives a message's bytes to a check.
        """
        drafts: dict[int, Draft] = {}
        self.acts = []
        waiting = [seq for seq in messages.undecided(conn, limit + len(self._made)) if seq not in self._made]
        if unread := [seq for seq in waiting if seq not in self._read]:
            read_again(unread)  # behind what is being read ahead
        touched: set[Key] = set().union(*self._open.values())
        known = authentic_of(conn, waiting)
        prospects = self._prospects(conn, waiting)
        self._customers.begin(self._read)
        for seq in sorted({*waiting, *self._made}):
            if seq in self._made:
                self._customers.passed(self._made[seq][1])
                continue
            read = self._read[seq]
            people = self._customers.asked(conn, seq, read.understood.reading.people, prospects.tied)
            checking = self._checking(seq, read, known, raw_of)  # all begin at once, whoever waits for whom
            if checking or self._rests(conn, (read.grounds.asks | set(people)) & touched, seq):
                touched |= read.grounds.told  # and whoever rests on this one waits with it
                continue
            decision = self._answer(conn, read, known.get(seq), prospects, below=seq, people=people)
            drafts[seq] = self._draft(seq, read, decision)
            if decision.links or any(action.get("do") == "hold" for action in decision.actions):
                touched |= read.grounds.told
                self._open[seq] = read.grounds.told
        return drafts

    def _rests(self, conn: Connection, shared: frozenset[Key], seq: int) -> bool:
        """Tell whether any of the keys that are still open could change this decision.

        Of an order only whether it is known is asked, and one more message does not change that; its age may change.
        """
        orders = {key for key in shared if isinstance(key, OrderRef)}
        if not shared or orders != shared or not AGES.isdisjoint(self.book.ruleset.asks):
            return bool(shared)
        return known_orders(conn, orders, below=seq) != orders

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
            twins=(self._read[seq].twin for seq in waiting),
        )

    def _answer(
        self,
        conn: Connection,
        read: Read,
        authentic: Authentic | None,
        prospects: Prospects,
        *,
        below: int,
        people: tuple[str, ...],
    ) -> Decision:
        mail, reading = read.understood.mail, read.understood.reading
        ruleset = self.book.ruleset
        facts = facts_of(mail, read.envelope, outbound=is_outbound(read.type), authentic=authentic)
        if (reading := believed(reading, facts, self.book.marketplaces)) is not read.understood.reading:
            people = reading.people  # of whom we now know to have written it
        if "language" in ruleset.asks:
            facts = replace(facts, language=language_of(facts, self.book.marketplaces))
        context = context_of(
            conn,
            refers_to=refers_to(mail),
            alias=reading.alias,
            orders=tuple(found.order for found in reading.orders),
            twin=read.twin,
            at=read.occurred_at,
            below=below,
            since=not AGES.isdisjoint(ruleset.asks),
            senders=facts.from_ or ("<>",),  # nobody took part in anything
            tokens=reading.tokens,
            people=people,
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
        if decision.context.retry_of is None:
            self.acts += acts_of(seq, read.envelope)
        return Draft(type="decision", payload=canonical(payload), meta={})

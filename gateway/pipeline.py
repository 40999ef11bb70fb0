"""THE PATH: what happens to every message, from the wire to the people. Read this file first.

    accept    raw bytes and envelope -> archive            <== the commit point: only after it is anything acknowledged
    process   entries, strictly in order -> parse -> context -> decide -> archive the decision -> the store
    run       one job -> rewrite or stamp -> a transport -> archive the outcome
    resume    at every start: whatever the archive has and the store has not is processed. The same function as always.

What must always hold (tests/crash/ breaks each write before and after, and checks):

1. No acknowledgement before the raw bytes and their entry are on disk. What fails before is 451 and leaves no half
   entry. A failed fsync is never retried: the process stops taking mail (ArchiveBroken).
2. Each acknowledged message is in the archive exactly once per acknowledgement, byte for byte. A retry of the same
   submission within 24 h is archived, marked ``retry_of`` and not delivered again. Message-ID is never a key.
3. Each is delivered at least once, or ends as a visible failure that someone is told of.
4. ``process`` and ``run`` are idempotent by seq: delete the store and the index, and the same state comes back.
5. Reading a message never raises and never loses it (gateway/readers.py).
6. Outbound, nothing internal leaves (gateway/mail/rewrite.py). 7. Inbound, stamps stand before untouched bytes.
8. An order that an unauthenticated stranger merely quotes is linked as ``possible`` at most (rules/decide.py).
"""

import logging
import random
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from gateway.archive.archive import Archive
from gateway.clock import Clock
from gateway.delivery import Post, carry, outcome_payload
from gateway.effects import jobs_for
from gateway.futures import chain
from gateway.ingest.source import Receipt
from gateway.judge import Judge
from gateway.mail.canonical import canonical
from gateway.mail.entry import MAIL_TYPES, Appended, Draft, Entry, Envelope
from gateway.readers import Item, Readers, Understood
from gateway.relay.backoff import next_try
from gateway.shape import facts_of, is_outbound, refers_to, row_of
from gateway.store import fold, jobs, messages, orders
from gateway.store.engine import Store
from gateway.store.records import JobRow
from rules.decide import decide
from rules.facts import Decision, Facts
from rules.marketplace import Marketplaces
from rules.ruleset import RuleSet

log = logging.getLogger(__name__)

_FOLD = 256  # entries a round takes up; a round is what one transaction of the store holds
_LEASE_S = 900.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """What decides: the seller's rules and the marketplaces, as one value that a decision can name."""

    ruleset: RuleSet
    marketplaces: Marketplaces


@dataclass(slots=True)
class _Memory:
    """What this process knows beyond the store: messages read but not decided, decisions made but not folded in."""

    read: dict[int, tuple[Understood, Envelope, str]] = field(default_factory=dict)
    decided: dict[int, int] = field(default_factory=dict)  # message -> the decision's seq
    touched: set[object] = field(default_factory=set)  # what later messages may ask those decisions about


class Gateway:
    """The path over its parts. ``accept`` may be called from any thread; all else by one worker, which holds the lock.

    ``mailboxes`` maps each address we answer for to its mailbox; ``posts`` says where a mailbox's mail goes.
    """

    def __init__(
        self,
        *,
        archive: Archive,
        store: Store,
        readers: Readers,
        judge: Judge,
        book: Book,
        mailboxes: Mapping[str, str],
        posts: Mapping[str, Post],
        clock: Clock,
        hostname: str,
        retry: Callable[[int, datetime, random.Random], datetime | None] = next_try,
    ) -> None:
        self.archive = archive
        self.store = store
        self._readers = readers
        self._judge = judge
        self._book = book
        self._mailboxes = {address.lower(): box for address, box in mailboxes.items()}
        self._posts = posts
        self._clock = clock
        self._hostname = hostname
        self._retry = retry
        self._rng = random.Random()  # noqa: S311 - jitter, not secrecy
        self._memory = _Memory()
        self._judging = ThreadPoolExecutor(max_workers=1, thread_name_prefix="judge")

    # accept ------------------------------------------------------------------------------------------------------

    def accept(self, raw: bytes, envelope: Envelope) -> Future[Receipt]:
        """Make a message durable, then answer. Fails with an error that carries its SMTP reply; then nothing is kept."""
        if envelope.source == "submission":
            # What an agent sends is judged first, on the bytes in memory: the verdict is part of the one append.
            return chain(self._judging.submit(self._judge, raw, envelope), lambda draft: self._seal(draft))
        history = envelope.source in {"import", "fetch"}
        type_ = "mail.out" if envelope.sent else "mail.in"
        return self._seal(Draft(type=type_, payload=raw, meta=msgspec.to_builtins(envelope), once=history))

    def _seal(self, draft: Draft) -> Future[Receipt]:
        # From the moment this future ends well a crash loses nothing: resume() finds entries without a decision.
        return chain(self.archive.submit(draft), lambda appended: self._receipt(draft, appended))

    def _receipt(self, draft: Draft, appended: Appended) -> Receipt | Future[Receipt]:
        reply = f"250 2.0.0 Archived {appended.seq}"
        if draft.type == "mail.refused":
            reply = draft.meta["verdict"]["reply"]
        receipt = Receipt(seq=appended.seq, reply=reply, existing=appended.existing)
        origin = draft.meta.get("origin", "")
        if not appended.existing or self.archive.entry(appended.seq).meta.get("origin") == origin:
            return receipt
        seen = {
            "of": appended.seq,
            "origin": origin,
            "source": draft.meta["source"],
            "flags": draft.meta["flags"],
        }
        sighting = Draft(type="sighting", payload=canonical(seen), meta={}, once=True)
        return chain(self.archive.submit(sighting), lambda _: receipt)

    # process -----------------------------------------------------------------------------------------------------

    def resume(self) -> None:
        """Bring the store to the archive's head; from there on every undecided message may be decided."""
        for name, text in self._book.marketplaces.texts.items():
            self.archive.append(Draft(type="rules", payload=text.encode(), meta={"name": name}, once=True))
        self.archive.append(
            Draft(
                type="rules", payload=self._book.ruleset.text.encode(), meta={"name": "rules.toml"}, once=True
            )
        )
        with self.store.write() as tx:
            jobs.release_all(tx)
        while self._fold():
            pass

    def process(self) -> int:
        """Fold new entries into the store, in order, and decide what is undecided; return how much was done."""
        return self._fold() + self._decide()

    def _fold(self) -> int:
        with self.store.read() as conn:
            position = fold.position(conn)
        entries = list(self.archive.entries(position, min(position + _FOLD, self.archive.head())))
        mails = [
            (entry, msgspec.convert(entry.meta, Envelope)) for entry in entries if entry.type in MAIL_TYPES
        ]
        read = self._readers.understand([_item(entry, envelope) for entry, envelope in mails])
        rows = {}
        for (entry, envelope), understood in zip(mails, read, strict=True):
            sealed = self.archive.seal_for(entry.seq, "text", understood.mail.text.encode("utf-8", "replace"))
            twin = self.archive.twin(entry.payload, envelope.mail_from, envelope.rcpt_to)
            rows[entry.seq] = row_of(entry, envelope, understood.mail, sealed_text=sealed, twin=twin)
            self._memory.read[entry.seq] = (understood, envelope, entry.type)
        if entries:
            with self.store.write() as tx:
                for entry in entries:
                    fold.apply(tx, entry, rows.get(entry.seq))
            folded = entries[-1].seq
            self._memory.decided = {of: by for of, by in self._memory.decided.items() if by > folded}
            if not self._memory.decided:
                self._memory.touched.clear()
        return len(entries)

    def _decide(self) -> int:
        with self.store.read() as conn:
            waiting = messages.undecided(conn, _FOLD + len(self._memory.decided))
            drafts: dict[int, Draft] = {}
            for seq in waiting:
                if seq in self._memory.decided:
                    continue
                understood, envelope, type_ = self._memory.read.get(seq) or self._read_again(seq)
                facts = facts_of(understood.mail, envelope, outbound=is_outbound(type_))
                asks = {
                    *refers_to(understood.mail),
                    understood.reading.alias,
                    *(f.order for f in understood.reading.orders),
                }
                asks.discard("")
                row = messages.message(conn, seq)
                assert row is not None
                if asks & self._memory.touched or row.twin in self._memory.touched:
                    break  # an earlier decision it rests on is not folded in yet: the next round sees it
                decision = self._answer(conn, seq, facts, understood, row.twin, row.occurred_at)
                work = jobs_for(type_, envelope, decision, self._mailboxes)
                payload = {
                    "of": seq,
                    "decision": msgspec.to_builtins(decision),
                    "jobs": msgspec.to_builtins(work),
                    "live": envelope.source != "import",
                }
                drafts[seq] = Draft(type="decision", payload=canonical(payload), meta={})
                self._memory.touched |= asks | {row.twin, understood.mail.message_id} - {""}
        for seq, appended in zip(drafts, self.archive.append_many(list(drafts.values())), strict=True):
            self._memory.decided[seq] = appended.seq
            self._memory.read.pop(seq, None)
        return len(drafts)

    def _answer(
        self, conn: Any, seq: int, facts: Facts, understood: Understood, twin: bytes, at: datetime
    ) -> Decision:
        reading = understood.reading
        context = messages.context_of(
            conn,
            refers_to=refers_to(understood.mail),
            alias=reading.alias,
            orders=tuple(found.order for found in reading.orders),
            twin=twin,
            at=at,
            below=seq,
        )
        return decide(facts, reading, context, self._book.ruleset, self._book.marketplaces)

    def _read_again(self, seq: int) -> tuple[Understood, Envelope, str]:
        entry = self.archive.entry(seq)
        envelope = msgspec.convert(entry.meta, Envelope)
        return self._readers.understand([_item(entry, envelope)])[0], envelope, entry.type

    # run ---------------------------------------------------------------------------------------------------------

    def claim(self, limit: int, token: str) -> list[JobRow]:
        """Lease jobs that are due. None is given out while the store is behind the archive: it may be done already."""
        with self.store.write() as tx:
            return jobs.claim(
                tx,
                limit=limit,
                now=self._clock.now(),
                lease_s=_LEASE_S,
                token=token,
                upto=self.archive.head(),
            )

    def run(self, job: JobRow) -> Appended:
        """Do one job and archive what came of it. Safe in a thread of its own; the fold then closes the job."""
        with self.store.read() as conn:
            row = messages.message(conn, job.message)
            links = orders.links_of(conn, job.message)
        assert row is not None
        entry = self.archive.entry(job.message)
        sent = carry(job, entry, row, links, self._posts, hostname=self._hostname, now=self._clock.now())
        next_at = self._retry(job.attempts, self._clock.now(), self._rng) if sent.open else None
        report_to = row.mailbox if row.direction == "outbound" else None
        payload = outcome_payload(job, sent, next_at, report_to)
        return self.archive.append(Draft(type="outcome", payload=canonical(payload), meta={}))


def _item(entry: Entry, envelope: Envelope) -> Item:
    return Item(key=entry.seq, raw=entry.payload, envelope=envelope, outbound=is_outbound(entry.type))

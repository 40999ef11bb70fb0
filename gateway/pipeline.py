"""THE PATH: what happens to every message, from the wire to the people. Read this file first.

    accept    raw bytes and envelope -> archive            <== the commit point: only after it is anything acknowledged
    process   entries, strictly in order -> parse -> ask who sent it -> context -> decide -> archive each -> the store
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

from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

import msgspec

from gateway.aftermath import Patience, record_of
from gateway.ahead import Ahead, Told
from gateway.alerts import Alerts
from gateway.analyses import Analyses
from gateway.archive.archive import Archive
from gateway.authenticity.checks import Checks
from gateway.briefing import Known, brief
from gateway.clock import Clock
from gateway.deciding import Book, Deciding
from gateway.delivery import Post, carry, nowhere
from gateway.futures import chain
from gateway.judge import Judge
from gateway.lanes import Lanes
from gateway.mail.authenticity.record import draft_of
from gateway.mail.canonical import canonical
from gateway.mail.entry import MAIL_TYPES, Appended, Draft, Envelope
from gateway.readers import Readers
from gateway.receipt import Receipt, is_elsewhere, receipt_of, sighting_of
from gateway.shelf import put_in_force
from gateway.store import fold, jobs
from gateway.store.engine import Store
from gateway.store.records import JobRow

_ROUND = 256  # decisions that one append takes up
_UNFOLDED = 4096  # decisions in the archive and not in the store; when there are more, the fold comes first


class Intake:
    """The path as far as the commit point. It decides nothing: a command that takes history in needs no more."""

    def __init__(self, archive: Archive) -> None:
        self.archive = archive

    def accept(self, raw: bytes, envelope: Envelope) -> Future[Receipt]:
        """Make a message durable, then answer. Fails with an error that carries its SMTP reply; then nothing is kept."""
        type_, meta = "mail.out" if envelope.sent else "mail.in", msgspec.to_builtins(envelope)
        return self._seal(Draft(type=type_, payload=raw, meta=meta, once=envelope.is_copy))

    def _seal(self, draft: Draft) -> Future[Receipt]:
        # Once this future ends well a crash loses nothing: resume() finds entries without a decision.
        return chain(self.archive.submit(draft), lambda appended: self._receipt(draft, appended))

    def _receipt(self, draft: Draft, appended: Appended) -> Receipt | Future[Receipt]:
        receipt = receipt_of(draft, appended)
        if not appended.existing or not is_elsewhere(draft, self.archive.entry(appended.seq, erased=True)):
            return receipt
        return chain(self.archive.submit(sighting_of(appended.seq, draft)), lambda _: receipt)


class Gateway(Intake):
    """The path over its parts. ``accept`` may be called from any thread; all else by one worker, which holds the lock.

    ``mailboxes`` maps each address we answer for to its mailbox; ``posts`` says where a mailbox's mail goes;
    ``analyses`` are what the indexer takes up.
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
        patience: Patience | None = None,
        alerts: tuple[str, ...] = (),
        web: str = "",
        analyses: Analyses | None = None,
        checks: Checks | None = None,
    ) -> None:
        super().__init__(archive)
        self.store, self.clock, self._ahead = store, clock, Ahead(archive, readers)
        self._analyses, self._judge = analyses or Analyses(), judge
        self.checks = checks or Checks(clock=clock)
        self._deciding = Deciding(book, {one.lower(): box for one, box in mailboxes.items()}, self.checks)
        self._posts, self._hostname, self._web, self._alerts = posts, hostname, web, Alerts(alerts)
        self._patience = patience or Patience()
        self._caught_up = 1 << 62  # no job is given out until resume() says how far the archive went
        self._judging = ThreadPoolExecutor(max_workers=1, thread_name_prefix="judge")

    def accept(self, raw: bytes, envelope: Envelope) -> Future[Receipt]:
        """Make a message durable, as every intake does; what an agent sends is judged first, and sealed with its verdict."""
        if envelope.source == "submission":
            return chain(self._judging.submit(self._judge, raw, envelope), self._seal)
        return super().accept(raw, envelope)

    def resume(self, *, to_head: bool = False) -> None:
        """Fold in all that was decided or done before; what lies behind it is mail, for ``process``, unless ``to_head``."""
        known = self.archive.head() if to_head else self.archive.tail_of(MAIL_TYPES)
        put_in_force(self.archive, self._deciding.book)
        with self.store.write() as tx:
            jobs.release_all(tx)  # no other worker holds the lock: what was leased is under way no more
        while self._position() < known:
            self._fold()
        self._caught_up = known

    def rule_by(self, book: Book) -> None:
        """Decide by another book of the same marketplaces from the next message on."""
        put_in_force(self.archive, book)
        self._deciding.book = book

    def process(self) -> int:
        """Fold new entries into the store, in order, and decide what is undecided; return how much was done."""
        return self._fold() + self._record() + self._decide()

    def _fold(self) -> int:
        taken = self._ahead.take(self._position())
        if not taken.entries:
            return 0
        self._keep(taken.told.values())
        with self.store.write() as tx:
            fold.apply_all(tx, taken.pairs())
        self._deciding.folded(taken.entries[-1].seq)
        return len(taken.entries)

    def _position(self) -> int:
        with self.store.read() as conn:
            return fold.position(conn)

    def _keep(self, told: Iterable[Told]) -> None:
        """Keep what messages say: until they are decided, and the words of their texts until they are indexed."""
        for one in told:
            self._deciding.keep(one.row, one.envelope, one.understood)
            self._analyses.put(one.row.seq, one.understood.analysis)

    def _record(self) -> int:
        """Archive what was found out about senders meanwhile; DNS is asked beside the path, and never again."""
        return len(self.archive.append_many([draft_of(one) for one in self.checks.ended()]))

    def _decide(self) -> int:
        if self._deciding.unfolded > _UNFOLDED:
            return 0
        with self.store.read() as conn:
            again, raw_of = self._ahead.read_again, lambda seq: self.archive.entry(seq).payload
            drafts = self._deciding.drafts(conn, _ROUND, lambda seqs: self._keep(again(seqs)), raw_of)
        made = self.archive.append_many([*drafts.values(), *self._deciding.acts])
        for of, appended in zip(drafts, made, strict=False):
            # From here a crash repeats nothing: the next start folds this decision in before it decides anything.
            self._deciding.made(of, appended.seq)
        return len(drafts)

    def claim(self, limit: int, token: str, lanes: Lanes | None = None) -> list[tuple[JobRow, Known]]:
        """Lease jobs that are due; none before ``resume`` has seen every outcome: it may be done already."""
        with self.store.write() as tx:
            now, upto = self.clock.now(), self._caught_up
            claimed = jobs.claim(tx, limit=limit, now=now, token=token, upto=upto, lanes=lanes)
            return brief(tx, claimed) if claimed else []

    def run(self, job: JobRow, known: Known) -> Appended:
        """Do one job and archive what came of it. Safe in a thread of its own; the fold then closes the job."""
        entry, known, now = self.archive.entry(job.message), known.with_check(self.archive), self.clock.now()
        if job.kind == "notify" and not self._alerts.allows_notice(job, now):
            sent = nowhere(job, "not sent, since this address has had its notices of this hour")
        else:
            sent = carry(job, entry, known, self._posts, hostname=self._hostname, now=now, web=self._web)
        now = self.clock.now()
        post, alert = self._posts.get(known.row.mailbox), partial(self._alerts.after_failure, job, now)
        payload = record_of(job, sent, known.row, post, self._patience, now=now, alert=alert)
        # A crash before this line sends again, with the same Message-ID: at least once, never silently not at all.
        return self.archive.append(Draft(type="outcome", payload=canonical(payload), meta={}))

    def close(self) -> None:
        """End the child processes and the connections that wait; nothing is lost by it."""
        for post in self._posts.values():
            post.close()
        self.checks.close()
        self._judging.shutdown()
        self._judge.close()
        self._ahead.close()

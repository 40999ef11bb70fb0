"""A report made: read from store and log, told in words, set in type, and recorded in the log like everything that leaves the house."""

import hashlib
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import tzinfo

from sqlalchemy import Connection

from gateway.answer.case import case_of
from gateway.answer.watched import Watched
from gateway.archive.archive import Archive
from gateway.archive.faults import Damaged
from gateway.clock import Clock
from gateway.dossier.timeline import Timeline, timeline_of
from gateway.errors import Permanent, Temporary, WrongUse
from gateway.evidence import custody
from gateway.evidence.contents import Asked
from gateway.evidence.recording import record
from gateway.evidence.selection import QUIET
from gateway.mail.canonical import canonical
from gateway.mail.entry import Draft
from gateway.mail.uid_sets import compact
from gateway.report.audience import Chosen, Wanted, chosen_for
from gateway.report.facts import facts_of
from gateway.report.outline import Known, Outline
from gateway.report.phrases import words_in
from gateway.report.press import set_in_type
from gateway.report.sheet import Original, Printed, Sheet
from gateway.report.story import Setting, Story, size
from gateway.store import evidence, fold, orders
from gateway.store.engine import Store
from gateway.store.seen import unseen_of

_BIG = 8 << 20  # bytes of a message that is not even opened where nothing but its hash stands in the report


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What a report may cost."""

    messages: int = 500
    seconds: float = 300.0
    memory_bytes: int = 2 * 1024**3
    originals_bytes: int = 40 * 1024**2  # of all that are embedded
    buyer_bytes: int = 10 * 1024**2  # of a buyer's copy


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A report, and the entry that records it."""

    pdf: bytes
    pages: int
    messages: int
    seq: int

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.pdf).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reporter:
    """Makes reports out of one installation's archive and store.

    ``titles`` are what people call the marketplaces, ``senders`` what buyers see of each mailbox. ``sight`` sees as much of
    the store as whoever asks for a report does.
    """

    archive: Archive
    store: Store
    clock: Clock
    zone: tzinfo
    titles: Mapping[str, str]
    senders: Mapping[str, str]
    bounds: Bounds = Bounds()
    busy: threading.Lock = field(default_factory=threading.Lock)
    sight: Store | None = None

    def make(self, wanted: Wanted, asked: Asked) -> Made:
        """Make a report and record it; raises WrongUse for an order of which nothing is known, or too much.

        It is drawn anew where something in it was erased meanwhile, and Temporary is raised where the store has not read that yet.
        """
        read_to = -1
        while True:
            before, read_to = read_to, self._read_to()
            if before == read_to:
                raise Temporary("what stands in this report is being erased; try again in a minute")
            printed, chosen = self.draw(wanted, asked.reason)
            draft = _draft(wanted, asked, printed, chosen)
            seq = record(self.archive, draft, chosen.seqs, read_to)
            if seq is not None:
                return Made(pdf=printed.pdf, pages=printed.pages, messages=len(chosen.letters), seq=seq)

    def _read_to(self) -> int:
        with self.store.read() as conn:
            return fold.position(conn)

    def choice(self, wanted: Wanted) -> tuple[Timeline, Chosen]:
        """Return an order's timeline and what of it stands in such a report; raises WrongUse where nothing is known."""
        with self._looking() as (conn, whole):
            timeline = timeline_of(conn, wanted.order)
            unseen = unseen_of(conn, whole, wanted.order)
        if timeline is None:
            raise WrongUse(f"nothing is known of order {wanted.order.value}: there is nothing to report")
        return timeline, chosen_for(timeline, wanted, unseen)

    def draw(self, wanted: Wanted, reason: str = "") -> tuple[Printed, Chosen]:
        """Return a report that nothing records, for a pack that records it itself, and what of the order is in it."""
        with self._looking() as (conn, whole):
            timeline = timeline_of(conn, wanted.order)
            if timeline is None:
                raise WrongUse(f"nothing is known of order {wanted.order.value}: there is nothing to report")
            if (count := len(timeline.letters)) > self.bounds.messages:
                raise WrongUse(
                    f"order {wanted.order.value} has {count} messages, and a report holds {self.bounds.messages} at most "
                    "(report.messages_max): make an evidence pack of it instead (docket export)"
                )
            chosen = chosen_for(timeline, wanted, unseen_of(conn, whole, wanted.order))
            erasures = [one.seq for one in evidence.events_of_type(whole, "erasure.done")]
            sheet, payloads = self._sheet(conn, timeline, chosen, erasures, wanted, reason)
        printed = self._print(sheet, payloads)
        most = self.bounds.buyer_bytes
        if wanted.audience == "buyer" and len(printed.pdf) > most:
            printed = self._print(sheet, {})  # without pictures; the words say of each that it is not shown
            if len(printed.pdf) > most:
                raise Permanent(
                    f"the buyer's copy has {size(len(printed.pdf))} even without pictures, and may have {size(most)} "
                    "(report.buyer_bytes_max)"
                )
        return printed, chosen

    def _print(self, sheet: Sheet, payloads: Mapping[int, bytes]) -> Printed:
        seconds, memory_bytes = self.bounds.seconds, self.bounds.memory_bytes
        with self.busy:  # one at a time: each may take as much memory as the settings allow
            return set_in_type(sheet, payloads, seconds=seconds, memory_bytes=memory_bytes)

    @contextmanager
    def _looking(self) -> Iterator[tuple[Connection, Connection]]:
        """Give what sees as much as who asks does, and what sees everything."""
        with self.store.read() as whole:
            if self.sight is None:
                yield whole, whole
                return
            with self.sight.read() as conn:
                yield conn, whole

    def _sheet(
        self,
        conn: Connection,
        timeline: Timeline,
        chosen: Chosen,
        erasures: list[int],
        wanted: Wanted,
        reason: str,
    ) -> tuple[Sheet, dict[int, bytes]]:
        words = words_in(wanted.language)
        marketplace = self.titles.get(wanted.order.marketplace, wanted.order.marketplace)
        setting = Setting(
            words=words,
            order=wanted.order,
            audience=wanted.audience,
            marketplace=marketplace,
            senders=self.senders,
        )
        seller = self._seller(timeline) or words.who["seller"]
        events = {one.seq: one for one in orders.events_of(conn, order=wanted.order)}
        payloads, known = self._known(conn, timeline, chosen, wanted)
        known = replace(known, events=events, erasures=erasures)
        story = Story(self.archive, setting, chosen.moments, events)
        outline = Outline(known=known, setting=setting, story=story, seller=seller)
        parts = list(outline.parts())
        originals = [
            Original(
                seq=one.row.seq,
                name=known.embedded[one.row.seq],
                about=f"SHA-256 {one.row.sha256}",
                created=int(one.at.timestamp()),
            )
            for one in chosen.letters
            if one.row.seq in known.embedded
        ]
        needed = {one.seq for one in originals} | {seq for seq, _ in story.shown}
        for seq in needed - payloads.keys():
            try:
                payloads[seq] = self.archive.entry(seq).payload
            except Damaged:
                continue  # its picture is said not to be one that can be shown
        sheet = Sheet(
            language=wanted.language,
            kind=words.kind[wanted.audience],
            title=words.title.format(order=wanted.order.value),
            running=f"{words.title.format(order=wanted.order.value)} · {words.kind[wanted.audience]}",
            author=seller,
            made_at=int(known.now.timestamp()),
            facts=list(
                facts_of(
                    outline,
                    language=wanted.language,
                    zone=self.zone,
                    reason=" ".join(reason.split()),
                    origin=self.archive.origin,
                )
            ),
            about=[words.about[wanted.audience].format(sender=seller)],
            contents=words.contents,
            parts=parts,
            originals=originals,
            unshown=words.unshown,
        )
        return sheet, {seq: payloads[seq] for seq in needed & payloads.keys()}

    def _known(
        self, conn: Connection, timeline: Timeline, chosen: Chosen, wanted: Wanted
    ) -> tuple[dict[int, bytes], Known]:
        """Read what stands outside the timeline; of the messages' originals as many as may be embedded."""
        payloads, wires, embedded, damaged = (
            dict[int, bytes](),
            dict[int, str](),
            dict[int, str](),
            dict[int, str](),
        )
        room = self.bounds.originals_bytes if wanted.audience == "court" else 0
        for one in timeline.letters if wanted.audience == "court" else ():
            row = one.row
            wires[row.seq] = f"by {row.source}"
            if row.size_bytes > room and row.size_bytes > _BIG:
                continue
            try:
                entry = self.archive.entry(row.seq)
            except Damaged as wrong:
                damaged[row.seq] = wrong.what
                continue
            wires[row.seq] = custody.details(entry, None)
            if row.size_bytes <= room:
                room -= row.size_bytes
                payloads[row.seq], embedded[row.seq] = entry.payload, f"{row.seq:06d}.eml"
        position = fold.position(conn)
        known = Known(
            timeline=timeline,
            chosen=chosen,
            case=case_of(timeline, Watched(), title="", parcels={}),
            events={},
            taken_back=evidence.links_taken_back(conn, wanted.order),
            gaps=[one.seq for one in evidence.events_of_type(conn, "gap")],
            erasures=[],
            behind=max(0, self.archive.tail_of(QUIET) - position),
            damaged=damaged,
            wires=wires,
            embedded=embedded,
            note=self.archive.checkpoint(),
            fingerprint=self.archive.verifier.fingerprint,
            now=self.clock.now(),
        )
        return payloads, known

    def _seller(self, timeline: Timeline) -> str:
        mailbox = next((one.row.mailbox for one in reversed(timeline.letters) if one.row.mailbox), "")
        return self.senders.get(mailbox, "")


def _draft(wanted: Wanted, asked: Asked, printed: Printed, chosen: Chosen) -> Draft:
    payload = {
        "agent": asked.agent,
        "reason": asked.reason,
        "order": {"marketplace": wanted.order.marketplace, "value": wanted.order.value},
        "form": "report",
        "audience": wanted.audience,
        "language": wanted.language,
        "holds": compact(chosen.seqs),
        "messages": len(chosen.letters),
        "files": {"report.pdf": hashlib.sha256(printed.pdf).hexdigest()},
        "withheld": sorted(wanted.withhold),
    }
    return Draft(type="export", payload=canonical(payload), meta={"source": asked.source})


def name_of(wanted: Wanted) -> str:
    """Return what the file of a report is called."""
    return f"report-{wanted.order.marketplace}-{wanted.order.value}{'-buyer' if wanted.audience == 'buyer' else ''}.pdf"

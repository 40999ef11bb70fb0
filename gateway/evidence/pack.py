"""The pack: what is chosen is taken out, put together, bound to the log by an entry of its own, and read back by the verifier.

The order matters. Everything under ``data/`` and everything that people read is written first; then the log records the
hashes of it, with who asked and why; and the proofs are made against the checkpoint that covers that record too. So
whoever changes a byte afterwards, and all manifests with it, still stands against the log (docs/evidence-pack.md).
"""

import shutil
import subprocess
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import msgspec

from gateway.archive.archive import Archive
from gateway.archive.leaf import base64_of
from gateway.clock import Clock
from gateway.errors import Temporary, WrongUse
from gateway.evidence.bag import TAG_MANIFEST, json_line, write_lines, write_manifest, write_zip
from gateway.evidence.completeness import Lack
from gateway.evidence.contents import TEXTS, Asked, write_contents
from gateway.evidence.journal import Journal
from gateway.evidence.piece import Taker, batches, opening
from gateway.evidence.recording import erased_since, record
from gateway.evidence.selection import Item, Request, Selection
from gateway.evidence.stamps import write_new, write_recorded
from gateway.mail.canonical import canonical
from gateway.mail.entry import Draft, erased_words
from gateway.mail.uid_sets import compact
from gateway.store.engine import Store
from gateway.store.evidence import events_among, events_of_type
from gateway.store.messages import messages
from gateway.timestamp.authority import Authority

_BATCH = 50
REPORT = "report.pdf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """The report of an order for a pack, and the entries that it shows."""

    pdf: bytes
    holds: Collection[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What came of an export. ``faults`` name every item that is bad; ``verdict`` is the verifier's own last word."""

    place: Path
    seq: int  # the export's own entry
    messages: int
    opened: int
    withheld: list[Lack]
    faults: list[Lack]
    verdict: str
    findings: tuple[str, ...]
    unread: int = 0  # entries of the log that the store had not read when the choice was made
    unstamped: tuple[str, ...] = ()  # why an authority's time-stamp is not in it

    @property
    def ok(self) -> bool:
        return not self.faults and not self.findings


@dataclass(frozen=True, slots=True)
class Exporter:
    """Makes packs out of one installation's archive and store."""

    archive: Archive
    store: Store
    clock: Clock
    authorities: Sequence[Authority] = ()
    rollback: tuple[
        str, ...
    ] = ()  # what would show that the log was put back from an older copy, in sentences

    def export(
        self,
        request: Request,
        choose: Callable[[], Selection],
        place: Path,
        asked: Asked,
        *,
        progress: Callable[[int, int], None] = lambda _done, _all: None,
        draw: Callable[[], Drawn] | None = None,
    ) -> Report:
        """Make the pack at ``place``: a ZIP file where its name says so, else a folder.

        An export that was interrupted goes on where it was when it is asked for again. Raises WrongUse where something
        lies at ``place``, and Damaged where the log itself does not hold. ``draw`` gives the report of the order,
        where one shall be in the pack. What is erased meanwhile does not leave with it: the pack is put together anew.
        """
        place = place.absolute()
        if place.exists() and (not place.is_dir() or any(place.iterdir())):
            raise WrongUse(f"{place} is there already: choose another place, or remove it")
        journal = Journal(place.with_name(f"{place.name}.part"))
        with journal.hold():
            selection = self._spared(journal, journal.begin(request, choose))
            while True:
                self._take(journal, selection, progress)
                now = self.clock.now()
                tally, tags = write_contents(
                    journal, selection, asked, self.archive.origin, now, self.rollback
                )
                (journal.bag / REPORT).unlink(missing_ok=True)  # of an attempt that broke off
                try:
                    drawn = draw() if draw is not None else None
                except WrongUse:
                    # Nothing is known of the order any more: nor may what was taken out lie about.
                    self._spared(journal, selection)
                    raise
                if drawn is not None:
                    tags[REPORT], _ = write_lines(journal.bag / REPORT, [drawn.pdf])
                shown = drawn.holds if drawn is not None else ()
                seq = self._record(journal, selection, asked, tags, shown)
                if seq is not None:
                    break
                tried, selection = selection, self._spared(journal, selection)
                if selection is tried:
                    # It was the report, drawn from a store that has not read of the erasure.
                    raise Temporary("what its report shows is being erased; try again in a minute")
            unstamped = self._seal(journal, selection, seq, tags)
            if place.suffix.lower() == ".zip":
                ready = journal.bag.with_name("pack.zip")
                write_zip(journal.bag, ready, place.stem)
                ready.chmod(0o600)
            else:
                ready = journal.bag
            verdict, findings = self._read_back(ready)
            ready.replace(place)
        shutil.rmtree(place.with_name(f"{place.name}.part"))
        return Report(
            place=place,
            seq=seq,
            messages=selection.messages,
            opened=tally.opened,
            withheld=tally.withheld,
            faults=[*tally.faults, *tally.unreadable],
            verdict=verdict,
            findings=findings,
            unread=selection.size - selection.read_to,
            unstamped=unstamped,
        )

    def _spared(self, journal: Journal, selection: Selection) -> Selection:
        """Return the choice without what was erased since it was made; where that is less, all that was taken out is deleted."""
        gone = erased_since(self.archive, selection.read_to)
        items = tuple(
            Item(item.seq, erased_words(gone[item.seq].summary))
            if item.seq in gone and not item.withheld
            else item
            for item in selection.items
        )
        if items != selection.items:
            selection = msgspec.structs.replace(selection, items=items)
            journal.restart(selection)
        return selection

    def _take(self, journal: Journal, selection: Selection, progress: Callable[[int, int], None]) -> None:
        taker = Taker(self.archive, journal.bag, with_text=selection.messages <= TEXTS)
        for batch in batches(selection.items[journal.done :], _BATCH):
            progress(journal.done, len(selection.items))
            seqs = [item.seq for item in batch if not item.withheld]
            with self.store.read() as conn:
                events, rows = events_among(conn, seqs), messages(conn, seqs)
            journal.add(list(taker.take_all(batch, events, rows)))
        progress(journal.done, len(selection.items))

    def _record(
        self,
        journal: Journal,
        selection: Selection,
        asked: Asked,
        tags: dict[str, str],
        shown: Collection[int],
    ) -> int | None:
        """Have the log record the pack; None where anything that is open in it was erased meanwhile."""
        request, holds = selection.request, {*journal.opened(), *shown}
        payload = {
            "agent": asked.agent,
            "entries": len(selection.items),
            "files": tags,
            "holds": compact(holds),
            "messages": selection.messages,
            "query": request.query,
            "reason": asked.reason,
            "withheld": sorted(request.withhold),
            **({"order": msgspec.to_builtins(request.order)} if request.order else {}),
        }
        draft = Draft(type="export", payload=canonical(payload), meta={"source": asked.source})
        return record(self.archive, draft, holds, selection.read_to)

    def _seal(
        self, journal: Journal, selection: Selection, seq: int, tags: dict[str, str]
    ) -> tuple[str, ...]:
        """Write the proofs against the checkpoint that covers the pack's record, entry ``seq``."""
        entry, salts = self.archive.entry(seq), self.archive.salts(seq)
        (journal.bag / "log").mkdir(exist_ok=True)
        shutil.rmtree(
            journal.bag / "timestamps", ignore_errors=True
        )  # of an attempt that broke off after them
        with self.archive.inclusions() as (note, path_to):

            def proofs() -> Iterator[bytes]:
                for _, piece in journal.pieces():
                    if piece.line is not None:
                        yield _proof(piece.seq, path_to(piece.seq))
                yield _proof(seq, path_to(seq))

            written: dict[str, Iterator[bytes]] = {
                "checkpoint.txt": iter([note.encode()]),
                "export.json": iter([json_line(opening(entry, salts) | {"payload": entry.payload.decode()})]),
                "log.vkey": iter([self.archive.verifier.vkey().encode() + b"\n"]),
                "proofs.jsonl": proofs(),
            }
            if (chain := self.archive.chain()) is not None:
                written["chain.json"] = iter([self._chain(chain, int(note.split("\n")[1]))])
            for name, lines in written.items():
                tags[f"log/{name}"], _ = write_lines(journal.bag / "log" / name, lines)
        seqs = [item.seq for item in selection.items]
        with self.store.read() as conn:
            recorded = events_of_type(conn, "timestamp")
        tags |= write_recorded(journal.bag, self.archive, recorded, seqs, int(note.split("\n")[1]))
        stamps, unstamped = write_new(journal.bag, note.encode(), self.authorities)
        write_manifest(journal.bag, TAG_MANIFEST, tags | stamps)
        return tuple(unstamped)

    def _chain(self, chain: bytes, size: int) -> bytes:
        """Return the chain of keys with proof that the log of ``size`` begins with what each old key signed for."""
        told = msgspec.json.decode(chain)
        sizes = [int(note.split("\n")[2]) for note in told["handovers"]]
        paths = [[base64_of(step) for step in self.archive.consistency(one, size)] for one in sizes]
        return json_line({**told, "paths": paths})

    def _read_back(self, place: Path) -> tuple[str, tuple[str, ...]]:
        """Run the verifier over what was written, in a process of its own that knows nothing of us."""
        script = str(files("gateway.evidence") / "verify.py")
        trust = ("--fingerprint", self.archive.verifier.fingerprint)
        command = [sys.executable, "-I", script, str(place), *trust]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        lines = done.stdout.splitlines() or [done.stderr.strip()[-500:]]
        findings = [line for line in lines if line.startswith("FAIL ")]
        if done.returncode and not findings:
            findings = lines[-1:]
        return lines[-1].partition(":")[0], tuple(findings)


def _proof(seq: int, path: list[bytes]) -> bytes:
    return json_line({"path": [base64_of(step) for step in path], "seq": seq})

"""Reading ahead: the next entries are opened and understood while those before them are folded, decided and indexed.

What is read ahead changes nothing: a round is taken in its turn or thrown away, and the order of the log stands.
"""

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from gateway.archive.archive import Archive
from gateway.mail.entry import MAIL_TYPES, Entry, Envelope
from gateway.readers import Readers, Understood, item_of
from gateway.shape import row_of, search_text_of
from gateway.store.records import MessageRow

_ROUND = 256  # entries that one transaction of the store takes up
_ROUND_BYTES = 32 << 20
_FEW = 32  # a shorter round is mail that comes in one by one: there is nothing behind it to be read ahead
_ROUNDS = 3  # that are read ahead: a round of decisions has nothing to read, and the readers go on behind it


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One message and what it says."""

    row: MessageRow
    envelope: Envelope
    understood: Understood


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """Entries that follow each other, and what the messages among them say, by seq."""

    start: int
    entries: list[Entry]
    told: dict[int, Told]

    def pairs(self) -> list[tuple[Entry, MessageRow | None]]:
        """Return what the fold takes: each entry, with its row where it is a message."""
        rows = {seq: told.row for seq, told in self.told.items()}
        return [(entry, rows.get(entry.seq)) for entry in self.entries]


class Ahead:
    """One thread that opens entries and has the readers read them, a few rounds ahead. One other thread may ask it."""

    def __init__(self, archive: Archive, readers: Readers) -> None:
        self._archive = archive
        self._readers = readers
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ahead")
        self._begun: deque[Future[Round]] = deque()
        self._end = 0  # where the next round begins; that thread's own

    def take(self, start: int) -> Round:
        """Return the entries from ``start`` on, none at the head of the log, and begin with those behind them."""
        taken = None
        while self._begun and not (taken and taken.entries):  # an empty one stood at what was the head then
            taken = self._begun.popleft().result()
        if taken is None or not taken.entries or taken.start != start:
            self._begun.clear()
            taken = self._thread.submit(self._round, start).result()
        while len(taken.entries) >= _FEW and len(self._begun) < _ROUNDS:
            self._begun.append(self._thread.submit(self._round))
        return taken

    def read_again(self, seqs: list[int]) -> list[Told]:
        """Return what messages say that were folded in before a restart."""
        return self._thread.submit(lambda: self._read([self._archive.entry(seq) for seq in seqs])).result()

    def close(self) -> None:
        self._thread.shutdown(cancel_futures=True)
        self._readers.close()

    def _round(self, start: int | None = None) -> Round:
        """Return the round at ``start``, or the one behind the last; at the head of the log it is empty."""
        self._end = start = self._end if start is None else start
        entries: list[Entry] = []
        size = 0
        for entry in self._archive.entries(start, min(start + _ROUND, self._archive.head()), erased=True):
            if entry.type == "erasure" and entry.erased is None:
                self._archive.forget(self._archive.erasure(entry.seq).erased)
            entries.append(entry)
            size += len(entry.payload)
            if size > _ROUND_BYTES:
                break
        told = self._read([entry for entry in entries if entry.type in MAIL_TYPES and entry.erased is None])
        self._end += len(entries)
        return Round(start=start, entries=entries, told={one.row.seq: one for one in told})

    def _read(self, entries: list[Entry]) -> list[Told]:
        items = [item_of(entry) for entry in entries]
        return [
            Told(
                row=self._row(entry, item.envelope, understood), envelope=item.envelope, understood=understood
            )
            for entry, item, understood in zip(entries, items, self._readers.understand(items), strict=True)
        ]

    def _row(self, entry: Entry, envelope: Envelope, understood: Understood) -> MessageRow:
        # The text lies in the store under the message's own key: destroying that erases it here too.
        text = search_text_of(understood.mail).encode("utf-8", "replace")
        sealed = self._archive.seal_for(entry.seq, "text", text)
        twin = self._archive.twin(entry.payload, envelope.mail_from, envelope.rcpt_to)
        return row_of(entry, envelope, understood.mail, sealed_text=sealed, twin=twin)

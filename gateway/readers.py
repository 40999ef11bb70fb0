"""Reading mail in child processes, so that a mail built to kill a parser kills a child and nothing else.

Each child has a memory limit and each batch a time limit. A child that dies or is too slow takes no mail with it: its
messages are read again one by one, and one that kills twice is understood by its headers alone, with a defect.
Which messages are being read stands in a journal file meanwhile: a crash of the whole process counts as a death too.
"""

import hashlib
import json
import logging
import os
import selectors
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec

from gateway.extraction import Opening
from gateway.mail.entry import Entry, Envelope
from gateway.mail.message import ParsedMail
from gateway.nursery import Child, Nursery
from gateway.shape import is_outbound
from index.analyzer import NOTHING, Analysis
from rules.facts import Reading

log = logging.getLogger(__name__)

_BATCH = 16
_BATCH_BYTES = 256 * 1024
_HEADER_BYTES = 64 * 1024
_DEATHS = 2
_MEMORY_BYTES = 2 * 1024**3  # of one child
UNSEALED = -1
UNREAD = "this message ended the reader twice; it is shown by its header alone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One message to understand; ``key`` is its seq, or ``UNSEALED`` for one that has none yet."""

    key: int
    raw: bytes
    envelope: Envelope
    outbound: bool = False
    html: bool = False  # its HTML comes back too


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """What a message says, and what the rules read in it, taken alone."""

    mail: ParsedMail
    reading: Reading
    analysis: Analysis = NOTHING  # of the text, for the index


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """The first frame to a child: what it needs to know once."""

    marketplaces: dict[str, str]
    memory_bytes: int
    opening: Opening


@dataclass(slots=True)
class _Reader:
    child: Child
    batch: list[int] = field(default_factory=list)  # places in the call's items
    deadline: float = 0.0


def item_of(entry: Entry, *, html: bool = False) -> Item:
    """Return an archived message as something to understand."""
    envelope = msgspec.convert(entry.meta, Envelope)
    outbound = is_outbound(entry.type)
    return Item(key=entry.seq, raw=entry.payload, envelope=envelope, outbound=outbound, html=html)


def nursery_of(
    marketplaces: Mapping[str, str],
    *,
    memory_bytes: int = _MEMORY_BYTES,
    opening: Opening = Opening(),  # noqa: B008 - frozen
) -> Nursery:
    """Return where readers of these marketplaces are born; several pools may share it."""
    start = Start(marketplaces=dict(marketplaces), memory_bytes=memory_bytes, opening=opening)
    return Nursery("gateway.reader", msgspec.msgpack.encode(start))


class Readers:
    """A pool of child processes. One thread at a time may call ``understand``.

    ``marketplaces`` maps file names to TOML texts; ``journal`` is where the messages being read are noted. A ``nursery`` that
    is lent has been given all of that already, and is closed by its owner.
    """

    def __init__(
        self,
        marketplaces: Mapping[str, str],
        *,
        count: int = 0,
        seconds: float = 30.0,
        memory_bytes: int = _MEMORY_BYTES,
        opening: Opening = Opening(),  # noqa: B008 - frozen
        journal: Path | None = None,
        nursery: Nursery | None = None,
    ) -> None:
        self._lent = nursery is not None
        self._nursery = nursery or nursery_of(marketplaces, memory_bytes=memory_bytes, opening=opening)
        self._count = count or len(os.sched_getaffinity(0))
        self._seconds = seconds
        self._idle: list[_Reader] = []
        self._deaths = _recall(journal)
        self._journal = None if journal is None else journal.open("wb", buffering=0)

    def begin(self) -> None:
        """Have the rules loaded where readers are born, so that the first message need not wait for it."""
        self._nursery.open()

    def understand(self, items: Sequence[Item]) -> list[Understood]:
        """Return what each message says, in the order given. Never raises for a message's sake."""
        if not items:
            return []
        found: dict[int, Understood] = {}
        whole = [place for place, item in enumerate(items) if not self._deaths.get(item.key)]
        singly = [place for place, item in enumerate(items) if self._deaths.get(item.key)]
        queue = deque([*_batches(whole, items), *([place] for place in singly)])
        with selectors.DefaultSelector() as waiting:
            while queue or waiting.get_map():
                while queue and len(waiting.get_map()) < self._count:
                    self._give(queue.popleft(), items, found, waiting)
                if not waiting.get_map():
                    continue
                deadline = min(key.data.deadline for key in waiting.get_map().values())
                ready = waiting.select(max(0.0, deadline - time.monotonic()))
                for reader in [key.data for key, _ in ready] or self._overdue(waiting):
                    waiting.unregister(reader.child.answers)
                    answers = _receive(reader) if ready else None
                    if answers is None or len(answers) != len(reader.batch):
                        self._bury(reader, items, queue)
                        continue
                    for place, answer in zip(reader.batch, answers, strict=True):
                        by_header = self._deaths.get(items[place].key, 0) == _DEATHS
                        found[place] = _by_header(items[place], answer) if by_header else answer
                    self._idle.append(reader)
        self._forget(items)
        return [found[place] for place in range(len(items))]

    def close(self) -> None:
        """End the children; what they were reading is read again at the next start."""
        for reader in self._idle:
            reader.child.end()
        self._idle.clear()
        if not self._lent:
            self._nursery.close()
        if self._journal is not None:
            self._journal.close()

    def _give(
        self,
        batch: list[int],
        items: Sequence[Item],
        found: dict[int, Understood],
        waiting: selectors.BaseSelector,
    ) -> None:
        deaths = self._deaths.get(items[batch[0]].key, 0) if len(batch) == 1 else 0
        if deaths > _DEATHS:
            found[batch[0]] = _unread(items[batch[0]])
            return
        sent = [_headers_alone(items[place]) if deaths == _DEATHS else items[place] for place in batch]
        reader = self._idle.pop() if self._idle else _Reader(self._nursery.child())
        reader.batch = batch
        reader.deadline = time.monotonic() + self._seconds
        reader.child.write(msgspec.msgpack.encode(sent))
        waiting.register(reader.child.answers, selectors.EVENT_READ, reader)
        self._note(items, waiting)

    def _overdue(self, waiting: selectors.BaseSelector) -> list[_Reader]:
        now = time.monotonic()
        return [key.data for key in waiting.get_map().values() if key.data.deadline <= now]

    def _bury(self, reader: _Reader, items: Sequence[Item], queue: deque[list[int]]) -> None:
        """End a child that died or was too slow, and put its messages back, each by itself."""
        reader.child.end()
        for place in reader.batch:
            item = items[place]
            if len(reader.batch) == 1:
                self._deaths[item.key] = self._deaths.get(item.key, 0) + 1
                log.warning("reader-died seq=%d deaths=%d", item.key, self._deaths[item.key])
            queue.append([place])

    def _note(self, items: Sequence[Item], waiting: selectors.BaseSelector) -> None:
        """Note what the children have now, and no more: a crash must not count against those that wait."""
        keys = [items[place].key for busy in waiting.get_map().values() for place in busy.data.batch]
        self._write_down({key: self._deaths.get(key, 0) for key in keys})

    def _forget(self, items: Sequence[Item]) -> None:
        for item in items:
            self._deaths.pop(item.key, None)
        self._write_down({})

    def _write_down(self, reading: Mapping[int, int]) -> None:
        if self._journal is not None:
            self._journal.seek(0)
            self._journal.truncate()
            self._journal.write(json.dumps(reading).encode())


def _recall(journal: Path | None) -> dict[int, int]:
    """Read the journal a crash left behind: each message in it has ended a process once more."""
    if journal is None or not journal.exists():
        return {}
    try:
        left = json.loads(journal.read_text(encoding="ascii"))
        return {int(key): int(deaths) + 1 for key, deaths in left.items()}
    except (ValueError, AttributeError):
        return {}  # the crash came while it was written: nothing was being read yet


def _batches(places: list[int], items: Sequence[Item]) -> list[list[int]]:
    """Group neighbours, so that small messages share a trip to a child."""
    batches: list[list[int]] = []
    size = 0
    for place in places:
        weight = len(items[place].raw)
        if not batches or len(batches[-1]) == _BATCH or size + weight > _BATCH_BYTES:
            batches.append([])
            size = 0
        batches[-1].append(place)
        size += weight
    return batches


def _headers_alone(item: Item) -> Item:
    end = min(
        (at for mark in (b"\r\n\r\n", b"\n\n") if (at := item.raw.find(mark)) >= 0), default=len(item.raw)
    )
    return replace(item, raw=item.raw[: min(end, _HEADER_BYTES)] + b"\r\n\r\n")


def _by_header(item: Item, answer: Understood) -> Understood:
    """Give what its header says the whole message's size and hash, and say that the rest is missing."""
    mail = replace(
        answer.mail,
        sha256=hashlib.sha256(item.raw).hexdigest(),
        size_bytes=len(item.raw),
        defects=(UNREAD, *answer.mail.defects),
    )
    return replace(answer, mail=mail)


def _unread(item: Item) -> Understood:
    nothing = Understood(mail=ParsedMail(sha256="", size_bytes=0), reading=Reading())
    return _by_header(item, nothing)


def _receive(reader: _Reader) -> list[Understood] | None:
    """Return a reader's answers, or None when it ended instead."""
    frame = reader.child.read()
    try:
        return None if frame is None else msgspec.msgpack.decode(frame, type=list[Understood])
    except msgspec.DecodeError:
        return None

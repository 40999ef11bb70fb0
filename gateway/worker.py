"""The worker: one loop behind the archive that folds, decides, indexes and sends. Exactly one runs, holding the lock.

It is a process of its own, so that reading and deciding never delay an acknowledgement: the listeners' process does
nothing but take mail. A byte on the wake pipe says that there is something new; the poll finds what others appended.
"""

import contextlib
import fcntl
import logging
import os
import select
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial
from pathlib import Path
from threading import RLock

from gateway.errors import ArchiveBroken, Temporary
from gateway.ids import ulid
from gateway.indexer import Indexer
from gateway.lanes import Lanes
from gateway.mail.entry import Appended
from gateway.pipeline import Gateway

log = logging.getLogger(__name__)

_POLL_S = 0.2
_STREAM = 4  # turns without a rest: mail comes in a stream now, and turns keep a distance: each costs much the same,
_BEAT_S = 0.04  # however little there is for it
_BACKLOG = 256  # entries done in one turn: these are not mails coming in one by one
_COMMIT_S = 0.6  # between commits of the index while a backlog is worked off
_SHARE = 1  # and else as long as the last one took
_QUIET_S = 0.5
_FAREWELL_S = 3.0  # whoever stops a service waits for it


class Locked(Temporary):
    """Another process holds the worker's lock."""


@contextlib.contextmanager
def hold_lock(place: Path) -> Iterator[None]:
    """Hold the one worker's lock; raises Locked when another process has it. The system frees it when we die."""
    with place.open("a+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as held:
            raise Locked(f"another Docket process is at work on {place.parent}") from held
        yield


class Worker:
    """The loop. ``wake`` is a descriptor to read wake-up bytes from, or None to poll only; ``lanes`` bound what one server gets.

    At the end of that pipe whoever started us is gone: the loop ends too, ``orphaned``, so that the lock is free.
    """

    def __init__(
        self,
        gateway: Gateway,
        indexer: Indexer,
        *,
        senders: int,
        lanes: Lanes | None = None,
        wake: int | None = None,
    ) -> None:
        self._gateway = gateway
        self._indexer = indexer
        self._senders = senders
        self._lanes = lanes or Lanes(senders)
        self._wake = wake
        self._own_read, self._own_write = os.pipe()
        self._pipe = RLock()  # not Lock: a signal may wake it in the midst of a wake
        self._closed = False
        self._under_way: set[Future[Appended]] = set()
        self._indexing: Future[int] | None = None
        self._indexed_at = self._index_at = 0.0  # when it last began, and when it may again
        self._moved_at = 0.0
        self.orphaned = False
        self._token = ulid(gateway.clock.now())
        gateway.checks.wake = self.wake

    def run(self, done: Callable[[], bool], leaving: Callable[[], bool]) -> int:
        """Work until ``done`` says so; what is under way then is finished and archived first.

        When the whole process is ``leaving``, a slow remote is not waited for: returns how many sends were left under
        way. Nothing is lost by it: what has no archived outcome is sent again by the next worker.
        """
        self._gateway.resume()  # and no more: the index catches up beside the sending, not before it
        pool = ThreadPoolExecutor(max_workers=self._senders, thread_name_prefix="send")
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="index") as indexing:
            busy = 0
            while not self.orphaned and not done():
                begun = time.monotonic()
                moved = self._gateway.process() + self._send(pool)
                self._index(indexing, moved)
                busy = busy + 1 if moved else 0
                if busy > _STREAM and moved < _BACKLOG:
                    time.sleep(max(0.0, begun + _BEAT_S - time.monotonic()))
                self._rest(0.0 if moved else self._pause())
        pool.shutdown(wait=False)
        left = self._finish(leaving)
        if not self.orphaned:
            self.settle(time.monotonic() + _FAREWELL_S)
        return left

    def _finish(self, leaving: Callable[[], bool]) -> int:
        """Wait for the sends under way; return how many were left."""
        until = time.monotonic() + _FAREWELL_S
        while left := set(self._under_way):
            if time.monotonic() > until and (self.orphaned or leaving()):
                log.warning("left-under-way jobs=%d waited_s=%.0f", len(left), _FAREWELL_S)
                break
            wait(left, timeout=_POLL_S)
        return len(left)

    def settle(self, until: float) -> None:
        """Process and index what is there, sending nothing; the rest of a long backlog is for the next worker."""
        while self._gateway.process() + self._indexer.advance() and time.monotonic() < until:
            pass

    def wake(self) -> None:
        """Look again, now. Sends and checks that end late find it closed: its number may be another file's by then."""
        with self._pipe:
            if not self._closed:
                os.write(self._own_write, b"!")

    def close(self) -> None:
        """Give the pipe back, unless sends that were left under way will still want it."""
        with self._pipe:
            if not self._under_way and not self._closed:
                self._closed = True
                os.close(self._own_read)
                os.close(self._own_write)

    def _index(self, thread: ThreadPoolExecutor, moved: int) -> None:
        """Have the index follow the store beside this loop; what goes wrong there ends the loop, as if it were here.

        While one batch is committed the store goes on, and all of that is the next batch. A commit costs much the same,
        however little is in it, so they keep a distance, which a mail that comes alone does not see.
        """
        now = time.monotonic()
        if moved:
            self._moved_at = now
        if self._indexing is not None:
            if not self._indexing.done():
                return
            self._indexing.result()
        if now < (self._indexed_at + _COMMIT_S if moved >= _BACKLOG else self._index_at):
            return
        self._indexed_at = now
        self._indexing = thread.submit(self._advance, quiet=now > self._moved_at + _QUIET_S)

    def _advance(self, *, quiet: bool) -> int:
        begun = time.monotonic()
        moved = self._indexer.advance(quiet=quiet)
        ended = time.monotonic()
        if moved:
            self._index_at = ended + _SHARE * (ended - begun)
            self.wake()
        return moved

    def _pause(self) -> float:
        """Return how long there is nothing to do, unless something comes."""
        left = self._index_at - time.monotonic()
        return left if 0 < left < _POLL_S else _POLL_S

    def _send(self, pool: ThreadPoolExecutor) -> int:
        free = self._senders - len(self._under_way)
        if free <= 0:
            return 0
        claimed = self._gateway.claim(free, self._token, self._lanes)
        for job, known in claimed:
            sending = pool.submit(self._gateway.run, job, known)
            self._under_way.add(sending)
            sending.add_done_callback(partial(self._sent, job.lane))
        return len(claimed)

    def _sent(self, lane: str, sending: "Future[Appended]") -> None:
        self._lanes.leave(lane)
        self._under_way.discard(sending)
        wrong = sending.exception()
        if isinstance(wrong, ArchiveBroken):
            log.critical("archive-broken error=%s", wrong)
        elif wrong is not None:
            # The lease runs out and the job is tried again: at least once, never lost.
            log.error("job-failed error=%r", wrong, exc_info=wrong)
        self.wake()

    def _rest(self, wait_s: float) -> None:
        sources = [self._own_read] if self._wake is None else [self._own_read, self._wake]
        ready, _, _ = select.select(sources, [], [], wait_s)
        for source in ready:
            try:
                self.orphaned |= not os.read(source, 4096)
            except ConnectionResetError:  # whoever started us ended without hearing that we were ready
                self.orphaned = True

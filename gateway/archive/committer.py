"""The committing thread: takes whatever is waiting, commits it as one group, then answers everyone in it."""

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from gateway.archive.faults import Grown, meaning_of
from gateway.archive.vault import Sealed
from gateway.errors import ArchiveBroken, Temporary
from gateway.mail.entry import Appended

log = logging.getLogger(__name__)

_GROUP = 256  # entries
_GROUP_BYTES = 32 << 20

Append = Callable[[Sequence[Sealed]], list[Appended]]


@dataclass(frozen=True, slots=True)
class _Waiting:
    """Drafts that are committed together or not at all, and who waits for them."""

    drafts: Sequence[Sealed]
    future: "Future[Any]"
    alone: bool  # answer with one value, not with a list


class Committer:
    """One daemon thread around ``append``. ``tidy`` runs after the answers; it may raise as ``append`` may.

    ``tidy`` is told how many bytes of blobs were written.
    Under load groups grow by themselves: what arrives while one group is being written is the next group.
    """

    def __init__(self, append: Append, tidy: Callable[[int], None]) -> None:
        self._append = append
        self._tidy = tidy
        self._queue: deque[_Waiting] = deque()
        self._wake = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False
        self._broken: ArchiveBroken | None = None
        self._hooks: list[Callable[[], object]] = []

    def on_commit(self, hook: Callable[[], object]) -> None:
        """Have ``hook`` called in the committing thread after each commit that added something; it must not block."""
        self._hooks.append(hook)

    def submit(self, draft: Sealed) -> "Future[Appended]":
        return self._join(_Waiting((draft,), Future(), alone=True))

    def submit_all(self, drafts: Sequence[Sealed]) -> "Future[list[Appended]]":
        return self._join(_Waiting(drafts, Future(), alone=False))

    def check(self) -> None:
        """Raise what broke the archive, if anything did."""
        if self._broken is not None:
            raise ArchiveBroken(str(self._broken))

    def close(self) -> None:
        """Commit what is waiting and end the thread."""
        with self._wake:
            self._closed = True
            self._wake.notify()
            thread = self._thread
        if thread is not None:
            thread.join()

    def _join(self, waiting: _Waiting) -> "Future[Any]":
        with self._wake:
            self.check()
            if self._closed:
                raise Temporary(
                    "the archive is being closed", "421 4.3.2 System not accepting network messages"
                )
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="committer", daemon=True)
                self._thread.start()
            self._queue.append(waiting)
            self._wake.notify()
        return waiting.future

    def _run(self) -> None:
        while True:
            with self._wake:
                while not self._queue and not self._closed:
                    self._wake.wait()
                group = self._take()
            if group:
                self._commit(group)
            elif self._closed:
                return

    def _take(self) -> list[_Waiting]:
        """Return the next group. One that is larger than the caps goes alone: it must not be torn.

        What hangs on the log's head goes alone, too: nothing may come before it, and where the log has grown no other fails with it.
        """
        group: list[_Waiting] = []
        count = size = 0
        while self._queue:
            first = self._queue[0]
            pinned = first.drafts[0].head is not None
            count += len(first.drafts)
            size += sum(len(draft.blob) for draft in first.drafts)
            if group and (pinned or count > _GROUP or size > _GROUP_BYTES):
                break
            self._queue.popleft()
            if (
                first.future.set_running_or_notify_cancel()
            ):  # else its caller has gone: nothing is archived for it
                group.append(first)
            if pinned and group:
                break
        return group

    def _commit(self, group: list[_Waiting]) -> None:
        try:
            self.check()  # what was already waiting when the archive broke
            appended = self._append([draft for one in group for draft in one.drafts])
        except BaseException as wrong:  # every waiting caller gets an answer, whatever it was
            self._fail(wrong, group)
            return
        at = 0
        for one in group:
            places = appended[at : at + len(one.drafts)]
            at += len(one.drafts)
            one.future.set_result(places[0] if one.alone else places)
        if not all(place.existing for place in appended):
            self._call_hooks()
        try:
            self._tidy(sum(len(draft.blob) for one in group for draft in one.drafts))
        except BaseException as wrong:
            self._fail(wrong, [])

    def _fail(self, wrong: BaseException, group: list[_Waiting]) -> None:
        meant = meaning_of(wrong)
        if isinstance(meant, ArchiveBroken):
            if self._broken is None:
                log.critical("event=archive_broken cause=%s", meant)
            self._broken = meant
        elif not isinstance(meant, Grown):  # who looked at the log looks again
            count = sum(len(one.drafts) for one in group)
            log.error("event=group_failed entries=%d cause=%s", count, meant, exc_info=wrong)
        for one in group:
            one.future.set_exception(meant)

    def _call_hooks(self) -> None:
        for hook in self._hooks:
            try:
                hook()
            except Exception:
                log.exception("event=wake_up_failed")

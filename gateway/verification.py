"""A check of the whole archive beside everything else: in a process of its own, with progress, ended at any time, one at once.

Whoever asks gets an answer at once and looks again for how far it is. What came of a check that went to its end is recorded.
"""

import contextlib
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import IO

import msgspec

from gateway.archive.kek import KEK_FILE, KekSource
from gateway.archive.verify import Report, verify_archive
from gateway.births import Process, start
from gateway.clock import Clock
from gateway.errors import DocketError
from gateway.mail.canonical import canonical
from gateway.mail.entry import Appended, Draft
from gateway.nursery import read_frame

log = logging.getLogger(__name__)

TYPE = "verified"
_TOLD = 50  # findings that the entry names
_NICENESS = 10  # taking mail comes first
_LOST = "the process that checked it ended before its time; the log says more, or run docket verify"


class Place(msgspec.Struct, frozen=True):
    """Where an archive is."""

    archive: str
    keys: str
    secrets: str
    keks: KekSource = KEK_FILE


class _Told(msgspec.Struct, frozen=True):
    """What the child says: how far it is, or what it found; ``wrong`` where it could not check at all."""

    done: int = 0
    size: int = 0
    report: Report | None = None
    wrong: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check as it stands: it runs while ``ended_at`` is None. Without a report it was stopped, or failed as ``wrong`` says."""

    agent: str
    began_at: datetime
    done: int = 0
    size: int = 0
    ended_at: datetime | None = None
    report: Report | None = None
    wrong: str = ""
    stopped_by: str = ""
    entry: int | None = None  # that records it
    extra: tuple[str, ...] = ()  # what the head kept outside contradicts

    @property
    def runs(self) -> bool:
        return self.ended_at is None

    @property
    def is_whole(self) -> bool:
        return self.report is not None and self.report.ok and not self.extra


@dataclass(slots=True, kw_only=True)
class Verification:
    """Runs checks of one archive. ``contradiction`` says how the head kept outside speaks against it, "" where it does not."""

    place: Place
    clock: Clock
    record: Callable[[Draft], Appended]
    contradiction: Callable[[], str] = lambda: ""
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _check: Check | None = None
    _child: Process | None = None
    _watch: threading.Thread | None = None

    @property
    def check(self) -> Check | None:
        """The check that runs, or the last one of this process's life."""
        with self._lock:
            return self._check

    def begin(self, agent: str) -> bool:
        """Begin a check; False where one runs already."""
        with self._lock:
            if self._child is not None:
                return False
            ours, theirs = socket.socketpair()
            with theirs:
                self._child = start("gateway.verification", theirs)
            self._check = Check(agent=agent, began_at=self.clock.now())
            self._watch = threading.Thread(target=self._follow, args=(ours, self._child), name="verification")
            self._watch.start()
            return True

    def stop(self, agent: str) -> None:
        """End the check that runs, if one does."""
        with self._lock:
            child, watch = self._child, self._watch
            if child is not None and self._check is not None:
                self._check = replace(self._check, stopped_by=agent)
                child.kill()
        if watch is not None:
            watch.join()

    def _follow(self, ours: socket.socket, child: Process) -> None:
        told = _Told()
        with ours, ours.makefile("rb") as answers:
            with contextlib.suppress(OSError):
                frame = msgspec.json.encode(self.place)
                ours.sendall(len(frame).to_bytes(8, "big") + frame)
            while told.report is None and not told.wrong and (said := _next(answers)) is not None:
                told = msgspec.json.decode(said, type=_Told)
                with self._lock:
                    assert self._check is not None
                    self._check = replace(self._check, done=told.done, size=told.size)
        child.kill()
        child.wait()
        self._end(told)

    def _end(self, told: _Told) -> None:
        assert self._check is not None
        extra: tuple[str, ...] = ()
        entry = None
        if told.report is not None:
            try:
                extra = tuple(filter(None, (self.contradiction(),)))
                entry = self.record(_draft(self._check, told.report, extra)).seq
            except (
                DocketError
            ) as wrong:  # an archive that is broken takes no entry; what was found is shown all the same
                log.warning("verification-not-recorded error=%s", wrong)
        with self._lock:
            lost = told.report is None and not self._check.stopped_by and not told.wrong
            self._check = replace(
                self._check,
                ended_at=self.clock.now(),
                report=told.report,
                wrong=_LOST if lost else told.wrong,
                entry=entry,
                extra=extra,
            )
            self._child = None


def _draft(check: Check, report: Report, extra: tuple[str, ...]) -> Draft:
    bad = [*report.bad, *((None, one) for one in extra)]
    payload = {
        "agent": check.agent,
        "began": check.began_at,
        "size": report.size,
        "root": report.root,
        "erased": report.erased,
        "findings": len(bad),
        "bad": [[seq, what] for seq, what in bad[:_TOLD]],
    }
    return Draft(type=TYPE, payload=canonical(payload), meta={"source": "web"})


def _next(answers: IO[bytes]) -> bytes | None:
    try:
        return read_frame(answers)
    except (OSError, ValueError):
        return None


def live(connection: socket.socket) -> int:
    """Check the archive that is named, saying how far it is after each step, then what was found."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(_NICENESS)

    def say(told: _Told) -> None:
        frame = msgspec.json.encode(told)
        connection.sendall(len(frame).to_bytes(8, "big") + frame)

    with connection.makefile("rb") as orders:
        frame = read_frame(orders)
    if frame is None:
        return 0
    place = msgspec.json.decode(frame, type=Place)
    try:
        report = verify_archive(
            place.archive,
            place.keys,
            Path(place.secrets),
            keks=place.keks,
            progress=lambda done, size: say(_Told(done=done, size=size)),
        )
        say(_Told(done=report.size, size=report.size, report=report))
    except DocketError as wrong:
        say(_Told(wrong=str(wrong)))
    except (BrokenPipeError, ConnectionResetError):
        return 0  # whoever asked has gone
    return 0


if __name__ == "__main__":
    with socket.socket(fileno=0) as standard_input:
        sys.exit(live(standard_input))

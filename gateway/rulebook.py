"""The rule book on a desk: what is in force, a draft checked, tried and replayed over history, and put in its place.

A draft changes nothing until it is saved; then its file is another, and the worker puts it in force between two messages.
"""

import difflib
import fcntl
import hashlib
import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from gateway.archive.archive import Archive
from gateway.clock import Clock
from gateway.deciding import Book
from gateway.errors import DocketError, Temporary, WrongUse
from gateway.mail.canonical import canonical
from gateway.mail.entry import Appended, Draft
from gateway.readers import Readers
from gateway.replay import Changes, replay, sums
from gateway.shelf import RULES, Files, Shelf, Since, in_force
from gateway.store.engine import Store
from gateway.trial import Trial, try_archived, try_raw
from rules.changes import report_on
from rules.errors import BookError, Fault
from rules.mistakes import Known, faults_of
from rules.ruleset import load_ruleset

EDITED = "rules.edited"
_SHOWN = 200  # messages that a replay names; all are counted
_WAIT_S = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is in force: the files as they are, what is wrong with them, and since when each version decides."""

    files: Files
    shelf: Shelf
    versions: dict[str, Since]
    changes: list[str]  # what the seller's own data files change


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One replay as it stands: it runs while ``ended_at`` is None. ``changed`` names the first messages that differ.

    ``text`` is the book that it replays, ``was`` the digest of the one that its writer began from.
    """

    agent: str
    began_at: datetime
    since: datetime
    until: datetime | None
    draft: bool
    text: str = ""
    was: str = ""
    looked: int = 0
    unread: int = 0
    count: int = 0
    changed: tuple[tuple[int, Changes], ...] = ()
    sums: dict[str, dict[str, int]] = field(default_factory=dict)
    ended_at: datetime | None = None
    stopped: bool = False
    wrong: str = ""


@dataclass(slots=True, kw_only=True)
class RuleBook:
    """The desk. ``place`` is the rule book's file, None where the settings name none."""

    archive: Archive
    store: Store
    clock: Clock
    place: Path | None
    files: Callable[[], Files]
    shelf: Callable[[], Shelf]
    book: Callable[[], Book]
    readers: Callable[[], Readers]
    known: Callable[[], Known]
    record: Callable[[Draft], Appended]
    _turn: threading.Lock = field(default_factory=threading.Lock)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _ended: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _run: Run | None = None

    def standing(self) -> Standing:
        files = self.files()
        try:
            changes = report_on(files.own)
        except BookError:
            changes = []  # the shelf says what is broken
        return Standing(files=files, shelf=self.shelf(), versions=in_force(self.archive), changes=changes)

    def faults(self, text: str) -> tuple[Fault, ...]:
        """Return all that is wrong with a draft, names that nobody knows too."""
        return faults_of(text, file=RULES, known=self.known())

    def try_raw(self, text: str, raw: bytes, *, trusted: bool) -> Trial:
        """Try a mail on a draft; raises WrongUse for a draft that cannot be read."""
        book = self._drafted(text)
        with self._reading() as readers:
            return try_raw(raw, book, readers, trusted=trusted, now=self.clock.now())

    def try_archived(self, text: str, seq: int) -> Trial:
        """Try an archived message on a draft; raises WrongUse for what is no decided message."""
        book = self._drafted(text)
        with self._reading() as readers:
            return try_archived(self.archive, self.store, seq, book, readers)

    @property
    def run(self) -> Run | None:
        """The replay that runs, or the last one of this process's life."""
        with self._lock:
            return self._run

    def begin(self, text: str, since: datetime, until: datetime | None, agent: str, *, was: str = "") -> bool:
        """Begin to replay a time on a draft; False where a replay runs already. Raises WrongUse as ``try_raw``."""
        book = self._drafted(text)
        with self._lock:
            if self._run is not None and self._run.ended_at is None:
                return False
            self._run = Run(
                agent=agent,
                began_at=self.clock.now(),
                since=since,
                until=until,
                draft=text != self.files().rules,
                text=text,
                was=was,
            )
            self._ended.clear()
            self._thread = threading.Thread(target=self._replay, args=(book, self._run), name="replay")
            self._thread.start()
        return True

    def stop(self) -> None:
        """End the replay that runs, if one does."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()

    def save(self, text: str, was: str, *, agent: str, reason: str) -> Appended:
        """Put a draft in the file's place, recording who did. Raises WrongUse for one with faults, or where the file is another than ``was``."""
        if self.place is None:
            raise WrongUse("the settings name no rule book: set rules")
        if faults := self.faults(text):
            raise WrongUse(str(faults[0]))
        said = {"agent": agent, "file": RULES, "before": was, "after": digest(text), "reason": reason[:500]}
        try:
            with _alone(self.place.parent), _beside(self.place, text) as written:
                if digest(self.files().rules) != was:
                    raise WrongUse(
                        "the rule book has changed since this draft was begun; begin again with what it is now"
                    )
                appended = self.record(Draft(type=EDITED, payload=canonical(said), meta={"source": "web"}))
                written.replace(self.place)
        except OSError as wrong:
            raise WrongUse(
                f"{self.place} cannot be written: {wrong.strerror}; change it where it is kept"
            ) from wrong
        return appended

    def patch(self, text: str) -> str:
        """Return what a draft changes as a patch of the rule book's file."""
        before, after = (one.splitlines(keepends=True) for one in (self.files().rules, text))
        return "".join(difflib.unified_diff(before, after, f"a/{RULES}", f"b/{RULES}"))

    def _drafted(self, text: str) -> Book:
        try:
            return replace(self.book(), ruleset=load_ruleset(text))
        except BookError as wrong:
            raise WrongUse(str(wrong)) from wrong

    @contextmanager
    def _reading(self) -> Iterator[Readers]:
        if not self._turn.acquire(timeout=_WAIT_S):
            raise Temporary("another mail is being tried; try again in a moment")
        try:
            with closing(self.readers()) as readers:
                yield readers
        finally:
            self._turn.release()

    def _replay(self, book: Book, run: Run) -> None:
        changes: list[tuple[int, Changes]] = []
        try:
            with closing(self.readers()) as readers:
                for one in replay(self.archive, self.store, readers, book, run.since, run.until):
                    found = one.changes() if one is not None else {}
                    if one is not None and found:
                        changes.append((one.seq, found))
                    run = replace(
                        run, looked=run.looked + 1, unread=run.unread + (one is None), count=len(changes)
                    )
                    self._show(run)
                    if self._ended.is_set():
                        run = replace(run, stopped=True)
                        break
        except DocketError as wrong:
            run = replace(run, wrong=str(wrong))
        self._show(
            replace(
                run,
                changed=tuple(changes[:_SHOWN]),
                sums=sums([found for _, found in changes]),
                ended_at=self.clock.now(),
            )
        )

    def _show(self, run: Run) -> None:
        with self._lock:
            self._run = run


def digest(text: str) -> str:
    """Return the SHA-256 by which a version of a rule book is known."""
    return hashlib.sha256(text.encode()).hexdigest()


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold a folder's lock, which one thread of one process has at a time: what is looked at under it stays as it is."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


@contextmanager
def _beside(place: Path, text: str) -> Iterator[Path]:
    """Give a durable file beside another, with a text in it and the other's rights; it is gone where nobody moved it."""
    handle, name = tempfile.mkstemp(dir=place.parent, prefix=f".{place.name}.")
    written = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if place.exists():
            written.chmod(place.stat().st_mode & 0o777)
        yield written
    finally:
        written.unlink(missing_ok=True)

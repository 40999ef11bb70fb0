"""The last signed head, kept outside the data folder: what shows that the folder was put back from an older copy.

Two files a log, under a folder that no backup of the data folder holds: one by the log's first key, which is found wherever the
data folder lies, and one by where that lies, which is found whatever key somebody puts into it. They are written over in place,
within one page, after each commit: a crash leaves the head before the last, which the archive still contains.
"""

import fcntl
import hashlib
import logging
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.archive.checkpoint import Verifier, open_checkpoint
from gateway.archive.faults import Damaged

log = logging.getLogger(__name__)

_PAGE = 4096
_SYNC_S = 1.0
_SIZE = re.compile(rb"[^\n]*\n([0-9]{1,19})\n")


class OutsideHead:
    """One log's last head, whose secrets lie in a folder. Any process may keep it; it never goes back but by ``put``."""

    def __init__(self, folder: Path, verifier: Verifier, secrets: Path) -> None:
        name = re.sub(r"[^A-Za-z0-9.-]+", "-", verifier.name)[:60]
        self.place = folder / f"{name}-{verifier.first.fingerprint[:16]}.checkpoint"
        self._spot = spot_of(folder, secrets)
        self._verifier = verifier
        self._synced: dict[Path, float] = {}
        self._troubled = False

    def last(self) -> str | None:
        """Return the signed note as it was kept, None where none can be read. Whether it is signed is for the caller to say.

        What was signed here under another key goes before all: the log that it speaks of is not the one that lies here now.
        """
        kept = [note for note in (self._read(self._spot), self._read(self.place)) if note is not None]
        for note in kept:
            try:
                open_checkpoint(note, self._verifier)
            except Damaged:
                return note
        return max(kept, key=lambda note: _size(note.encode()), default=None)

    def _read(self, place: Path) -> str | None:
        try:
            with self._held(place, os.O_RDONLY, fcntl.LOCK_SH) as handle:
                raw = os.pread(handle, 2 * _PAGE, 0)
        except FileNotFoundError:
            return None
        except (
            OSError
        ) as wrong:  # who may take its rights away may take it away, too: mail does not stop for it
            log.warning("head-outside-unreadable place=%s error=%s", place, wrong.strerror)
            return None
        text = raw.decode("utf-8", "replace").rstrip("\n")
        return f"{text}\n" if text else None

    def keep(self, note: str) -> None:
        """Keep a head unless a later one is there. Never raises: what it speaks of is durable already."""
        try:
            self._write(note, back=False)
            self._troubled = False
        except OSError as wrong:
            if not self._troubled:
                log.warning("head-not-kept-outside place=%s error=%s", self.place, wrong.strerror)
            self._troubled = True

    def put(self, note: str) -> None:
        """Keep this head whatever is there: a person has said that the archive goes on from it. Raises OSError."""
        self._synced.clear()
        self._write(note, back=True)

    def _write(self, note: str, *, back: bool) -> None:
        self.place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        for place in (self.place, self._spot):
            self._write_at(place, note, back=back)

    def _write_at(self, place: Path, note: str, *, back: bool) -> None:
        with self._held(place, os.O_RDWR | os.O_CREAT, fcntl.LOCK_EX) as handle:
            if not back and _size(os.pread(handle, _PAGE, 0)) >= _size(note.encode()):
                return
            os.pwrite(handle, note.encode().ljust(_PAGE, b"\n"), 0)
            now = time.monotonic()
            if now - self._synced.get(place, -_SYNC_S) >= _SYNC_S:
                os.fsync(handle)
                self._synced[place] = now

    @contextmanager
    def _held(self, place: Path, flags: int, lock: int) -> Iterator[int]:
        handle = os.open(place, flags, 0o600)
        try:
            fcntl.flock(handle, lock)
            yield handle
        finally:
            os.close(handle)


def spot_of(folder: Path, secrets: Path) -> Path:
    """Return where the head of the log is kept whose secrets lie in a folder, whichever log that is."""
    return folder / f"at-{hashlib.sha256(os.fsencode(secrets.resolve())).hexdigest()[:16]}.checkpoint"


def _size(note: bytes) -> int:
    found = _SIZE.match(note)
    return int(found[1]) if found else -1

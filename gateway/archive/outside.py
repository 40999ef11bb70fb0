"""The last signed head, kept outside the data folder: what shows that the folder was put back from an older copy.

One file a log, under a folder that no backup of the data folder holds. It is written over in place, within one page, after
each commit: a crash leaves the head before the last, which the archive still contains.
"""

import fcntl
import logging
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.archive.checkpoint import Verifier

log = logging.getLogger(__name__)

_PAGE = 4096
_SYNC_S = 1.0
_SIZE = re.compile(rb"[^\n]*\n([0-9]{1,19})\n")


class OutsideHead:
    """One log's last head. Any process may keep it; it never goes back but by ``put``."""

    def __init__(self, folder: Path, verifier: Verifier) -> None:
        name = re.sub(r"[^A-Za-z0-9.-]+", "-", verifier.name)[:60]
        self.place = folder / f"{name}-{verifier.first.fingerprint[:16]}.checkpoint"
        self._synced = 0.0
        self._troubled = False

    def last(self) -> str | None:
        """Return the signed note as it was kept, None where none can be read. Whether it is signed is for the caller to say."""
        try:
            with self._held(os.O_RDONLY, fcntl.LOCK_SH) as handle:
                raw = os.pread(handle, 2 * _PAGE, 0)
        except FileNotFoundError:
            return None
        except (
            OSError
        ) as wrong:  # who may take its rights away may take it away, too: mail does not stop for it
            log.warning("head-outside-unreadable place=%s error=%s", self.place, wrong.strerror)
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
        self._synced = 0.0
        self._write(note, back=True)

    def _write(self, note: str, *, back: bool) -> None:
        self.place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._held(os.O_RDWR | os.O_CREAT, fcntl.LOCK_EX) as handle:
            if not back and _size(os.pread(handle, _PAGE, 0)) >= _size(note.encode()):
                return
            os.pwrite(handle, note.encode().ljust(_PAGE, b"\n"), 0)
            now = time.monotonic()
            if now - self._synced >= _SYNC_S or not self._synced:
                os.fsync(handle)
                self._synced = now

    @contextmanager
    def _held(self, flags: int, lock: int) -> Iterator[int]:
        handle = os.open(self.place, flags, 0o600)
        try:
            fcntl.flock(handle, lock)
            yield handle
        finally:
            os.close(handle)


def _size(note: bytes) -> int:
    found = _SIZE.match(note)
    return int(found[1]) if found else -1

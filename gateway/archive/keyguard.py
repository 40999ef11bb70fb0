"""Who uses an archive's keys: any number of processes, or one that changes them and nobody else."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.errors import WrongUse


def hold_keys(secrets: Path, *, alone: bool = False) -> int:
    """Return a handle that holds the keys until it is closed; raises WrongUse where somebody else stands in the way.

    A process that went on with a key that was taken away would lose what it writes.
    """
    place = secrets / "log.vkey"
    while True:
        handle = _lock(place, alone=alone)
        with contextlib.suppress(OSError):
            if os.path.sameopenfile(handle, other := os.open(place, os.O_RDONLY)):
                os.close(other)
                return handle
            os.close(other)
        os.close(
            handle
        )  # it was exchanged between the two: the lock is on a file that nobody else will ask for


def _lock(place: Path, *, alone: bool) -> int:
    try:
        handle = os.open(place, os.O_RDONLY)
    except OSError as wrong:
        raise WrongUse(
            f"{place} cannot be read ({wrong.strerror}); without it the archive does not open"
        ) from None
    try:
        fcntl.flock(handle, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise WrongUse(
            "the archive is in use: stop docket serve and every other command, and run this again"
            if alone
            else "the archive's keys are being changed (docket keys); wait until that is done"
        ) from None
    return handle


@contextmanager
def keys_held(secrets: Path, *, alone: bool = False) -> Iterator[None]:
    """Hold the keys for as long as the block runs, as ``hold_keys`` does."""
    handle = hold_keys(secrets, alone=alone)
    try:
        yield
    finally:
        os.close(handle)

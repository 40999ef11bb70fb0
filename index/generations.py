"""An index directory: one finished index and the name of it, so that a rebuild takes its place in one step.

``PATH/current`` says engine, analyzer version and directory (``tantivy 1 000002``). It is only ever replaced whole.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from index.errors import IndexBusy, IndexDamaged


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """The index that stands now: made by which engine and analyzer version, in which directory."""

    engine: str
    version: int
    place: Path


def current_generation(path: Path) -> Generation | None:
    """Return the finished index of a path, ``None`` before there is one. Raise ``IndexDamaged`` when it is unreadable."""
    try:
        text = (path / "current").read_text("ascii")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise IndexDamaged(f"{path / 'current'} cannot be read ({error}); run `docket rebuild`") from error
    match text.split():
        case [engine, version, name] if version.isdecimal() and name.isdecimal():
            return Generation(engine=engine, version=int(version), place=path / name)
    raise IndexDamaged(f"{path / 'current'} does not name an index; run `docket rebuild`")


def new_place(path: Path) -> Path:
    """Make the empty directory of the next index. Call it while ``building`` is held."""
    taken = [int(child.name) for child in path.iterdir() if child.name.isdecimal()]
    place = path / f"{max(taken, default=0) + 1:06}"
    place.mkdir(mode=0o700)
    return place


def publish(path: Path, generation: Generation) -> None:
    """Put a finished index in the place of the one before and remove what nobody opens any more.

    Readers that have the old files open keep reading them until their next ``refresh``.
    """
    fresh = path / "current.new"
    with fresh.open("w", encoding="ascii") as file:
        file.write(f"{generation.engine} {generation.version} {generation.place.name}\n")
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path / "current")
    for child in path.iterdir():
        if child.name.isdecimal() and child != generation.place:
            shutil.rmtree(child, ignore_errors=True)  # what stays behind goes with the next rebuild


@contextmanager
def building(path: Path) -> Iterator[None]:
    """Let one process at a time make a new index in a path; wait for the other."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (path / "build.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def hold_writer(path: Path) -> int:
    """Return a descriptor that makes this process the only writer until it is closed; raise ``IndexBusy`` otherwise."""
    descriptor = os.open(path / "writer.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise IndexBusy(f"Another process writes the search index in {path}; stop it first") from None
    return descriptor

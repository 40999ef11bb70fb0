"""The one way to open an index: by the name of its engine and its directory."""

from pathlib import Path

from index.backend import Backend
from index.backends.memory import MemoryBackend
from index.engines import engine_of
from index.standing import Standing


def open_index(engine: str, path: Path, *, writer: bool = False) -> Backend:
    """Open the index in a directory; an absent one is made, empty.

    Raise ``UnknownEngine``, ``IndexDamaged`` (also for an index of another engine or an older version) or, for a
    second writer, ``IndexBusy``.
    """
    name = engine_of(engine)
    if name == "memory":
        return MemoryBackend()
    return Standing(name, path, writer=writer)

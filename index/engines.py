"""The engines by name."""

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

from index.analyzer import VERSION
from index.backend import Backend
from index.errors import UnknownEngine
from index.generations import Generation, new_place

ENGINES: Final = ("tantivy", "whoosh", "memory")


class Engine(Protocol):
    """What a durable backend's class offers: make an empty index in a directory, open one."""

    def __call__(self, place: Path, *, writer: bool = False) -> Backend: ...
    def create(self, place: Path) -> None: ...


def engine_of(name: str) -> str:
    """Return the engine a setting names; ``auto`` is Tantivy where it is installed, else Whoosh."""
    if name == "auto":
        return "tantivy" if importlib.util.find_spec("tantivy") else "whoosh"
    if name not in ENGINES:
        raise UnknownEngine(f"There is no search engine {name!r}; choose auto, {', '.join(ENGINES)}")
    return name


def load_engine(name: str) -> Engine:
    """Return the class of a durable engine; engines are imported when they are opened, not before."""
    try:
        if name == "tantivy":
            from index.backends.tantivy import TantivyBackend

            return TantivyBackend
        from index.backends.whoosh import WhooshBackend
    except ImportError as error:
        raise UnknownEngine(f"The search engine {name!r} is not installed ({error}); choose auto") from error
    return WhooshBackend


def make_generation(engine: str, path: Path, fill: Callable[[Backend], None] | None = None) -> Generation:
    """Make a new index in a directory of its own, filled when asked; nobody sees it before ``publish``."""
    backend_class = load_engine(engine)
    place = new_place(path)
    backend_class.create(place)
    if fill is not None:
        backend = backend_class(place, writer=True)
        try:
            fill(backend)
        finally:
            backend.close()
    return Generation(engine=engine, version=VERSION, place=place)

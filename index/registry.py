"""The engines by name, and the one way to open an index."""

import importlib.util
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final, Protocol

from index.analyzer import VERSION
from index.backend import Backend, Sort
from index.backends.memory import MemoryBackend
from index.document import Document, Page
from index.errors import IndexDamaged, UnknownEngine
from index.generations import Generation, building, current_generation, hold_writer, new_place, publish
from index.query import Query

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


def open_index(engine: str, path: Path, *, writer: bool = False) -> Backend:
    """Open the index in a directory; an absent one is made, empty.

    Raise ``UnknownEngine``, ``IndexDamaged`` (also for an index of another engine or an older version) or, for a
    second writer, ``IndexBusy``.
    """
    name = engine_of(engine)
    if name == "memory":
        return MemoryBackend()
    return Standing(name, path, writer=writer)


class Standing:
    """The index that stands in a path: after a rebuild, ``refresh`` and ``write`` go on with the new one."""

    def __init__(self, engine: str, path: Path, *, writer: bool) -> None:
        self._engine = engine
        self._path = path
        self._open = load_engine(engine)
        if current_generation(path) is None:
            self._make_empty()
        self._lock = hold_writer(path) if writer else None
        self._writer = writer
        try:
            self._generation, self._backend = self._latest()
        except BaseException:
            self._release()
            raise

    def write(self, documents: Iterable[Document], position: int, gone: Iterable[int] = ()) -> None:
        self._follow()
        self._backend.write(documents, position, gone)

    def position(self) -> int:
        self._follow()
        return self._backend.position()

    def refresh(self) -> None:
        if not self._follow():
            self._backend.refresh()

    def search(
        self, query: Query, *, limit: int = 20, sort: Sort = "newest", after: str | None = None
    ) -> Page:
        return self._backend.search(query, limit=limit, sort=sort, after=after)

    def facets(
        self, query: Query, fields: tuple[str, ...], *, limit: int = 20
    ) -> Mapping[str, tuple[tuple[str, int], ...]]:
        return self._backend.facets(query, fields, limit=limit)

    def count(self) -> int:
        return self._backend.count()

    def clear(self) -> None:
        self._follow()
        self._backend.clear()

    def close(self) -> None:
        self._backend.close()
        self._release()

    def _follow(self) -> bool:
        """Open what a rebuild put in place since; say whether there was something."""
        if current_generation(self._path) == self._generation:
            return False
        if self._writer:  # a reader's old index may be in use by another thread; it goes with its last search
            self._backend.close()
        self._generation, self._backend = self._latest()
        return True

    def _latest(self) -> tuple[Generation, Backend]:
        while True:
            generation = current_generation(self._path)
            if generation is None:
                raise IndexDamaged(f"The search index in {self._path} is gone; run `docket rebuild`")
            if generation.engine != self._engine or generation.version != VERSION:
                raise IndexDamaged(
                    f"The search index in {self._path} was made by {generation.engine} (terms version "
                    f"{generation.version}), not {self._engine} (version {VERSION}); run `docket rebuild`"
                )
            try:
                return generation, self._open(generation.place, writer=self._writer)
            except IndexDamaged:
                if current_generation(self._path) == generation:  # else a rebuild took it away just now
                    raise

    def _make_empty(self) -> None:
        with building(self._path):
            if current_generation(self._path) is None:
                publish(self._path, make_generation(self._engine, self._path))

    def _release(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


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

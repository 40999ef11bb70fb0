"""The index that stands in a directory: follows rebuilds, and tells damage in words."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from index.analyzer import VERSION
from index.backend import Backend, Sort
from index.document import Document, Facets, Page
from index.engines import load_engine, make_generation
from index.errors import IndexDamaged, IndexFault
from index.generations import Generation, building, current_generation, hold_writer, publish
from index.paging import mark_of, start_of
from index.query import Query
from index.terms import FACETS


class Standing:
    """A durable backend: after a rebuild, ``refresh``, ``position`` and ``write`` go on with the new index."""

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
        with self._telling_damage():
            return self._backend.position()

    def refresh(self) -> None:
        if not self._follow():
            with self._telling_damage():
                self._backend.refresh()

    def search(
        self, query: Query, *, limit: int = 20, sort: Sort = "newest", after: str | None = None
    ) -> Page:
        start_of(after) if sort == "relevance" else mark_of(after, sort)  # a wrong token is no damage
        with self._telling_damage():
            return self._backend.search(query, limit=limit, sort=sort, after=after)

    def facets(self, query: Query, fields: tuple[str, ...], *, limit: int = 20) -> Facets:
        if unknown := set(fields).difference(FACETS):
            raise ValueError(f"there are no facets {', '.join(unknown)}; there are {', '.join(FACETS)}")
        with self._telling_damage():
            return self._backend.facets(query, fields, limit=limit)

    def spans(self, query: Query, bounds: list[int]) -> tuple[int, ...]:
        with self._telling_damage():
            return self._backend.spans(query, bounds)

    def count(self) -> int:
        with self._telling_damage():
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
                with self._telling_damage():
                    return generation, self._open(generation.place, writer=self._writer)
            except IndexDamaged:
                if current_generation(self._path) == generation:  # else a rebuild took it away just now
                    raise

    @contextmanager
    def _telling_damage(self) -> Iterator[None]:
        """Turn whatever an engine trips over in its own files into ``IndexDamaged``."""
        try:
            yield
        except (IndexFault, PermissionError, MemoryError):
            raise
        except BaseException as error:
            # A panic inside Tantivy arrives as a BaseException of a class that has no name to import.
            if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
                raise
            raise IndexDamaged(
                f"The search index in {self._path} cannot be read ({error}); run `docket rebuild`"
            ) from error

    def _make_empty(self) -> None:
        with building(self._path):
            if current_generation(self._path) is None:
                publish(self._path, make_generation(self._engine, self._path))

    def _release(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

"""The Backend protocol: documents in, hits out. One contract suite (tests/contracts/test_index.py) holds for all."""

from collections.abc import Iterable
from typing import Literal, Protocol

from index.document import Document, Facets, Page
from index.query import Query

Sort = Literal["newest", "oldest", "relevance"]


class Backend(Protocol):
    """A search engine in a directory of its own. Exactly one process writes; any number read.

    ``write`` replaces documents by ``seq``, deletes those in ``gone`` and records ``position`` in the same commit: after
    a crash ``position()`` says which log entries the index has seen. One write gives each ``seq`` once. Readers see a
    commit after ``refresh()``. ``spans`` counts the messages from each of ``bounds``, whole seconds, up to the next. ``search`` takes ``after`` from the page before, and the same query and sort with it.
    """

    def write(self, documents: Iterable[Document], position: int, gone: Iterable[int] = ()) -> None: ...
    def position(self) -> int: ...
    def refresh(self) -> None: ...
    def search(
        self, query: Query, *, limit: int = 20, sort: Sort = "newest", after: str | None = None
    ) -> Page: ...
    def facets(self, query: Query, fields: tuple[str, ...], *, limit: int = 20) -> Facets: ...
    def spans(self, query: Query, bounds: list[int]) -> tuple[int, ...]: ...
    def count(self) -> int: ...
    def clear(self) -> None: ...
    def close(self) -> None: ...

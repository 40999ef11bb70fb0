"""An index through which only what one query finds can be seen: whatever is asked, it is asked of that."""

from collections.abc import Iterable

from index.backend import Backend, Sort
from index.document import Document, Facets, Page
from index.query import And, Everything, Query


class Narrowed:
    """A Backend to read with, over another one that it neither writes nor closes."""

    def __init__(self, backend: Backend, within: Query) -> None:
        self._backend = backend
        self._within = within

    def search(
        self, query: Query, *, limit: int = 20, sort: Sort = "newest", after: str | None = None
    ) -> Page:
        return self._backend.search(self._of(query), limit=limit, sort=sort, after=after)

    def facets(self, query: Query, fields: tuple[str, ...], *, limit: int = 20) -> Facets:
        return self._backend.facets(self._of(query), fields, limit=limit)

    def spans(self, query: Query, bounds: list[int]) -> tuple[int, ...]:
        return self._backend.spans(self._of(query), bounds)

    def count(self) -> int:
        return self._backend.search(self._within, limit=1).total

    def position(self) -> int:
        return self._backend.position()

    def refresh(self) -> None:
        self._backend.refresh()

    def write(self, documents: Iterable[Document], position: int, gone: Iterable[int] = ()) -> None:  # noqa: ARG002
        raise PermissionError("who sees a part of an index does not write it")

    def clear(self) -> None:
        raise PermissionError("who sees a part of an index does not clear it")

    def close(self) -> None:
        """Close nothing: the index is its owner's."""

    def _of(self, query: Query) -> Query:
        if isinstance(query, Everything):
            return self._within
        parts = query.parts if isinstance(query, And) else (query,)
        return And((self._within, *parts))

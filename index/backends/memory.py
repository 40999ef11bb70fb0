"""Search by looking at every document: the reference the engines are held to, and the index of small tests."""

from collections import Counter
from collections.abc import Iterable
from typing import assert_never

from index.backend import Sort
from index.document import Document, Facets, Hit, Page
from index.fuzzy import within_one
from index.paging import RELEVANT_HITS, mark_of, page_by_date, page_by_relevance, start_of
from index.query import Among, And, Everything, Fuzzy, Not, Or, Prefix, Query, Sequence, Span, Term
from index.terms import KEYS, Terms, counted, distinct_terms, facets_of, rank
from index.tree import wanted


class MemoryBackend:
    """Keeps terms in memory; a closed one is empty when it is opened again."""

    def __init__(self) -> None:
        self._found: dict[int, _Indexed] = {}
        self._position = 0

    def write(self, documents: Iterable[Document], position: int, gone: Iterable[int] = ()) -> None:
        made = {terms.seq: _Indexed(terms) for terms in distinct_terms(documents)}
        for seq in gone:
            self._found.pop(seq, None)
        self._found.update(made)
        self._position = position

    def position(self) -> int:
        return self._position

    def refresh(self) -> None:
        """Do nothing: a write is seen at once."""

    def search(
        self, query: Query, *, limit: int = 20, sort: Sort = "newest", after: str | None = None
    ) -> Page:
        found = [one for one in self._found.values() if one.matches(query)]
        if sort == "relevance":
            start, newest = start_of(after)
            newest = max(self._found, default=0) if newest is None else newest
            hits = [
                Hit(seq=one.terms.seq, score=one.score(query)) for one in found if one.terms.seq <= newest
            ]
            hits.sort(key=lambda hit: (-hit.score, -hit.seq))
            shown = hits[start : min(start + limit, RELEVANT_HITS)]
            return page_by_relevance(shown, start=start, newest=newest, total=len(hits))
        mark = mark_of(after, sort)
        falling = sort == "newest"
        ranks = sorted((one.terms.rank for one in found), reverse=falling)
        if mark is not None:
            ranks = [ranked for ranked in ranks if (ranked < mark if falling else ranked > mark)]
        return page_by_date(ranks, limit=limit, total=len(found), sort=sort)

    def facets(self, query: Query, fields: tuple[str, ...], *, limit: int = 20) -> Facets:
        found = [one.terms for one in self._found.values() if one.matches(query)]
        counts = {field: Counter(value for one in found for value in one.facets[field]) for field in fields}
        return facets_of(counts, [one.rank for one in found], limit)

    def spans(self, query: Query, bounds: list[int]) -> tuple[int, ...]:
        ranks = [one.terms.rank for one in self._found.values() if one.matches(query)]
        return counted(sorted(ranks), bounds)

    def count(self) -> int:
        return len(self._found)

    def clear(self) -> None:
        self._found.clear()
        self._position = 0

    def close(self) -> None:
        """Do nothing: there is nothing to give back."""


class _Indexed:
    """One document's terms, split."""

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self._in_order = {field: tuple(text.split()) for field, text in terms.texts.items()}
        self._counted = {field: Counter(words) for field, words in self._in_order.items()}
        self._counted |= {field: Counter(terms.keys[field]) for field in KEYS}

    def matches(self, query: Query) -> bool:
        match query:
            case Everything():
                return True
            case Term(field=field, term=term):
                return term in self._counted[field]
            case Sequence(field=field, terms=terms):
                words = self._in_order[field]
                return any(
                    words[at : at + len(terms)] == terms for at, word in enumerate(words) if word == terms[0]
                )
            case Prefix(field=field, prefix=prefix):
                return any(word.startswith(prefix) for word in self._counted[field])
            case Fuzzy(field=field, term=term):
                return any(within_one(term, word) for word in self._counted[field])
            case Span(since=since, until=until):
                ranked = self.terms.rank
                return (since is None or ranked >= rank(since)) and (until is None or ranked < rank(until))
            case Among(seqs=seqs):
                return self.terms.seq in seqs
            case Not(part=part):
                return not self.matches(part)
            case And(parts=parts):
                return all(self.matches(part) for part in parts)
            case Or(parts=parts):
                return any(self.matches(part) for part in parts)
            case _:
                assert_never(query)

    def score(self, query: Query) -> float:
        """Return how often the words of a query stand here; a reference needs no finer order."""
        return float(
            sum(self._counted[leaf.field][leaf.term] for leaf in wanted(query) if isinstance(leaf, Term))
        )

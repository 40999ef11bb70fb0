"""One segment of a Whoosh index, read as sets of document numbers."""

import math
from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Final, assert_never

from index.fuzzy import swapped
from index.query import Among, And, Everything, Fuzzy, Not, Or, Prefix, Query, Sequence, Span, Term
from index.terms import rank

POSITION: Final = "position"  # the state of the one document that is no message


class Segment:
    """A segment's terms and ranks. Segments never change; what is deleted from one is known when it is opened."""

    def __init__(self, reader: Any, known: "Segment | None") -> None:
        self.reader = reader
        self.name = str(reader.segment().segment_id())
        self.size: int = reader.doc_count_all()
        self.ranks: list[int] = known.ranks if known else list(reader.column_reader("rank"))
        live = {number for number in range(self.size) if not reader.is_deleted(number)}
        self._positions = self.documents("state", POSITION)
        self.everything = live - self._positions

    def positions(self) -> list[int]:
        return [int(self.reader.stored_fields(number)["position"]) for number in self._positions]

    def documents(self, field: str, term: str) -> set[int]:
        if (field, term) not in self.reader:
            return set()
        return set(self.reader.postings(field, term).all_ids())

    def frequency(self, field: str, term: str) -> int:
        return int(self.reader.doc_frequency(field, term))

    def length(self, field: str) -> int:
        return int(self.reader.field_length(field))

    def weights(self, field: str, term: str) -> list[tuple[int, float]]:
        if (field, term) not in self.reader:
            return []
        postings, found = self.reader.postings(field, term), []
        while postings.is_active():
            found.append((postings.id(), postings.weight()))
            postings.next()
        return found

    def counted(self, field: str, found: set[int]) -> dict[str, int]:
        counts = {text: len(found & self.documents(field, text)) for text in self._texts(field, "")}
        return {text: count for text, count in counts.items() if count}

    def matching(self, query: Query) -> set[int]:
        match query:
            case Everything():
                return self.everything
            case Term(field=field, term=term):
                return self.documents(field, term)
            case Sequence(field=field, terms=terms):
                return self._in_a_row(field, terms)
            case Prefix(field=field, prefix=prefix):
                return self._any(field, self._texts(field, prefix))
            case Fuzzy(field=field, term=term):
                return self._any(field, {*self.reader.terms_within(field, term, 1), *swapped(term)})
            case Span(since=since, until=until):
                first = 0 if since is None else rank(since)
                end = math.inf if until is None else rank(until)
                return {number for number in self.everything if first <= self.ranks[number] < end}
            case Among(seqs=seqs):
                return self._any("seq", map(str, seqs))
            case Not(part=part):
                return self.everything - self.matching(part)
            case And(parts=parts):
                return set.intersection(*map(self.matching, parts))
            case Or(parts=parts):
                return set.union(*map(self.matching, parts))
            case _:
                assert_never(query)

    def _texts(self, field: str, prefix: str) -> list[str]:
        return [text.decode() for text in self.reader.expand_prefix(field, prefix)]

    def _any(self, field: str, terms: Iterable[str]) -> set[int]:
        return set().union(*(self.documents(field, term) for term in terms))

    def _in_a_row(self, field: str, terms: tuple[str, ...]) -> set[int]:
        found = set.intersection(*(self.documents(field, term) for term in set(terms)))
        starts: dict[int, set[int]] = defaultdict(set)
        for step, term in enumerate(terms):
            postings = self.reader.postings(field, term) if found else None
            still: set[int] = set()
            for number in sorted(found):
                assert postings is not None
                postings.skip_to(number)
                here = {at - step for at in postings.value_as("positions")}
                starts[number] = here if step == 0 else starts[number] & here
                if starts[number]:
                    still.add(number)
            found = still
        return found

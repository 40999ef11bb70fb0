"""Whoosh: search in pure Python, for boxes where Tantivy's wheel does not install and mail is counted in thousands.

Whoosh keeps the terms; which messages a query finds is worked out here, as sets of document numbers, segment by segment.
"""

import heapq
import math
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from index.backend import Sort
from index.backends.whoosh_segment import POSITION, Segment
from index.document import Document, Facets, Hit, Page
from index.errors import IndexBusy
from index.paging import RELEVANT_HITS, mark_of, page_by_date, page_by_relevance, start_of
from index.query import Query, Term
from index.terms import (
    FACETS,
    KEYS,
    STEMS,
    TEXTS,
    VOCABULARY,
    Terms,
    counted,
    distinct_terms,
    facets_of,
    seq_of,
)
from index.tree import wanted

with (
    warnings.catch_warnings()
):  # the source of whoosh-reloaded 2.7.5 has invalid escapes, told when it is compiled
    warnings.simplefilter("ignore", SyntaxWarning)
    warnings.simplefilter("ignore", DeprecationWarning)
    import whoosh.analysis
    import whoosh.columns
    import whoosh.fields
    import whoosh.formats
    import whoosh.index
    import whoosh.reading
    import whoosh.writing

_BETWEEN: Final = (
    "\x1f"  # stands between the values of a key field; ``shown`` and ``fold_value`` leave none inside
)
_MEMORY_MB: Final = 256
_SIBLINGS: Final = 10  # segments of one order of magnitude before they are merged


class WhooshBackend:
    """An index in ``place``; ``create`` makes an empty one first."""

    def __init__(self, place: Path, *, writer: bool = False) -> None:
        self._place = place
        self._writes = writer
        self._index = whoosh.index.open_dir(str(place), schema=_schema())
        self._segments: list[Segment] = []
        self._generation = None
        self.refresh()

    @staticmethod
    def create(place: Path) -> None:
        """Make an empty index in an existing empty directory."""
        whoosh.index.create_in(str(place), _schema()).close()

    def write(self, documents: Iterable[Document], position: int, gone: Iterable[int] = ()) -> None:
        writer = self._open_writer()
        try:
            for seq in gone:
                self._delete(writer, "seq", str(seq))
            for terms in distinct_terms(documents):
                self._delete(writer, "seq", str(terms.seq))
                writer.add_document(**_entry(terms))
            self._delete(writer, "state", POSITION)
            writer.add_document(state=POSITION, position=position)
        except BaseException:
            writer.cancel()
            raise
        writer.commit(mergetype=_merge_siblings)
        self.refresh()

    def position(self) -> int:
        found = [at for segment in self._segments for at in segment.positions()]
        return max(found, default=0)

    def refresh(self) -> None:
        generation = self._index.latest_generation()
        if generation == self._generation:
            return
        known = {segment.name: segment for segment in self._segments}
        self._segments = [
            Segment(leaf, known.get(str(leaf.segment().segment_id())))
            for leaf, _ in self._index.reader().leaf_readers()
            if leaf.doc_count_all()
        ]
        self._generation = generation

    def search(
        self, query: Query, *, limit: int = 20, sort: Sort = "newest", after: str | None = None
    ) -> Page:
        found = [(segment, segment.matching(query)) for segment in self._segments]
        if sort == "relevance":
            start, newest = start_of(after)
            if newest is None:
                newest = max(
                    (seq_of(one.ranks[number]) for one in self._segments for number in one.everything),
                    default=0,
                )
            hits = [hit for hit in self._scored(query, found) if hit.seq <= newest]
            shown = hits[start : min(start + limit, RELEVANT_HITS)]
            return page_by_relevance(shown, start=start, newest=newest, total=len(hits))
        mark, total = mark_of(after, sort), sum(len(numbers) for _, numbers in found)
        ranks = (segment.ranks[number] for segment, numbers in found for number in numbers)
        if sort == "newest":
            most = heapq.nlargest(limit + 1, (one for one in ranks if mark is None or one < mark))
        else:
            most = heapq.nsmallest(limit + 1, (one for one in ranks if mark is None or one > mark))
        return page_by_date(most, limit=limit, total=total, sort=sort)

    def facets(self, query: Query, fields: tuple[str, ...], *, limit: int = 20) -> Facets:
        counts: dict[str, Counter[str]] = {field: Counter() for field in fields}
        ends = list[int]()
        for segment in self._segments:
            found = segment.matching(query)
            ranks = [segment.ranks[number] for number in found]
            ends += [end(ranks) for end in (min, max) if ranks]
            for field in fields:
                counts[field].update(segment.counted(f"{field}_shown", found))
        return facets_of(counts, ends, limit)

    def spans(self, query: Query, bounds: list[int]) -> tuple[int, ...]:
        found = ((segment, segment.matching(query)) for segment in self._segments)
        return counted(
            sorted(segment.ranks[number] for segment, numbers in found for number in numbers), bounds
        )

    def count(self) -> int:
        return sum(len(segment.everything) for segment in self._segments)

    def clear(self) -> None:
        self._open_writer().commit(mergetype=whoosh.writing.CLEAR)
        self.refresh()

    def close(self) -> None:
        self._segments = []
        self._index.close()

    def _open_writer(self) -> Any:
        if not self._writes:
            raise RuntimeError("this index was opened for reading")
        try:
            return self._index.writer(limitmb=_MEMORY_MB)
        except whoosh.index.LockError as error:
            raise IndexBusy(f"Another process writes the search index in {self._place}") from error

    def _delete(self, writer: Any, field: str, term: str) -> None:
        base = 0
        for (
            segment
        ) in self._segments:  # the writer counts documents through the same segments in the same order
            for number in segment.documents(field, term):
                writer.delete_document(base + number)
            base += segment.size

    def _scored(self, query: Query, found: "list[tuple[Segment, set[int]]]") -> list[Hit]:
        """Return hits by BM25 over the words asked for, the newest first among equals."""
        leaves = [leaf for leaf in wanted(query) if isinstance(leaf, Term) and leaf.field in (*TEXTS, *STEMS)]
        documents = max(1, self.count())
        scores: dict[int, float] = {
            segment.ranks[number]: 0.0 for segment, numbers in found for number in numbers
        }
        for leaf in leaves:
            holders = sum(segment.frequency(leaf.field, leaf.term) for segment in self._segments)
            rarity = math.log(1 + (documents - holders + 0.5) / (holders + 0.5))
            mean = sum(segment.length(leaf.field) for segment in self._segments) / documents or 1.0
            for segment, numbers in found:
                for number, weight in segment.weights(leaf.field, leaf.term):
                    if number in numbers:
                        length = segment.reader.doc_field_length(number, leaf.field, 0) / mean
                        scores[segment.ranks[number]] += (
                            rarity * weight * 2.2 / (weight + 1.2 * (0.25 + 0.75 * length))
                        )
        ordered = sorted(scores.items(), key=lambda pair: (pair[1], pair[0]), reverse=True)
        return [Hit(seq=seq_of(ranked), score=score) for ranked, score in ordered]


def _merge_siblings(writer: Any, segments: list[Any]) -> list[Any]:
    """Merge segments of one size when there are many, so that each document is merged a few times only.

    Whoosh's own policy merges at nearly every commit, up to 16 seconds for 100 documents at 20,000.
    """
    by_size: dict[int, list[Any]] = defaultdict(list)
    for segment in segments:
        by_size[len(str(segment.doc_count_all()))].append(segment)
    crowded = [segment for siblings in by_size.values() if len(siblings) >= _SIBLINGS for segment in siblings]
    for segment in crowded:
        reader = whoosh.reading.SegmentReader(writer.storage, writer.schema, segment)
        writer.add_reader(reader)
        reader.close()
    return [segment for segment in segments if segment not in crowded]


def _schema() -> Any:
    fields = whoosh.fields
    words = whoosh.analysis.RegexTokenizer(r"[^ ]+")
    values = whoosh.analysis.RegexTokenizer(f"[^{_BETWEEN}]+")
    schema = fields.Schema(
        seq=fields.ID(), state=fields.ID(), position=fields.STORED(),
        rank=fields.COLUMN(whoosh.columns.NumericColumn("Q")),
    )  # fmt: skip
    for field in TEXTS:
        schema.add(field, fields.TEXT(analyzer=words, phrase=True))
    for field in STEMS:
        schema.add(field, fields.TEXT(analyzer=words, phrase=False))
    schema.add(VOCABULARY, fields.FieldType(whoosh.formats.Existence(), words, scorable=False))
    for field in (*KEYS, *(f"{facet}_shown" for facet in FACETS)):
        schema.add(field, fields.FieldType(whoosh.formats.Existence(), values, scorable=False))
    return schema


def _entry(terms: Terms) -> dict[str, Any]:
    entry: dict[str, Any] = {"seq": str(terms.seq), "rank": terms.rank}
    entry |= {field: text for field, text in terms.texts.items() if text}
    entry |= {field: _BETWEEN.join(keys) for field, keys in terms.keys.items() if keys}
    entry |= {f"{field}_shown": _BETWEEN.join(shown) for field, shown in terms.facets.items() if shown}
    return entry

"""Tantivy: the embedded default. A Rust library in this process; files are memory-mapped, readers never wait."""

from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, assert_never

import tantivy
from tantivy import Occur, Order

from index.backend import Sort
from index.document import Document, Facets, Hit, Page
from index.errors import IndexBusy
from index.paging import RELEVANT_HITS, mark_of, page_by_date, page_by_relevance, start_of
from index.query import Among, And, Everything, Fuzzy, Not, Or, Prefix, Query, Sequence, Span, Term
from index.terms import FACETS, KEYS, STEMS, TEXTS, VOCABULARY, Terms, distinct_terms, rank, second_of, seq_of

_HEAP_BYTES: Final = 64_000_000
_FACET_VALUES: Final = 10_000  # counted per field before the most frequent are chosen
_POSITION: Final = "position"


class TantivyBackend:
    """An index in ``place``; ``create`` makes an empty one first.

    One more document than messages stands in it: the position, replaced in each commit. It has no rank.
    """

    def __init__(self, place: Path, *, writer: bool = False) -> None:
        self._place = place
        self._schema = _schema()
        if not place.is_dir() or not tantivy.Index.exists(str(place)):
            raise FileNotFoundError("its files are gone")
        self._index = tantivy.Index(self._schema, path=str(place), reuse=True)
        _register(self._index)
        self._index.config_reader(reload_policy="manual", num_warmers=0)
        self._everything = tantivy.Query.boolean_query(
            [
                (Occur.Must, tantivy.Query.all_query()),
                (Occur.MustNot, tantivy.Query.term_query(self._schema, "state", _POSITION)),
            ]
        )
        self.refresh()
        self.position()
        self._writer = self._open_writer() if writer else None
        self._highest = self._highest_seq() if writer else -1

    @staticmethod
    def create(place: Path) -> None:
        """Make an empty index in an existing empty directory."""
        tantivy.Index(_schema(), path=str(place), reuse=False)

    def write(self, documents: Iterable[Document], position: int, gone: Iterable[int] = ()) -> None:
        writer = self._writer
        if writer is None:
            raise RuntimeError("this index was opened for reading")
        highest = self._highest
        try:
            for seq in gone:
                writer.delete_documents_by_term("seq", seq)
            for terms in distinct_terms(documents):
                if terms.seq <= self._highest:  # what is new replaces nothing, which keeps commits short
                    writer.delete_documents_by_term("seq", terms.seq)
                highest = max(highest, terms.seq)
                writer.add_document(_entry(terms, self._schema))
            writer.delete_documents_by_term("state", _POSITION)
            writer.add_document(
                tantivy.Document.from_dict({"state": _POSITION, "position": position}, self._schema)
            )
            writer.commit()
        except BaseException:
            writer.rollback()
            raise
        self._highest = highest
        self.refresh()

    def position(self) -> int:
        place = self._position_place()
        return 0 if place is None else int(self._searcher.doc(place)["position"][0])

    def refresh(self) -> None:
        self._index.reload()
        self._searcher = self._index.searcher()

    def search(
        self, query: Query, *, limit: int = 20, sort: Sort = "newest", after: str | None = None
    ) -> Page:
        if sort == "relevance":
            return self._by_relevance(query, limit, *start_of(after))
        return self._by_date(query, limit, sort, mark_of(after, sort))

    def facets(self, query: Query, fields: tuple[str, ...], *, limit: int = 20) -> Facets:
        asked = {
            field: {
                "terms": {"field": f"{field}_shown", "size": _FACET_VALUES, "segment_size": _FACET_VALUES}
            }
            for field in fields
        }
        ends = {"first": {"min": {"field": "rank"}}, "last": {"max": {"field": "rank"}}}
        counted = self._searcher.aggregate(self._translate(query), asked | ends)
        first, last = (counted[end]["value"] for end in ends)
        return Facets(
            values={field: _most(counted[field]["buckets"], limit) for field in fields},
            first=None if first is None else second_of(first),
            last=None if last is None else second_of(last),
        )

    def spans(self, query: Query, bounds: list[int]) -> tuple[int, ...]:
        if len(bounds) < 2:
            return ()
        # a bound's lower bits are empty, so that it is exact in the floating point numbers of an aggregation
        ranges = [
            {"key": str(place), "from": float(rank(since)), "to": float(rank(until))}
            for place, (since, until) in enumerate(pairwise(bounds))
        ]
        asked = {"spans": {"range": {"field": "rank", "ranges": ranges}}}
        found = self._searcher.aggregate(self._translate(query), asked)["spans"]["buckets"]
        counts = {str(bucket["key"]): int(bucket["doc_count"]) for bucket in found}
        return tuple(counts.get(str(place), 0) for place in range(len(ranges)))

    def count(self) -> int:
        return self._searcher.num_docs - (self._position_place() is not None)

    def clear(self) -> None:
        if self._writer is None:
            raise RuntimeError("this index was opened for reading")
        self._writer.delete_all_documents()
        self._writer.commit()
        self._highest = -1
        self.refresh()

    def close(self) -> None:
        if self._writer is not None:
            writer, self._writer = self._writer, None
            writer.wait_merging_threads()

    def _by_date(self, query: Query, limit: int, sort: Sort, mark: int | None) -> Page:
        order = Order.Desc if sort == "newest" else Order.Asc
        wanted = self._translate(query)
        rest = wanted
        if mark is not None:
            beyond = self._ranks(None, mark) if sort == "newest" else self._ranks(mark + 1, None)
            rest = tantivy.Query.boolean_query([(Occur.Must, wanted), (Occur.Must, beyond)])
        found = self._searcher.search(rest, limit + 1, count=mark is None, order_by_field="rank", order=order)
        total: int = found.count if mark is None else self._count(wanted)  # type: ignore[attr-defined]
        return page_by_date([ranked for ranked, _ in found.hits], limit=limit, total=total, sort=sort)

    def _by_relevance(self, query: Query, limit: int, start: int, newest: int | None) -> Page:
        wanted = self._translate(query)
        if newest is None:
            newest = self._highest_seq()
        else:
            known = tantivy.Query.range_query(
                self._schema, "seq", tantivy.FieldType.Integer, lower_bound=0, upper_bound=newest
            )
            wanted = tantivy.Query.boolean_query(
                [(Occur.Must, wanted), (Occur.Must, tantivy.Query.const_score_query(known, 0.0))]
            )
        room = max(0, min(limit, RELEVANT_HITS - start))
        found = self._searcher.search(wanted, max(room, 1), count=True, offset=start)
        ranks = self._searcher.fast_field_values("rank", [place for _, place in found.hits])
        hits = [
            Hit(seq=seq_of(int(ranked or 0)), score=score)
            for ranked, (score, _) in zip(ranks, found.hits, strict=True)
        ]
        return page_by_relevance(hits[:room], start=start, newest=max(newest, 0), total=found.count)  # type: ignore[attr-defined]

    def _position_place(self) -> tantivy.DocAddress | None:
        query = tantivy.Query.term_query(self._schema, "state", _POSITION)
        hits = self._searcher.search(query, 1, count=False).hits
        return hits[0][1] if hits else None

    def _count(self, query: tantivy.Query) -> int:
        found = self._searcher.search(query, 1, count=True, order_by_field="rank")
        return int(found.count)  # type: ignore[attr-defined]

    def _highest_seq(self) -> int:
        hits = self._searcher.search(self._everything, 1, count=False, order_by_field="seq").hits
        return int(hits[0][0]) if hits else -1

    def _open_writer(self) -> tantivy.IndexWriter:
        try:
            return self._index.writer(_HEAP_BYTES, 1)
        except ValueError as error:
            if "LockBusy" in str(error):
                raise IndexBusy(f"Another process writes the search index in {self._place}") from error
            raise

    def _ranks(self, first: int | None, end: int | None) -> tantivy.Query:
        return tantivy.Query.range_query(
            self._schema,
            "rank",
            tantivy.FieldType.Unsigned,
            lower_bound=first,
            upper_bound=end,
            include_upper=end is None,
        )

    def _translate(self, query: Query) -> tantivy.Query:
        make = tantivy.Query
        match query:
            case Everything():
                return self._everything
            case Term(field=field, term=term):
                return make.term_query(self._schema, field, term, "freq" if field in STEMS else "basic")
            case Sequence(field=field, terms=terms):
                return make.phrase_query(self._schema, field, list(terms))
            case Prefix(field=field, prefix=prefix):
                return make.fuzzy_term_query(self._schema, field, prefix, 0, prefix=True)
            case Fuzzy(field=field, term=term):
                return make.fuzzy_term_query(self._schema, field, term, 1)
            case Span(since=since, until=until):
                return self._ranks(
                    rank(0) if since is None else rank(since), None if until is None else rank(until)
                )
            case Among(seqs=seqs):
                return make.term_set_query(self._schema, "seq", sorted(seqs)) if seqs else make.empty_query()
            case Not():
                return make.boolean_query(
                    [(Occur.Must, self._everything), (Occur.MustNot, self._translate(query.part))]
                )
            case And(parts=parts):
                return self._all(parts)
            case Or(parts=parts):
                return make.boolean_query([(Occur.Should, self._translate(part)) for part in parts])
            case _:
                assert_never(query)

    def _all(self, parts: tuple[Query, ...]) -> tantivy.Query:
        clauses = [
            (Occur.MustNot, self._translate(part.part))
            if isinstance(part, Not)
            else (Occur.Must, self._translate(part))
            for part in parts
        ]
        if all(occur is Occur.MustNot for occur, _ in clauses):
            clauses.append((Occur.Must, self._everything))
        return tantivy.Query.boolean_query(clauses)


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_integer_field(
        "seq", indexed=True, fast=True
    )  # delete_documents_by_term finds no unsigned terms
    builder.add_unsigned_field("rank", fast=True)
    for field in TEXTS:
        builder.add_text_field(field, tokenizer_name="terms", index_option="position")
    for field in STEMS:
        builder.add_text_field(field, tokenizer_name="terms", index_option="freq")
    builder.add_text_field(VOCABULARY, tokenizer_name="terms", index_option="basic")
    for field in KEYS:
        builder.add_text_field(field, tokenizer_name="raw", index_option="basic")
    for field in FACETS:
        builder.add_text_field(f"{field}_shown", fast=True, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("state", tokenizer_name="raw", index_option="basic")
    builder.add_unsigned_field("position", stored=True)
    return builder.build()


def _register(index: tantivy.Index) -> None:
    spaces = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()
    index.register_tokenizer("terms", spaces)


def _entry(terms: Terms, schema: tantivy.Schema) -> tantivy.Document:
    values: dict[str, list[Any]] = {"seq": [terms.seq], "rank": [terms.rank]}
    values |= {field: [text] for field, text in terms.texts.items() if text}
    values |= {field: list(keys) for field, keys in terms.keys.items() if keys}
    values |= {f"{field}_shown": list(shown) for field, shown in terms.facets.items() if shown}
    return tantivy.Document.from_dict(values, schema)


def _most(buckets: list[dict[str, Any]], limit: int) -> tuple[tuple[str, int], ...]:
    pairs = [(str(bucket["key"]), int(bucket["doc_count"])) for bucket in buckets]
    return tuple(sorted(pairs, key=lambda pair: (-pair[1], pair[0]))[:limit])

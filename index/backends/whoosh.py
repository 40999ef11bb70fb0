"""Whoosh: search in pure Python, for boxes where Tantivy's wheel does not install and mail is counted in thousands."""

import heapq
import warnings
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, assert_never

from index.backend import Sort
from index.document import Document, Hit, Page
from index.errors import IndexBusy, IndexDamaged
from index.fuzzy import swapped
from index.paging import RELEVANT_HITS, mark_of, page_by_date, page_by_relevance
from index.query import And, Everything, Fuzzy, Not, Or, Prefix, Query, Sequence, Span, Term
from index.terms import FACETS, KEYS, STEMS, TEXTS, Terms, rank, seq_of, terms_of

with warnings.catch_warnings():  # whoosh-reloaded 2.7.5 has invalid escapes in its source, told on first compilation
    warnings.simplefilter("ignore", SyntaxWarning)
    warnings.simplefilter("ignore", DeprecationWarning)
    import whoosh.analysis
    import whoosh.fields
    import whoosh.filedb.filestore
    import whoosh.formats
    import whoosh.index
    import whoosh.query
    import whoosh.searching
    import whoosh.writing

_POSITION: Final = "position"
_SEPARATOR: Final = "\x1f"
_HEAP_MB: Final = 256
_MERGE_DOCUMENTS: Final = 500  # a smaller commit adds a segment and is fast; this many segments' worth is merged

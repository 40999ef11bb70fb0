"""All messages that a query finds, found once, so that mail which comes meanwhile shifts nothing, and read page by page."""

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from gateway.mail.canonical import canonical
from gateway.mail.entry import Draft
from gateway.mail.uid_sets import compact
from gateway.store import messages
from gateway.store.engine import Store
from gateway.store.records import MessageRow
from index.backend import Backend, Sort
from index.query import Query

Form = Literal["csv", "jsonl", "eml-zip"]
FORMS: dict[Form, tuple[str, str]] = {  # how the file's name ends, and its type
    "csv": ("csv", "text/csv; charset=utf-8"),
    "jsonl": ("jsonl", "application/x-ndjson"),
    "eml-zip": ("zip", "application/zip"),
}
_PAGE = 50  # messages, each with its text, in memory at once
_FOUND = 1000  # numbers of messages that are asked for at once


def found_by(index: Backend, query: Query, sort: Sort = "newest") -> "array[int]":
    """Return the numbers of all messages that a query finds, in order; eight bytes each."""
    found, after = array("q"), None
    while True:
        page = index.search(query, limit=_FOUND, sort=sort, after=after)
        found.extend(hit.seq for hit in page.hits)
        if (after := page.after) is None:
            return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a query found, in the order asked for; ``text`` is the query as it was typed."""

    text: str
    seqs: Sequence[int]

    def rows(self, store: Store) -> Iterator[MessageRow]:
        """Yield every message found; what was erased since is left out."""
        for start in range(0, len(self.seqs), _PAGE):
            yield from rows_of(store, list(self.seqs[start : start + _PAGE]))

    def draft(self, form: Form, agent: str, *, reason: str = "", source: str) -> Draft:
        """Return the entry that says who took this result and what was in it; archived before a byte leaves."""
        taken = {
            "agent": agent,
            "form": form,
            "holds": compact(self.seqs),
            "query": self.text,
            "reason": reason,
            "messages": len(self.seqs),
        }
        return Draft(type="export", payload=canonical(taken), meta={"source": source})


def rows_of(store: Store, seqs: list[int]) -> Iterator[MessageRow]:
    """Return messages in the order asked for, read at once, so that no statement is open while a slow reader takes them."""
    with store.read() as conn:
        found = messages.messages(conn, seqs)
    return iter(found.values())

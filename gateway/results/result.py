"""All messages that a query finds, walked page by page, so that mail which comes meanwhile shifts nothing and memory stays small."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from gateway.mail.canonical import canonical
from gateway.mail.entry import Draft
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A query's messages, the newest or the oldest first; ``text`` is the query as it was typed."""

    query: Query
    text: str
    sort: Sort = "newest"

    def rows(self, store: Store, index: Backend) -> Iterator[MessageRow]:
        """Yield every message found; what was erased since it was indexed is left out."""
        after, sort = None, self.sort
        while True:
            page = index.search(self.query, limit=_PAGE, sort=sort, after=after)
            yield from rows_of(store, [hit.seq for hit in page.hits])
            if (after := page.after) is None:
                return

    def draft(self, index: Backend, form: Form, agent: str, *, reason: str = "", source: str) -> Draft:
        """Return the entry that says who took this result and how many messages it had; archived before a byte leaves."""
        taken = {
            "agent": agent,
            "form": form,
            "query": self.text,
            "reason": reason,
            "messages": index.search(self.query, limit=1).total,
        }
        return Draft(type="export", payload=canonical(taken), meta={"source": source})


def rows_of(store: Store, seqs: list[int]) -> Iterator[MessageRow]:
    """Return messages in the order asked for, read at once, so that no statement is open while a slow reader takes them."""
    with store.read() as conn:
        found = messages.messages(conn, seqs)
    return iter(found.values())

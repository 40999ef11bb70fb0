"""The front page: one box, and what it finds."""

from dataclasses import dataclass
from typing import get_args
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.store import fold, messages
from gateway.store.orders import recent_orders
from gateway.store.records import MessageRow, OrderRow
from gateway.web.reads import text_of
from gateway.web.render import page
from gateway.web.site import Site
from index.backend import Sort
from index.query import Query, QueryError, parse_query
from index.snippet import Piece, snippets

_SHOWN = 30
_LONGEST = 1000
_WIDTH = 120
_BEHIND = 100  # entries: fewer are a stream of mail that is being taken in
_FACETS = {
    "direction": ("in", "Direction"),
    "marketplace": ("marketplace", "Marketplace"),
    "kind": ("kind", "Kind"),
    "tag": ("tag", "Tag"),
    "mailbox": ("mailbox", "Mailbox"),
    "agent": ("agent", "Agent"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One result: the message and the passage that was found."""

    row: MessageRow
    pieces: list[Piece]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One value of a facet, and the query that narrows to it or, where it is chosen, widens again."""

    value: str
    count: int
    chosen: bool
    query: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A page of results. ``more`` is the address of the next page, ``total`` is exact, ``behind`` are entries not found yet."""

    lines: list[Line]
    total: int
    more: str
    facets: list[tuple[str, list[Choice]]]
    archived: int
    behind: int
    orders: list[OrderRow]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """What is wrong with a query, and where: ``caret`` is as many spaces as stand before it."""

    said: str
    query: str
    caret: str


async def search(request: Request) -> Response:
    site: Site = request.app.state.site
    text = request.query_params.get("q", "")[:_LONGEST]
    sort: Sort = _sort_of(request.query_params.get("sort", ""))
    after = request.query_params.get("after") or None
    wants_part = "hx-request" in request.headers and "hx-history-restore-request" not in request.headers
    found, wrong = None, None
    try:
        query = parse_query(text, tz=site.zone)
    except QueryError as error:
        wrong = Wrong(said=error.message, query=text, caret=" " * max(0, error.column - 1))
    else:
        found = await run_in_threadpool(find, site, query, text=text, sort=sort, after=after)
    if wants_part and after and found:
        return page(request, "rows.html", found=found, text=text, sort=sort)
    name = "results.html" if wants_part else "search.html"
    # htmx does not swap in an answer that says 400; a person who types on would see old results instead.
    status = 400 if wrong and not wants_part else 200
    return page(request, name, status=status, text=text, sort=sort, found=found, wrong=wrong)


def find(site: Site, query: Query, *, text: str, sort: Sort, after: str | None) -> Found:
    """Return one page of results with what a reader needs to go on."""
    site.index.refresh()
    try:
        hits = site.index.search(query, limit=_SHOWN, sort=sort, after=after)
    except ValueError:  # the address names a place in some other listing: start at the beginning
        hits = site.index.search(query, limit=_SHOWN, sort=sort)
    with site.store.read() as conn:
        rows = messages.messages(conn, [hit.seq for hit in hits.hits])
        orders = [] if text or after else recent_orders(conn, 8)
        behind = site.archive.head() - min(fold.position(conn), site.index.position())
    more = urlencode({"q": text, "sort": sort, "after": hits.after}) if hits.after else ""
    return Found(
        lines=[
            Line(row=row, pieces=snippets(query, text_of(site, row), width=_WIDTH)) for row in rows.values()
        ],
        total=hits.total,
        more=f"/?{more}" if more else "",
        facets=[] if after else _facets(site, query, text),
        archived=site.index.count(),
        behind=behind if behind > _BEHIND else 0,
        orders=orders,
    )


def _facets(site: Site, query: Query, text: str) -> list[tuple[str, list[Choice]]]:
    counts = site.index.facets(query, tuple(_FACETS), limit=8)
    found = []
    for name, (field, title) in _FACETS.items():
        choices = [_choice(field, value, count, text) for value, count in counts.get(name, ()) if value]
        if choices:
            found.append((title, choices))
    return found


def _choice(field: str, value: str, count: int, text: str) -> Choice:
    term = f'{field}:"{value}"' if any(char in value for char in ' "()') else f"{field}:{value}"
    words = text.split(" ")
    chosen = term in words
    if chosen:
        query = " ".join(word for word in words if word != term)
    else:
        query = f"({text}) {term}" if "OR" in words else f"{text.strip()} {term}".strip()
    return Choice(value=value, count=count, chosen=chosen, query=query)


def _sort_of(name: str) -> Sort:
    known: dict[str, Sort] = {sort: sort for sort in get_args(Sort)}
    return known.get(name, "newest")


ROUTES = [Route("/", search, methods=["GET"], name="search")]

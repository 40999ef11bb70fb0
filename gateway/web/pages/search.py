"""The front page: one box, and what it finds."""

import contextlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import get_args
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.store import fold, messages
from gateway.store.orders import recent_orders
from gateway.store.records import MessageRow, OrderRow
from gateway.store.searches import Saved, Searches
from gateway.store.waits import waits_in
from gateway.tongue import _
from gateway.web.histogram import Histogram, histogram
from gateway.web.narrowing import FACETS, Choice, choices_of
from gateway.web.reads import texts_of
from gateway.web.render import page
from gateway.web.site import Site
from index.backend import Sort
from index.document import Facets
from index.query import Query, QueryError, parse_query
from index.snippet import Piece, snippets

_SHOWN = 30
_WIDTH = 120
_SAVED = 20  # searches beside the results
_COUNTED = 8  # of them with a count, each of which is a search
_BEHIND = 100  # entries: fewer are a stream of mail that is being taken in


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One result: the message, its subject and the passage that was found, with what was looked for in them."""

    row: MessageRow
    subject: list[Piece]
    pieces: list[Piece]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A page of results. ``more`` is the address of the next page, ``total`` is exact, ``behind`` are entries not found yet."""

    lines: list[Line]
    total: int
    more: str
    facets: list[tuple[str, list[Choice]]]
    bars: Histogram | None
    archived: int
    behind: int
    orders: list[OrderRow]
    saved: list[tuple[Saved, int | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """What is wrong with a query, and where: ``caret`` is as many spaces as stand before it."""

    said: str
    query: str
    caret: str


async def search(request: Request) -> Response:
    site: Site = request.app.state.site
    text = request.query_params.get("q", "")
    sort: Sort = sort_of(request.query_params.get("sort", ""))
    after = request.query_params.get("after") or None
    wants_part = "hx-request" in request.headers and "hx-history-restore-request" not in request.headers
    found, wrong = None, None
    try:
        query = parse_query(text, tz=site.zone, waits=waits_in(site.store, site.clock))
    except QueryError as error:
        wrong = Wrong(said=_(error.text) % error.values, query=text, caret=" " * max(0, error.column - 1))
    else:
        found = await run_in_threadpool(
            find, site, query, text=text, sort=sort, after=after, agent=request.state.agent
        )
    if wants_part and after and found:
        return page(request, "rows.html", found=found, text=text, sort=sort)
    name = "results.html" if wants_part else "search.html"
    # htmx does not swap in an answer that says 400; a person who types on would see old results instead.
    status = 400 if wrong and not wants_part else 200
    return page(request, name, status=status, text=text, sort=sort, found=found, wrong=wrong)


def find(site: Site, query: Query, *, text: str, sort: Sort, after: str | None, agent: str) -> Found:
    """Return one page of results with what a reader needs to go on."""
    site.index.refresh()
    try:
        hits = site.index.search(query, limit=_SHOWN, sort=sort, after=after)
    except ValueError:  # the address names a place in some other listing: start at the beginning
        hits = site.index.search(query, limit=_SHOWN, sort=sort)
    told = None if after else site.index.facets(query, FACETS, limit=8)
    with site.store.read() as conn:
        rows = messages.messages(conn, [hit.seq for hit in hits.hits])
        orders = [] if text or after else recent_orders(conn, 8)
        behind = site.archive.head() - min(fold.position(conn), site.index.position())
    texts = texts_of(site, rows.values())
    more = urlencode({"q": text, "sort": sort, "after": hits.after}) if hits.after else ""
    return Found(
        lines=[
            Line(
                row=row,
                subject=snippets(query, row.subject, width=len(row.subject)),
                pieces=snippets(query, text, width=_WIDTH),
            )
            for row, text in zip(rows.values(), texts, strict=True)
        ],
        total=hits.total,
        more=f"/?{more}" if more else "",
        facets=choices_of(told.values, text) if told else [],
        bars=_bars(site, query, told) if told else None,
        archived=site.index.count(),
        behind=behind if behind > _BEHIND else 0,
        orders=orders,
        saved=[] if after else _saved(site, agent),
    )


def searches_of(site: Site) -> Searches:
    return Searches(site.accounts.store, site.clock, site.act, "web")


def _saved(site: Site, agent: str) -> list[tuple[Saved, int | None]]:
    """Return the searches that somebody may ask again, the pinned ones with how many messages they find now."""
    found, waits = list[tuple[Saved, int | None]](), waits_in(site.store, site.clock)
    for place, one in enumerate(searches_of(site).seen_by(agent)[:_SAVED]):
        count = None
        if one.pinned and place < _COUNTED:
            with contextlib.suppress(QueryError):  # of a language that a later version reads otherwise
                count = site.index.search(parse_query(one.query, tz=site.zone, waits=waits), limit=1).total
        found.append((one, count))
    return found


def _bars(site: Site, query: Query, told: Facets) -> Histogram | None:
    if told.first is None or told.last is None:
        return None
    first, last = (datetime.fromtimestamp(end, UTC) for end in (told.first, told.last))
    return histogram(first, last, site.zone, lambda bounds: site.index.spans(query, bounds))


def sort_of(name: str) -> Sort:
    known: dict[str, Sort] = {sort: sort for sort in get_args(Sort)}
    return known.get(name, "newest")


ROUTES = [Route("/", search, methods=["GET"], name="search")]

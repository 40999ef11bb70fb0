"""The review queue: what waits for a person's word on its order, why, what it says, and a key for each answer."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.store import messages
from gateway.store.context import orders_of_alias
from gateway.store.records import MessageRow
from gateway.store.reviews import ReviewRow, causes, waiting, waiting_count
from gateway.tongue import marked
from gateway.web.reads import first_words, texts_of
from gateway.web.render import page
from gateway.web.site import Site
from gateway.web.undoing import undo_of
from rules.facts import OrderRef
from rules.review import Cause

_SHOWN = 25
_STEP = 200
_LOOKED = 2000  # rows counted by cause, and looked through for those of one
_WORDS = 400  # characters of a message
_OFFERED = 4
CAUSES: dict[Cause, str] = {
    "unlinked": marked("Linked to nothing"),
    "contradiction": marked("Contradictory"),
    "unknown": marked("Unknown order"),
    "ground": marked("Its ground is gone"),
    "possible": marked("Possible"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """A message that waits: why, what it says, and the orders that its buyer has elsewhere."""

    why: ReviewRow
    row: MessageRow
    words: str
    offered: tuple[OrderRef, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """A page of the queue, how many wait for which cause, and where the next page begins."""

    doubts: list[Doubt]
    counts: Counter[Cause]
    count: int  # in all; where more wait than are looked through, the counts by cause are of the newest
    before: tuple[datetime, int] | None


async def show_review(request: Request) -> Response:
    site: Site = request.app.state.site
    cause = next((one for one in CAUSES if one == request.query_params.get("why")), None)
    before = _place(request.query_params.get("before", ""))
    queue = await run_in_threadpool(_look, site, cause, before)
    narrowed = {"why": cause} if cause else {}
    later = {**narrowed, "before": f"{queue.before[0].isoformat()},{queue.before[1]}"} if queue.before else {}
    asked = f"?{urlencode(narrowed)}" if narrowed else ""
    undo = await run_in_threadpool(undo_of, site, request)
    return page(
        request,
        "review.html",
        queue=queue,
        cause=cause,
        causes=CAUSES,
        asked=asked,
        more=urlencode(later),
        undo=undo,
    )


def _look(site: Site, cause: Cause | None, before: tuple[datetime, int] | None) -> Queue:
    with site.store.read() as conn:
        found = list(_waiting(conn, cause, before))
        shown = found[:_SHOWN]
        rows = messages.messages(conn, [one.message for one in shown])
        offered = {seq: orders_of_alias(conn, row.alias, below=seq) for seq, row in rows.items() if row.alias}
        counts, count = causes(conn, _LOOKED), waiting_count(conn)
    known = [one for one in shown if one.message in rows]
    texts = texts_of(site, [rows[one.message] for one in known])
    doubts = [
        Doubt(
            why=one,
            row=rows[one.message],
            words=first_words(text, _WORDS),
            offered=offered.get(one.message, ())[:_OFFERED],
        )
        for one, text in zip(known, texts, strict=True)
    ]
    last = (shown[-1].occurred_at, shown[-1].message) if len(found) > _SHOWN else None
    return Queue(doubts=doubts, counts=counts, count=count, before=last)


def _waiting(
    conn: Connection, cause: Cause | None, before: tuple[datetime, int] | None
) -> Iterator[ReviewRow]:
    """Yield one more than a page of what waits for a cause, the newest first."""
    left = _SHOWN + 1
    for _ in range(_LOOKED // _STEP):
        rows = waiting(conn, _STEP, before=before)
        for one in rows:
            if cause is None or one.why[0].why == cause:
                yield one
                left -= 1
                if not left:
                    return
        if len(rows) < _STEP:
            return
        before = rows[-1].occurred_at, rows[-1].message


def _place(text: str) -> tuple[datetime, int] | None:
    """Return where a page begins; None for what is no such place.

    >>> _place("2026-11-23T08:16:30+00:00,7")[1], _place("yesterday,7"), _place("2026-11-23,7")
    (7, None, None)
    """
    at, _, seq = text.partition(",")
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        return None
    ok = moment.tzinfo is not None and seq.isascii() and seq.isdigit() and len(seq) < 16
    return (moment, int(seq)) if ok else None


ROUTES = [Route("/review", show_review, methods=["GET"])]

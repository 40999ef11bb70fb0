"""What is new, for pages that stay open: server-sent events with the counts of the boards, and one order's new entries."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from dataclasses import asdict
from http import HTTPStatus

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from gateway.store.orders import events_of
from gateway.tongue import _
from gateway.web.pages.order import ref_of
from gateway.web.pulse import Counts, Pulse
from gateway.web.render import page
from gateway.web.site import Site
from rules.facts import OrderRef

_LOOK_S = 1.0
_SIGN_S = 15  # looks between signs of life; with each, and before each count, the session is looked at again
_LOOKS = 600  # then the browser comes again by itself, through the guard
_MOST = 300  # streams at once
_OF_ONE = 20  # of one session, whose browser asks for one each page
_TYPE = "text/event-stream"
_NUMBER = re.compile(r"[0-9]{1,15}")


async def stream(request: Request) -> Response:
    """Send the counts whenever they change (https://html.spec.whatwg.org/multipage/server-sent-events.html)."""
    state = request.app.state
    if request.method == "HEAD":
        return Response(media_type=_TYPE)
    if state.streams.total() >= _MOST or state.streams[request.state.session] >= _OF_ONE:
        raise HTTPException(
            HTTPStatus.SERVICE_UNAVAILABLE, _("Too many pages are open. This one shows no news.")
        )
    return StreamingResponse(
        _events(request, state.pulses.of(request.state.who.mailboxes)),
        media_type=_TYPE,
        headers={"x-accel-buffering": "no"},
    )


async def news(request: Request) -> Response:
    """Say how many entries of an order have come since one, or nothing where none has."""
    ref, after = ref_of(request), request.query_params.get("after", "")
    if not _NUMBER.fullmatch(after):
        raise HTTPException(HTTPStatus.BAD_REQUEST, _("Say since which entry: ?after=NUMBER"))
    count = await run_in_threadpool(_newer, request.app.state.site, ref, int(after))
    if not count:
        return Response(status_code=HTTPStatus.NO_CONTENT)
    return page(request, "news.html", ref=ref, count=count)


async def _events(request: Request, pulse: Pulse) -> AsyncIterator[str]:
    state, session = request.app.state, request.state.session
    state.streams[session] += 1
    told: Counts | None = None
    try:
        yield "retry: 5000\n\n"
        for look in range(_LOOKS):
            if state.ending() or await request.is_disconnected():
                return
            counts = pulse.known()
            if counts is None:
                counts = await run_in_threadpool(pulse.counts)
            changed, due = counts != told, look % _SIGN_S == 0
            if (changed or due) and not await run_in_threadpool(_is_open, request):
                return
            if changed:
                told = counts
                yield f"id: {counts.at}\nevent: pulse\ndata: {json.dumps(asdict(counts))}\n\n"
            if due:
                yield ": here\n\n"
            await asyncio.sleep(_LOOK_S)
    finally:
        state.streams[session] -= 1
        if not state.streams[session]:
            del state.streams[session]


def _is_open(request: Request) -> bool:
    site: Site = request.app.state.site
    return site.accounts.session(request.state.session) is not None


def _newer(site: Site, ref: OrderRef, after: int) -> int:
    with site.store.read() as conn:
        return sum(one.seq > after for one in events_of(conn, order=ref))


ROUTES = [
    Route("/live", stream, methods=["GET"]),
    Route("/news/{marketplace}/{value:path}", news, methods=["GET"]),
]

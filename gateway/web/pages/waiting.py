"""Who waits for an answer: buyers whose messages nobody has answered, the oldest first, and above them the disputes."""

from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.store import due, messages
from gateway.store.due import ClockRow
from gateway.store.records import MessageRow
from gateway.web.render import page
from gateway.web.site import Site

_MOST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """A clock, the message that started it, and how many messages of the same order wait for the same answer."""

    clock: ClockRow
    row: MessageRow
    count: int


async def show_waiting(request: Request) -> Response:
    replies, others = await run_in_threadpool(_look, request.app.state.site)
    return page(request, "waiting.html", replies=replies[:_MOST], more=len(replies[_MOST:]), others=others)


def _look(site: Site) -> tuple[list[Wait], list[Wait]]:
    """Return the buyers who wait, the longest first, and what else is due, the first due first."""
    with site.store.read() as conn:
        rows = due.running(conn)
        known = messages.messages(conn, [one.message for one in rows])
    oldest = [one for one in due.oldest_waits(rows) if one.message in known]
    waits = [Wait(clock=one, row=known[one.message], count=_together(one, rows)) for one in oldest]
    replies = [one for one in waits if due.is_reply(one.clock)]
    replies.sort(key=lambda one: (one.clock.started_at, one.clock.message))
    return replies, [one for one in waits if not due.is_reply(one.clock)]


def _together(one: ClockRow, rows: list[ClockRow]) -> int:
    if not one.orders:
        return 1
    return sum(row.name == one.name and row.orders[:1] == one.orders[:1] for row in rows)


ROUTES = [Route("/waiting", show_waiting, methods=["GET"])]

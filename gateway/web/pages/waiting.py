"""Who waits for an answer: buyers whose messages nobody has answered, the oldest first, and above them the disputes."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.store import due, messages
from gateway.store.dossiers import owners_of
from gateway.store.due import ClockRow
from gateway.store.records import MessageRow
from gateway.web.render import page
from gateway.web.site import Site
from gateway.web.undoing import undo_of

_MOST = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """A clock, the message that started it, how many messages of its order wait for the same answer, and whose it is."""

    clock: ClockRow
    row: MessageRow
    count: int
    owner: str


async def show_waiting(request: Request) -> Response:
    site: Site = request.app.state.site
    mailbox = request.query_params.get("mailbox")
    clocks = await run_in_threadpool(running, site)
    oldest = [one for one in due.oldest_waits(clocks) if mailbox is None or one.mailbox == mailbox]
    replies = sorted(filter(due.is_reply, oldest), key=lambda one: (one.started_at, one.message))
    others = [one for one in oldest if not due.is_reply(one)]
    shown = await run_in_threadpool(_look, site, [*others[:_MOST], *replies[:_MOST]], clocks)
    boxes = Counter(one.mailbox for one in due.oldest_waits(clocks))
    return page(
        request,
        "waiting.html",
        replies=[one for one in shown if due.is_reply(one.clock)],
        others=[one for one in shown if not due.is_reply(one.clock)],
        more=len(replies[_MOST:]),
        choices=sorted(boxes.items()),
        mailbox=mailbox,
        asked=f"?{urlencode({'mailbox': mailbox})}" if mailbox is not None else "",
        undo=await run_in_threadpool(undo_of, site, request),
    )


def running(site: Site) -> list[ClockRow]:
    with site.store.read() as conn:
        return due.running(conn)


def waits_of(conn: Connection, shown: Iterable[ClockRow], clocks: Sequence[ClockRow]) -> list[Wait]:
    """Return what a board shows of some clocks, in their order; ``clocks`` are all that run."""
    rows = list(shown)
    known = messages.messages(conn, [one.message for one in rows])
    owners = owners_of(conn, (one.orders[0] for one in rows if one.orders))
    together = Counter((one.name, one.orders[0]) for one in clocks if one.orders)
    return [
        Wait(
            clock=one,
            row=known[one.message],
            count=together[one.name, one.orders[0]] if one.orders else 1,
            owner=owners.get(one.orders[0], "") if one.orders else "",
        )
        for one in rows
        if one.message in known
    ]


def _look(site: Site, shown: list[ClockRow], clocks: list[ClockRow]) -> list[Wait]:
    with site.store.read() as conn:
        return waits_of(conn, shown, clocks)


ROUTES = [Route("/waiting", show_waiting, methods=["GET"])]

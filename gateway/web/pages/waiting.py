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

_MOST = 60  # of a page; who works through them begins at the top


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
    number = _number(request.query_params.get("page", ""))
    clocks = await run_in_threadpool(running, site)
    oldest = [one for one in due.oldest_waits(clocks) if mailbox is None or one.mailbox == mailbox]
    replies = sorted(filter(due.is_reply, oldest), key=lambda one: (one.started_at, one.message))
    others = [one for one in oldest if not due.is_reply(one)]
    first = [] if number else others[:_MOST]
    asked = replies[number * _MOST : (number + 1) * _MOST]
    shown = await run_in_threadpool(_look, site, [*first, *asked], clocks)
    boxes = Counter(one.mailbox for one in due.oldest_waits(clocks))
    return page(
        request,
        "waiting.html",
        replies=[one for one in shown if due.is_reply(one.clock)],
        others=[one for one in shown if not due.is_reply(one.clock)],
        number=number,
        before=_address(mailbox, number - 1),
        after=_address(mailbox, number + 1) if replies[(number + 1) * _MOST :] else "",
        more=len(replies[(number + 1) * _MOST :]),
        choices=sorted(boxes.items()),
        mailbox=mailbox,
        asked=_address(mailbox, number),
        undo=await run_in_threadpool(undo_of, site, request),
    )


def _number(said: str) -> int:
    """Return which page is asked for, counted from 0; people count from 1."""
    return max(int(said) - 1, 0) if said.isascii() and said.isdigit() and len(said) < 6 else 0


def _address(mailbox: str | None, number: int) -> str:
    told = {"mailbox": mailbox, "page": str(number + 1) if number else None}
    said = urlencode({name: value for name, value in told.items() if value is not None})
    return f"?{said}" if said else ""


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

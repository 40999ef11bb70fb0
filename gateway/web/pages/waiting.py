"""Who waits for an answer: buyers whose messages nobody has answered, the oldest first, and above them the disputes."""

from collections import Counter
from collections.abc import Sequence
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
from gateway.store.owed import Owed, owed
from gateway.store.records import MessageRow
from gateway.web.reads import first_words, texts_of
from gateway.web.render import page
from gateway.web.site import Site
from gateway.web.undoing import undo_of

_WORDS = 160  # characters of a message
_MOST = 60  # of a page; who works through them begins at the top


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """A clock, the message that started it, how many messages of its order wait for the same answer, whose it is, and how it begins."""

    clock: ClockRow
    row: MessageRow
    count: int
    owner: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """One page of who waits. ``more`` replies are on the pages after it; ``boxes`` counts what is owed by mailbox."""

    replies: list[Wait]
    others: list[Wait]
    more: int
    boxes: list[tuple[str, int]]


async def show_waiting(request: Request) -> Response:
    site: Site = request.app.state.site
    mailbox = request.query_params.get("mailbox")
    number = _number(request.query_params.get("page", ""))
    found = await run_in_threadpool(_look, site, mailbox, number)
    return page(
        request,
        "waiting.html",
        found=found,
        number=number,
        before=_address(mailbox, number - 1),
        after=_address(mailbox, number + 1) if found.more else "",
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


def _look(site: Site, mailbox: str | None, number: int) -> Board:
    with site.store.read() as conn:
        every = owed(conn)
        waits = [one for one in every if mailbox is None or one.mailbox == mailbox]
        replies = sorted(
            (one for one in waits if one.is_reply), key=lambda one: (one.started_at, one.message)
        )
        others = [] if number else [one for one in waits if not one.is_reply][:_MOST]
        asked = replies[number * _MOST : (number + 1) * _MOST]
        return Board(
            replies=_waits_of(site, conn, asked),
            others=_waits_of(site, conn, others),
            more=len(replies[(number + 1) * _MOST :]),
            boxes=sorted(Counter(one.mailbox for one in every).items()),
        )


def _waits_of(site: Site, conn: Connection, shown: Sequence[Owed]) -> list[Wait]:
    """Return what the board shows of what is owed, in its order."""
    clocks = due.clocks_on(conn, [one.message for one in shown])
    known = messages.messages(conn, [one.message for one in shown])
    owners = owners_of(conn, (one.order for one in shown if one.order))
    texts = dict(zip(known, texts_of(site, known.values()), strict=True))
    return [
        Wait(
            clock=clocks[one.message, one.name],
            row=known[one.message],
            count=one.count,
            owner=owners.get(one.order, "") if one.order else "",
            words=first_words(texts[one.message], _WORDS),
        )
        for one in shown
        if one.message in known
    ]


ROUTES = [Route("/waiting", show_waiting, methods=["GET"])]

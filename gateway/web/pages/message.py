"""One message: what it says, why it is linked, what was done about it, and its place in the log."""

import hashlib
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.dossier.timeline import Answer, answers_in, is_its_own
from gateway.mail.entry import Entry
from gateway.mail.parse import parse
from gateway.mail.passages import Passage, passages
from gateway.previews import can_be_shown
from gateway.shape import own_text
from gateway.store import messages, orders
from gateway.store.authenticity import authentic_of
from gateway.store.due import ClockRow, clocks_of, oldest_waits
from gateway.store.records import AttachmentRow, EventRow, LinkRow, MessageRow
from gateway.store.seers import Seer, seers_of
from gateway.tongue import _
from gateway.web.cleaning import Cleaned
from gateway.web.pages.frame import TANGLED
from gateway.web.reads import entry_of, header_of, mail_entry, readable, seq_of, standing, text_of
from gateway.web.render import page
from gateway.web.site import Site
from gateway.web.undoing import saved_in, undo_of
from rules.facts import Authentic

_VIEWS = ("text", "html", "headers", "source", "print")
_TEXT_CHARS = 200_000
_SOURCE_BYTES = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A message as its page shows it. Only the view that is asked for is made; ``text`` needs no parsing."""

    row: MessageRow
    links: list[list[LinkRow]]  # those that stand, by order
    undone: list[LinkRow]
    authentic: Authentic
    vouched: bool  # a trusted server took it, and nobody has looked again; the rules believe that server
    clocks: list[ClockRow]
    events: list[EventRow]
    answers: list[Answer]
    verdict: dict[str, Any]
    at: Any
    leaf_hash: str
    passages: list[Passage]
    cut: bool
    cleaned: Cleaned
    headers: tuple[tuple[str, str], ...]
    source: str
    log_size: int
    origin: str
    seers: list[Seer]
    pictures: list[AttachmentRow]


async def show_message(request: Request) -> Response:
    view = request.query_params.get("view", "text")
    view = view if view in _VIEWS else "text"
    state, seq = request.app.state, seq_of(request)
    if view == "html":
        shown: Shown = await state.cleanings.take(request, lambda: look_at(state.site, seq, view))
    else:
        shown = await run_in_threadpool(look_at, state.site, seq, view)
    # An entry the worker has not taken up yet: say so rather than show a page that seems to have lost it.
    saved, undo = saved_in(request), await run_in_threadpool(undo_of, request.app.state.site, request)
    pending = saved if undo is None and all(event.seq != saved for event in shown.events) else None
    template = "message_print.html" if view == "print" else "message.html"
    return page(
        request,
        template,
        shown=shown,
        row=shown.row,
        view=view,
        pending=pending,
        undo=undo,
        tangled=_(TANGLED),
    )


def look_at(site: Site, seq: int, view: str) -> Shown:
    """Return what the page needs; raises HTTPException where there is no such message."""
    with site.store.read() as conn:
        row = messages.message(conn, seq)
        links = orders.links_of(conn, seq)
        authentic = authentic_of(conn, [seq]).get(seq, Authentic())
        events = orders.events_of(conn, message=seq)
        clocks = oldest_waits(clocks_of(conn, seq))
        seers = seers_of(conn, seq)
    if row is None:
        mail_entry(site, seq)
        raise HTTPException(
            HTTPStatus.NOT_FOUND, _("This message has just arrived. Load the page again in a moment.")
        )
    entry = entry_of(site, seq)
    raw = readable(entry, row)
    cleaned = site.clean(raw, False) if view == "html" else Cleaned()
    text = own_text(text_of(site, row)) if view in {"text", "print"} or cleaned.tangled else ""
    return Shown(
        row=row,
        links=standing(links),
        undone=[one for one in links if one.undone_by is not None],
        authentic=authentic,
        vouched=authentic.result == "unchecked" and bool(entry.meta.get("trusted")),
        clocks=clocks,
        events=[event for event in events if event.seq != seq],
        answers=[
            answer
            for event in events
            if event.type == "outcome" and is_its_own(event)
            for answer in answers_in(event)
        ],
        verdict=entry.meta.get("verdict") or {},
        at=entry.at,
        leaf_hash=_leaf_hash(entry),
        passages=passages(text[:_TEXT_CHARS]),
        cut=len(text) > _TEXT_CHARS,
        cleaned=cleaned,
        headers=parse(header_of(raw)).headers if view == "headers" else (),
        source=entry.payload[:_SOURCE_BYTES].decode("utf-8", "replace") if view == "source" else "",
        log_size=site.archive.head(),
        origin=site.archive.origin,
        seers=seers,
        pictures=[file for file in row.attachments if _has_picture(file, row)],
    )


def _has_picture(file: AttachmentRow, row: MessageRow) -> bool:
    """Say whether a file is one that can be drawn, and has not been found to be broken."""
    broken = any(defect.startswith(f"part {file.part}:") for defect in row.defects)
    return can_be_shown(file.content_type) and not broken


def _leaf_hash(entry: Entry) -> str:
    """Return the hash under which the tree knows an entry (RFC 6962 section 2.1), in hexadecimal."""
    return hashlib.sha256(b"\x00" + entry.leaf).hexdigest()


ROUTES = [Route("/message/{seq:int}", show_message, methods=["GET"])]

"""What people do about a message: notes, tags, links, the second look. Each is one entry in the archive."""

import asyncio
import re
from http import HTTPStatus
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gateway.dossier.closing import REFUND, refund_lacks
from gateway.errors import WrongUse
from gateway.mail.canonical import canonical
from gateway.mail.entry import Draft
from gateway.release import release_draft
from gateway.store import fold, messages
from gateway.store.orders import find_orders, links_of
from gateway.store.records import MessageRow
from gateway.web.reads import mail_entry, seq_of
from gateway.web.site import Site
from rules.errands import TAG

_MARKETPLACE = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_WORDS = {"none": "no answer needed", "elsewhere": "answered elsewhere"}
_NOTE_CHARS = 20_000
_FOLDED_S = 2.0
_LOOK_S = 0.05


async def note(request: Request) -> Response:
    return await _act(request, "note", {"text": note_text(request)})


async def tag(request: Request) -> Response:
    form = request.state.form
    add, remove = form.get("add", "").strip().lower(), form.get("remove", "")
    if add and not TAG.fullmatch(add):
        raise HTTPException(HTTPStatus.BAD_REQUEST, "A tag is one word of letters, digits and - . : / _")
    if not add and not remove:
        raise HTTPException(HTTPStatus.BAD_REQUEST, "Say which tag.")
    if lacks := await run_in_threadpool(_refund_lacks, request.app.state.site, seq_of(request), add):
        raise HTTPException(HTTPStatus.CONFLICT, f"The tag {REFUND} cannot be put on yet: {lacks}.")
    return await _act(
        request, "tag", {"add": [add] if add else [], "remove": [remove[:200]] if remove else []}
    )


async def link(request: Request) -> Response:
    """Link by hand, confirm a link or take one back; nothing is ever merged."""
    form, site = request.state.form, request.app.state.site
    if form.get("none", "") == "yes":
        return await _act(request, "link", {"none": True, "undo": False, "reason": "belongs to no order"})
    row = await run_in_threadpool(_message, site, seq_of(request))
    order = await run_in_threadpool(
        _order_meant,
        site,
        row,
        form.get("order", "").strip()[:200],
        form.get("marketplace", "").strip().lower(),
    )
    undo = form.get("undo", "") == "yes"
    reason = form.get("reason", "").strip()[:500] or ("taken back by hand" if undo else "linked by hand")
    return await _act(
        request, "link", {"order": order, "undo": undo, "reason": reason, "confidence": "certain"}
    )


async def mark(request: Request) -> Response:
    """Say that a clock need not run."""
    back = "/waiting" if request.state.form.get("back") == "waiting" else ""
    return await _act(request, "mark", clock_word(request), back=back)


async def release(request: Request) -> Response:
    """Send a held message on its way, or drop it."""
    site: Site = request.app.state.site
    seq = seq_of(request)
    row = await run_in_threadpool(_message, site, seq)
    if row.state != "held":
        raise HTTPException(HTTPStatus.CONFLICT, "This message is not held any more. Load its page again.")
    entry = await run_in_threadpool(mail_entry, site, seq)
    drop = request.state.form.get("drop", "") == "yes"
    try:
        draft = release_draft(
            entry,
            agent=request.state.agent,
            drop=drop,
            filing=site.drop,
            second_person=site.second_person,
        )
    except WrongUse as wrong:
        raise HTTPException(HTTPStatus.CONFLICT, str(wrong)) from wrong
    return await append(site, draft, back=f"/message/{seq}")


def clock_word(request: Request) -> dict[str, Any]:
    """Return a word on a clock in a form; raises HTTPException for one that is no word of ours."""
    form = request.state.form
    clock, said = form.get("clock", ""), _WORDS.get(form.get("as", ""))
    if said is None or not TAG.fullmatch(clock):
        raise HTTPException(HTTPStatus.BAD_REQUEST, "Say which clock stops, and why.")
    return {"clock": clock, "as": said, "undo": False}


def note_text(request: Request) -> str:
    """Return the note in a form; raises HTTPException for an empty or endless one."""
    text = request.state.form.get("text", "").replace("\r\n", "\n").strip()
    if not text:
        raise HTTPException(HTTPStatus.BAD_REQUEST, "The note is empty.")
    if len(text) > _NOTE_CHARS:
        raise HTTPException(HTTPStatus.BAD_REQUEST, f"A note may be {_NOTE_CHARS} characters long.")
    return str(text)


async def append(site: Site, draft: Draft, back: str) -> Response:
    """Archive an act and go back to its page, once the store shows it; a worker that is behind is not waited for long."""
    appended = await run_in_threadpool(site.act, draft)
    for _ in range(int(_FOLDED_S / _LOOK_S)):
        if await run_in_threadpool(_position, site) > appended.seq:
            break
        await asyncio.sleep(_LOOK_S)
    return RedirectResponse(f"{back}?saved={appended.seq}", status_code=HTTPStatus.SEE_OTHER)


async def _act(request: Request, type_: str, payload: dict[str, Any], *, back: str = "") -> Response:
    site: Site = request.app.state.site
    seq = seq_of(request)
    await run_in_threadpool(_message, site, seq)
    whole = {"of": seq, **payload, "agent": request.state.agent}
    draft = Draft(type=type_, payload=canonical(whole), meta={"source": "web"})
    return await append(site, draft, back=back or f"/message/{seq}")


def _message(site: Site, seq: int) -> MessageRow:
    with site.store.read() as conn:
        row = messages.message(conn, seq)
    if row is None:
        raise HTTPException(HTTPStatus.NOT_FOUND, f"There is no message {seq}.")
    return row


def _refund_lacks(site: Site, seq: int, tag: str) -> str:
    with site.store.read() as conn:
        return refund_lacks(conn, seq, (tag,), site.refund_needs)


def _order_meant(site: Site, row: MessageRow, value: str, marketplace: str) -> dict[str, str]:
    """Return the order a person names: one this message or another is linked to, else one of that marketplace's."""
    if not value:
        raise HTTPException(HTTPStatus.BAD_REQUEST, "Say which order.")
    with site.store.read() as conn:
        known = {one.link.order for one in links_of(conn, row.seq) if one.link.order.value == value}
        known |= {one.order for one in find_orders(conn, value)}
    known = known or set(site.orders_named(value))
    if marketplace:
        known = {one for one in known if one.marketplace == marketplace}
    if len(known) == 1:
        one = known.pop()
        return {"marketplace": one.marketplace, "value": one.value}
    if known or not _MARKETPLACE.fullmatch(marketplace):
        raise HTTPException(HTTPStatus.BAD_REQUEST, f"Say whose order {value} is: name the marketplace.")
    return {"marketplace": marketplace, "value": value}


def _position(site: Site) -> int:
    with site.store.read() as conn:
        return fold.position(conn)


ROUTES = [
    Route("/message/{seq:int}/note", note, methods=["POST"]),
    Route("/message/{seq:int}/tag", tag, methods=["POST"]),
    Route("/message/{seq:int}/link", link, methods=["POST"]),
    Route("/message/{seq:int}/mark", mark, methods=["POST"]),
    Route("/message/{seq:int}/release", release, methods=["POST"]),
]

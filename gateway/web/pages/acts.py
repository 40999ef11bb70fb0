"""The forms by which people act on a message: notes, tags, links, the second look. Each is one entry in the archive."""

from http import HTTPStatus
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gateway.mail.entry import Draft
from gateway.web.deeds import (
    Doer,
    done,
    link_to,
    link_to_none,
    mark_clock,
    note_on,
    release_of,
    tags_on,
    withdraw,
)
from gateway.web.guard import safe_next
from gateway.web.reads import seq_of
from gateway.web.site import Site

_ADDRESS = 2000


async def note(request: Request) -> Response:
    form, seq = request.state.form, seq_of(request)
    draft = await run_in_threadpool(note_on, request.app.state.site, seq, form.get("text", ""), doer(request))
    return await append(request.app.state.site, draft, back=back_to(request, f"/message/{seq}"))


async def tag(request: Request) -> Response:
    form, seq = request.state.form, seq_of(request)
    add, remove = form.get("add", "").strip(), form.get("remove", "")
    draft = await run_in_threadpool(
        tags_on,
        request.app.state.site,
        seq,
        [add] if add else [],
        [remove] if remove else [],
        doer(request),
    )
    return await append(request.app.state.site, draft, back=back_to(request, f"/message/{seq}"))


async def link(request: Request) -> Response:
    """Link by hand, confirm a link or take one back; nothing is ever merged."""
    draft = await run_in_threadpool(
        _link, request.app.state.site, seq_of(request), request.state.form, doer(request)
    )
    return await append(request.app.state.site, draft, back=back_to(request, f"/message/{seq_of(request)}"))


async def mark(request: Request) -> Response:
    """Say that a clock need not run, or that it does after all."""
    form, seq = request.state.form, seq_of(request)
    draft = await run_in_threadpool(
        lambda: mark_clock(
            request.app.state.site,
            seq,
            form.get("clock", ""),
            form.get("as", ""),
            doer(request),
            undo=form.get("undo", "") == "yes",
        )
    )
    return await append(request.app.state.site, draft, back=back_to(request, f"/message/{seq}"))


async def release(request: Request) -> Response:
    """Send a held message on its way, or drop it."""
    site: Site = request.app.state.site
    seq, drop = seq_of(request), request.state.form.get("drop", "") == "yes"
    draft = await run_in_threadpool(lambda: release_of(site, seq, doer(request), drop=drop))
    return await append(site, draft, back=back_to(request, f"/message/{seq}"))


def doer(request: Request) -> Doer:
    """Return who sent a form."""
    return Doer(agent=request.state.agent)


async def append(site: Site, *drafts: Draft, back: str) -> Response:
    """Archive an act, or several together, and go back to their page, once the store shows them."""
    appended = await done(site, *drafts)
    return RedirectResponse(_saved(back, appended.seq), status_code=HTTPStatus.SEE_OTHER)


def back_to(request: Request, default: str) -> str:
    """Return the page that a form was on, where it says so, else another one of ours."""
    told = request.state.form.get("back", "")[:_ADDRESS]
    return safe_next(told) if told.startswith("/") else default


def _saved(back: str, seq: int) -> str:
    """Return a page's address with the entry that was made.

    >>> _saved("/review", 7), _saved("/order/a/1?only=notes#m3", 7)
    ('/review?saved=7', '/order/a/1?only=notes&saved=7#m3')
    """
    parts = urlsplit(back)
    kept = [pair for pair in parse_qsl(parts.query) if pair[0] != "saved"]
    return urlunsplit(parts._replace(query=urlencode([*kept, ("saved", str(seq))])))


def _link(site: Site, seq: int, form: dict[str, str], who: Doer) -> Draft:
    if "withdraws" in form:
        return withdraw(site, seq, form["withdraws"], who)
    if form.get("none", "") == "yes":
        return link_to_none(site, seq, who, undo=form.get("undo", "") == "yes")
    return link_to(
        site,
        seq,
        form.get("order", ""),
        who,
        marketplace=form.get("marketplace", ""),
        undo=form.get("undo", "") == "yes",
        reason=form.get("reason", ""),
    )


ROUTES = [
    Route("/message/{seq:int}/note", note, methods=["POST"]),
    Route("/message/{seq:int}/tag", tag, methods=["POST"]),
    Route("/message/{seq:int}/link", link, methods=["POST"]),
    Route("/message/{seq:int}/mark", mark, methods=["POST"]),
    Route("/message/{seq:int}/release", release, methods=["POST"]),
]

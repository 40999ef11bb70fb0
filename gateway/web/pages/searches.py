"""Saved searches: saved from the results, listed beside them, pinned with a count and removed here."""

from http import HTTPStatus

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gateway.errors import WrongUse
from gateway.store.waits import waits_in
from gateway.tongue import _
from gateway.web.entrance import REFUSALS
from gateway.web.pages.search import searches_of, sort_of
from gateway.web.render import page
from gateway.web.site import Site
from index.query import QueryError, parse_query


async def show_searches(request: Request) -> Response:
    site: Site = request.app.state.site
    found = await run_in_threadpool(searches_of(site).seen_by, request.state.agent)
    return page(request, "searches.html", searches=found)


async def save(request: Request) -> Response:
    """Save what was searched for; only what can be asked is kept."""
    site: Site = request.app.state.site
    form = request.state.form
    if form.get("shared") == "yes" and "act" not in request.state.powers:
        raise HTTPException(HTTPStatus.FORBIDDEN, _(REFUSALS["act"]))
    watched = request.state.who.role == "auditor"
    await run_in_threadpool(lambda: _save(site, form, request.state.agent, watched=watched))
    return RedirectResponse("/searches", status_code=HTTPStatus.SEE_OTHER)


async def change(request: Request) -> Response:
    """Pin a search, unpin or remove it."""
    site: Site = request.app.state.site
    id_, do, agent = request.path_params["id"], request.state.form.get("do", ""), request.state.agent
    known, watched = searches_of(site), request.state.who.role == "auditor"
    try:
        if do == "remove":
            await run_in_threadpool(known.remove, id_, agent)
        elif do in {"pin", "unpin"}:
            await run_in_threadpool(lambda: known.pin(id_, agent, pinned=do == "pin", watched=watched))
        else:
            raise HTTPException(HTTPStatus.BAD_REQUEST, _("Say what to do: pin, unpin or remove."))
    except WrongUse as wrong:
        raise HTTPException(HTTPStatus.NOT_FOUND, _sentence(wrong)) from wrong
    return RedirectResponse("/searches", status_code=HTTPStatus.SEE_OTHER)


def _save(site: Site, form: dict[str, str], agent: str, *, watched: bool) -> None:
    text = form.get("q", "").strip()
    try:
        parse_query(text, tz=site.zone, waits=waits_in(site.store, site.clock))
        searches_of(site).save(
            agent,
            form.get("name", ""),
            text,
            sort_of(form.get("sort", "")),
            shared=form.get("shared") == "yes",
            pinned=form.get("pinned") == "yes",
            watched=watched,
        )
    except (QueryError, WrongUse) as wrong:
        raise HTTPException(HTTPStatus.BAD_REQUEST, _sentence(wrong)) from wrong


def _sentence(wrong: Exception) -> str:
    return f"{str(wrong)[:1].upper()}{str(wrong)[1:]}."


ROUTES = [
    Route("/searches", show_searches, methods=["GET"]),
    Route("/searches", save, methods=["POST"]),
    Route("/searches/{id}", change, methods=["POST"]),
]

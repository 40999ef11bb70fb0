"""Tokens of the HTTP API: an agent's own, listed with their last use, made and taken back. A new one is shown this once."""

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gateway.errors import WrongUse
from gateway.store.tokens import SCOPES, Tokens, issue, withdraw
from gateway.tongue import _
from gateway.web.admission import confirm
from gateway.web.render import page
from gateway.web.site import Site

_DAYS = 3660


async def show_tokens(request: Request) -> Response:
    return await _shown(request)


async def make_token(request: Request) -> Response:
    site: Site = request.app.state.site
    form, name = request.state.form, request.state.agent
    days = form.get("days", "")
    if days and not (days.isascii() and days.isdigit() and 0 <= int(days[:6]) <= _DAYS):
        raise HTTPException(
            400, _("Say for how many days it is good, up to %(days)s; nothing is for ever.") % {"days": _DAYS}
        )
    standing = await confirm(request)
    asked = [scope for scope in SCOPES if form.get(f"scope-{scope}") == "yes"]
    boxes = form.get("mailboxes", "").replace(",", " ").split()
    try:
        __, text = await run_in_threadpool(
            lambda: issue(
                _tokens(site),
                site.act,
                name,
                form.get("label", "").strip(),
                asked,
                boxes,
                days=int(days or 0),
                by=name,
                source="web",
                standing=standing,
            )
        )
    except WrongUse as wrong:
        raise HTTPException(400, f"{str(wrong)[:1].upper()}{str(wrong)[1:]}.") from wrong
    return await _shown(request, made=text)


async def revoke_token(request: Request) -> Response:
    site: Site = request.app.state.site
    name, id_ = request.state.agent, request.state.form.get("id", "")
    try:
        await run_in_threadpool(
            lambda: withdraw(_tokens(site), site.act, id_, agent=name, by=name, source="web")
        )
    except WrongUse as wrong:
        raise HTTPException(404, _("That token is not one of yours, or it was taken back before.")) from wrong
    return RedirectResponse("/tokens", status_code=303)


async def _shown(request: Request, made: str = "") -> Response:
    site: Site = request.app.state.site
    found = await run_in_threadpool(_tokens(site).list, request.state.agent)
    return page(
        request,
        "tokens.html",
        closed=bool(site.sso and site.sso.only),
        tokens=found,
        scopes=SCOPES,
        made=made,
    )


def _tokens(site: Site) -> Tokens:
    return Tokens(site.accounts.store, site.clock)


ROUTES = [
    Route("/tokens", show_tokens, methods=["GET"]),
    Route("/tokens", make_token, methods=["POST"]),
    Route("/tokens/revoke", revoke_token, methods=["POST"]),
]

"""One's own login: the sessions that are open, ended one by one, and the app passwords of one's mail clients.

An admin sees and ends everybody's sessions. A new app password is shown this once.
"""

from http import HTTPStatus

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gateway.errors import WrongUse
from gateway.store.people import person_draft
from gateway.store.preferences import language_of
from gateway.store.sessions import Sessions, id_of
from gateway.tongue import LANGUAGES, _
from gateway.web.admission import confirm
from gateway.web.render import page
from gateway.web.site import Site

_LABEL = 200
_PASSWORDS = 50


async def show(request: Request) -> Response:
    return await _shown(request)


async def end(request: Request) -> Response:
    """End a session: one of one's own, by an admin anybody's."""
    site: Site = request.app.state.site
    whose = "" if "administer" in request.state.powers else request.state.agent
    try:
        gone = await run_in_threadpool(_sessions(site).end, request.state.form.get("id", ""), whose)
    except WrongUse as wrong:
        raise HTTPException(HTTPStatus.NOT_FOUND, _("That session is over, or it is not yours.")) from wrong
    draft = person_draft("session ended", gone.agent, by=request.state.agent, source="web", what=gone.id)
    await run_in_threadpool(site.act, draft)  # after it: a session that somebody has stolen ends in any case
    return RedirectResponse("/account", status_code=HTTPStatus.SEE_OTHER)


async def make(request: Request) -> Response:
    """Make a password for one mail client and show it, this once."""
    site: Site = request.app.state.site
    name, label = request.state.agent, request.state.form.get("label", "").strip()[:_LABEL]
    if not label:
        raise HTTPException(HTTPStatus.BAD_REQUEST, _("Say what it is for: the computer, the telephone."))
    accounts = site.accounts.by(await confirm(request))
    if len(await run_in_threadpool(site.accounts.app_passwords_of, name)) >= _PASSWORDS:
        raise HTTPException(
            HTTPStatus.CONFLICT,
            _("You have %(passwords)s: take back those that nothing uses.") % {"passwords": _PASSWORDS},
        )
    _id, password = await run_in_threadpool(
        lambda: accounts.make_app_password(
            name,
            label,
            record=lambda id_: site.act(
                person_draft("app password made", name, by=name, source="web", what=id_)
            ),
        )
    )
    return await _shown(request, made=password)


async def revoke(request: Request) -> Response:
    site: Site = request.app.state.site
    name, id_ = request.state.agent, request.state.form.get("id", "")
    try:
        draft = person_draft("app password revoked", name, by=name, source="web", what=id_)
        accounts = site.accounts.recorded(lambda: site.act(draft))
        await run_in_threadpool(accounts.revoke_app_password, name, id_)
    except WrongUse as wrong:
        raise HTTPException(HTTPStatus.NOT_FOUND, _("That app password is not one of yours.")) from wrong
    return RedirectResponse("/account", status_code=HTTPStatus.SEE_OTHER)


async def _shown(request: Request, made: str = "") -> Response:
    site: Site = request.app.state.site
    name, everybody = request.state.agent, "administer" in request.state.powers
    found = await run_in_threadpool(_sessions(site).list, "" if everybody else name)
    passwords = await run_in_threadpool(site.accounts.app_passwords_of, name)
    held = await run_in_threadpool(site.factors.of, name)
    language = await run_in_threadpool(language_of, site.accounts.store, name)
    return page(
        request,
        "account.html",
        sessions=found,
        present=id_of(request.state.session),
        everybody=everybody,
        passwords=passwords,
        made=made,
        held=held,
        closed=bool(site.sso and site.sso.only),
        chosen=language,
        languages=LANGUAGES,
        role=request.state.who.role,
        mailboxes=request.state.who.mailboxes,
    )


def _sessions(site: Site) -> Sessions:
    return Sessions(site.accounts.store, site.clock)


ROUTES = [
    Route("/account", show, methods=["GET"]),
    Route("/account/sessions", end, methods=["POST"]),
    Route("/account/app-passwords", make, methods=["POST"]),
    Route("/account/app-passwords/revoke", revoke, methods=["POST"]),
]

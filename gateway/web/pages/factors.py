"""One's own ways in: the password, the authenticator app, recovery codes, and the language of one's pages.

Each change asks for the password once more: a session that was left open gives nobody a key of their own.
"""

import hashlib
from collections.abc import Callable
from http import HTTPStatus

import pyotp
from markupsafe import Markup
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gateway.clients.codes import drawn
from gateway.errors import WrongUse
from gateway.store.attempts import Attempts
from gateway.store.passwords import fault_of_password
from gateway.store.people import person_draft
from gateway.store.preferences import choose_language
from gateway.store.standing import Standing
from gateway.tongue import LANGUAGES, _
from gateway.web.admission import admit, confirm, standing
from gateway.web.render import page
from gateway.web.site import Site


async def set_password(request: Request) -> Response:
    """Set a new password; every other session ends."""
    site, name, form = _site(request), request.state.agent, request.state.form
    accounts = site.accounts.by(await confirm(request))
    fresh = form.get("new", "")
    if fault := fault_of_password(fresh, name):
        raise HTTPException(HTTPStatus.BAD_REQUEST, sentence(_(fault)))
    if fresh != form.get("again", ""):
        raise HTTPException(HTTPStatus.BAD_REQUEST, _("The two new passwords are not the same."))
    recorded = accounts.recorded(_record(request, "password changed"))
    stamp = await run_in_threadpool(recorded.passwd, name, fresh)
    return await admit(request, name, "/account", stamp)


async def begin_app(request: Request) -> Response:
    """Show a new secret for an authenticator app."""
    _site(request)
    return await _shown(request, await confirm(request), pyotp.random_base32())


async def keep_app(request: Request) -> Response:
    """Keep the secret once a first code shows that it has arrived, and show recovery codes where nothing was there before."""
    site, name, form = _site(request), request.state.agent, request.state.form
    attempts = Attempts(site.accounts.store, site.clock)
    begun = await run_in_threadpool(attempts.take, "new app", form.get("attempt", ""))
    secret = form.get("secret", "")
    if begun is None or begun != {"agent": name, "print": _print(secret)}:
        raise HTTPException(HTTPStatus.BAD_REQUEST, _("That took too long. Begin again."))
    by = standing(request)
    factors = site.factors.by(by)
    held = await run_in_threadpool(factors.of, name)
    recorded = factors.recorded(_record(request, "authenticator app added"))
    if not await run_in_threadpool(recorded.set_app, name, secret, form.get("code", "")):
        said = _("This code is not right. Is the telephone’s clock?")
        return await _shown(request, by, secret, said)
    codes = [] if held.any else await run_in_threadpool(factors.new_codes, name)
    return page(request, "codes.html", codes=codes, label=_("Authenticator app"))


async def new_codes(request: Request) -> Response:
    site, name = _site(request), request.state.agent
    factors = site.factors.by(await confirm(request))
    if not (await run_in_threadpool(factors.of, name)).any:
        raise HTTPException(HTTPStatus.CONFLICT, _("There is nothing yet that they would stand in for."))
    recorded = factors.recorded(_record(request, "recovery codes made"))
    codes = await run_in_threadpool(recorded.new_codes, name)
    return page(request, "codes.html", codes=codes, label="")


async def remove(request: Request) -> Response:
    """Take away the app or a passkey."""
    site, name, id_ = _site(request), request.state.agent, request.state.form.get("id", "")
    factors = site.factors.by(await confirm(request))
    did, what = ("authenticator app removed", "") if id_ == "app" else ("passkey removed", id_[:16])
    try:
        await run_in_threadpool(factors.recorded(_record(request, did, what)).remove, name, id_)
    except WrongUse as wrong:
        raise HTTPException(HTTPStatus.NOT_FOUND, _("That is gone already, or it is not yours.")) from wrong
    return RedirectResponse("/account", status_code=HTTPStatus.SEE_OTHER)


async def choose(request: Request) -> Response:
    """Choose the language of one's pages; "" is the browser's."""
    site: Site = request.app.state.site
    language = request.state.form.get("language", "")
    if language not in {"", *LANGUAGES}:
        raise HTTPException(HTTPStatus.BAD_REQUEST, _("There is no such language here."))
    await run_in_threadpool(choose_language, site.accounts.store, request.state.agent, language)
    return RedirectResponse("/account", status_code=HTTPStatus.SEE_OTHER)


def sentence(said: str) -> str:
    """Return what an error says as a sentence of a page."""
    return f"{said[:1].upper()}{said[1:]}."


async def _shown(request: Request, by: Standing, secret: str, said: str = "") -> Response:
    site = _site(request)
    about = {"agent": by.name, "print": _print(secret)}
    attempts = Attempts(site.accounts.by(by).store, site.clock)
    attempt = await run_in_threadpool(attempts.begin, "new app", about)
    address = pyotp.TOTP(secret).provisioning_uri(name=by.name, issuer_name="Docket")
    typed = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
    picture = Markup(drawn(address))  # noqa: S704 - rectangles
    return page(
        request,
        "app.html",
        status=HTTPStatus.BAD_REQUEST if said else HTTPStatus.OK,
        attempt=attempt,
        secret=secret,
        typed=typed,
        picture=picture,
        said=said,
    )


def _print(secret: str) -> str:
    """Return what is kept of a secret until it is known to have arrived."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def _site(request: Request) -> Site:
    site: Site = request.app.state.site
    if site.sso and site.sso.only:
        raise HTTPException(HTTPStatus.FORBIDDEN, _("Your company’s login takes care of this."))
    return site


def _record(request: Request, did: str, what: str = "") -> Callable[[], object]:
    """Return what puts on record what somebody does to their own login."""
    name, act = request.state.agent, request.app.state.site.act
    draft = person_draft(did, name, by=name, source="web", what=what)
    return lambda: act(draft)


ROUTES = [
    Route("/account/password", set_password, methods=["POST"]),
    Route("/account/app", begin_app, methods=["POST"]),
    Route("/account/app/code", keep_app, methods=["POST"]),
    Route("/account/codes", new_codes, methods=["POST"]),
    Route("/account/remove", remove, methods=["POST"]),
    Route("/account/language", choose, methods=["POST"]),
]

"""Log in and out: with a password, and then a second step where somebody has set one up."""

from http import HTTPStatus

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gateway.store.attempts import Attempts
from gateway.store.people import person_draft
from gateway.tongue import _
from gateway.web.admission import VISIT_S, admit, charged, forgive, too_many
from gateway.web.guard import safe_next, session_cookie, set_cookie, visit_cookie
from gateway.web.render import page
from gateway.web.site import Site

_WRONG_CODES = 5


async def show_login(request: Request) -> Response:
    target = safe_next(request.query_params.get("next", "/"))
    if request.state.agent:
        return RedirectResponse(target, status_code=HTTPStatus.SEE_OTHER)
    site: Site = request.app.state.site
    said = ""
    if not await run_in_threadpool(site.accounts.list):
        said = _(
            "Nobody can log in yet. Whoever runs Docket invites the first: docket agent invite NAME --role admin"
        )
    answer = _form(request, target, said=said)
    set_cookie(site, answer, visit_cookie(site), request.state.visit, VISIT_S)
    return answer


async def log_in(request: Request) -> Response:
    site: Site = request.app.state.site
    form = request.state.form
    name, password = form.get("name", "").strip(), form.get("password", "")
    target = safe_next(form.get("next", "/"))
    _not_elsewhere(site)
    if wait_s := charged(request, name):
        return too_many(_form(request, target, name, _wait(wait_s), status=429), wait_s)
    agent = await run_in_threadpool(site.accounts.check, name, password)
    if agent is None:
        # The same words for an unknown name and a wrong password: names are not to be guessed here.
        return _form(request, target, name, _("Name or password is wrong."), status=401)
    forgive(request, name)
    held = await run_in_threadpool(site.factors.of, agent.name)
    if not held.any:
        return await admit(request, agent.name, target, agent.stamp)
    return await _second(request, {"agent": agent.name, "next": target, "wrong": 0, "stamp": agent.stamp})


async def second(request: Request) -> Response:
    """Take the code of an authenticator app, or a recovery code, from who has shown their password."""
    site: Site = request.app.state.site
    form = request.state.form
    _not_elsewhere(site)  # what began before may end after the other doors were shut
    begun = await run_in_threadpool(_attempts(site).take, "second", form.get("attempt", ""))
    if begun is None or begun["visit"] != request.state.visit:
        said = _("That took too long. Begin again with your password.")
        return _form(request, "/", said=said, status=401)
    name = begun["agent"]
    if wait_s := charged(request, name, by="code"):
        return too_many(_form(request, begun["next"], said=_wait(wait_s), status=429), wait_s)
    agent = await run_in_threadpool(site.accounts.agent, name)
    if begun["stamp"] != await run_in_threadpool(site.accounts.stamp, name):
        said = _("Your login was changed meanwhile. Begin again.")
        return _form(request, begun["next"], said=said, status=401)
    kind = await run_in_threadpool(site.factors.check_code, name, form.get("code", ""))
    if kind == "last":
        draft = person_draft("wrong codes", name, by=name, source="web")
        await run_in_threadpool(site.act, draft)
    if kind not in {"app", "recovery"} or agent is None or agent.disabled:
        if begun["wrong"] + 1 >= _WRONG_CODES:
            return _form(request, begun["next"], said=_("Too many wrong codes. Begin again."), status=401)
        again = {**begun, "wrong": begun["wrong"] + 1}
        said = _("This code is not right. Codes of an app are good for half a minute, and once.")
        if kind in {"last", "shut"}:
            said = _(
                "There were too many wrong codes: those of the app open nothing for a day. Use a recovery code or a passkey, or ask an admin."
            )
        return await _second(request, again, said=said, status=401)
    forgive(request, name, by="code")
    if kind == "recovery":
        draft = person_draft("recovery code used", name, by=name, source="web")
        await run_in_threadpool(site.act, draft)
    return await admit(request, name, begun["next"], begun["stamp"])


async def log_out(request: Request) -> Response:
    site: Site = request.app.state.site
    await run_in_threadpool(site.accounts.close_session, request.state.session)
    done = RedirectResponse("/login", status_code=HTTPStatus.SEE_OTHER)
    done.delete_cookie(
        session_cookie(site), path="/", secure=site.secure_cookie, httponly=True, samesite="strict"
    )
    # The browser forgets cached pages too (https://www.w3.org/TR/clear-site-data/).
    done.headers["clear-site-data"] = '"cache", "storage"'
    return done


async def _second(
    request: Request, begun: dict[str, object], *, said: str = "", status: int = 200
) -> Response:
    site: Site = request.app.state.site
    about = {**begun, "visit": request.state.visit}
    attempt = await run_in_threadpool(_attempts(site).begin, "second", about)
    held = await run_in_threadpool(site.factors.of, str(begun["agent"]))
    answer = page(
        request, "second.html", status=status, attempt=attempt, said=said, held=held, next=begun["next"]
    )
    set_cookie(site, answer, visit_cookie(site), request.state.visit, VISIT_S)
    return answer


def _form(request: Request, target: str, name: str = "", said: str = "", *, status: int = 200) -> Response:
    sso = request.app.state.site.sso
    return page(request, "login.html", status=status, next=target, name=name, said=said, sso=sso)


def _wait(wait_s: int) -> str:
    return _("Too many tries. Wait %(seconds)s seconds, then try again.") % {"seconds": wait_s}


def _not_elsewhere(site: Site) -> None:
    """Raise HTTPException where people log in at their company alone."""
    if site.sso and site.sso.only:
        said = _("Passwords open nothing here. Log in at your company’s login.")
        raise HTTPException(HTTPStatus.FORBIDDEN, said)


def _attempts(site: Site) -> Attempts:
    return Attempts(site.accounts.store, site.clock)


ROUTES = [
    Route("/login", show_login, methods=["GET"]),
    Route("/login", log_in, methods=["POST"]),
    Route("/login/second", second, methods=["POST"]),
    Route("/logout", log_out, methods=["POST"]),
]

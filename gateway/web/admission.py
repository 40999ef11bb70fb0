"""Letting somebody in: the session and its cookie, however they have shown who they are."""

from datetime import timedelta
from http import HTTPStatus

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gateway.errors import LoginChanged
from gateway.store.sessions import Sessions
from gateway.store.spelling import folded
from gateway.store.standing import Standing
from gateway.tongue import _
from gateway.web.guard import session_cookie, set_cookie, visit_cookie
from gateway.web.render import page
from gateway.web.site import Site
from gateway.web.throttle import Throttle, peer_of

VISIT_S = 3600
_FRESH = timedelta(minutes=10)


async def admit(
    request: Request, name: str, target: str, stamp: str, *, from_elsewhere: bool = False
) -> Response:
    """Begin a session for an agent and send them to ``target``, a path of ours.

    ``stamp`` is how the login stood when they showed who they are: one that was changed since opens nothing.

    A browser that comes ``from_elsewhere`` sends strict cookies only from the next page on that is asked for by one of ours.
    """
    site: Site = request.app.state.site
    peer = request.client.host if request.client else ""
    client = request.headers.get("user-agent", "")
    try:
        token = await run_in_threadpool(
            lambda: site.accounts.open_session(
                name, site.session_hours, peer=peer, client=client, stamp=stamp
            )
        )
    except LoginChanged as wrong:
        raise HTTPException(
            HTTPStatus.UNAUTHORIZED, _("Your login was changed meanwhile. Begin again.")
        ) from wrong
    done = (
        page(request, "come_in.html", target=target)
        if from_elsewhere
        else RedirectResponse(target, status_code=HTTPStatus.SEE_OTHER)
    )
    set_cookie(site, done, session_cookie(site), token, int(site.session_hours * 3600))
    done.delete_cookie(
        visit_cookie(site), path="/", secure=site.secure_cookie, httponly=True, samesite="strict"
    )
    return done


def charged(request: Request, name: str = "", *, by: str = "password") -> int:
    """Count a try to get in ``by`` some way; return 0, or for how many seconds there is none. ``forgive`` the same where it was right."""
    throttle: Throttle = request.app.state.throttle
    return throttle.charge(_keys(request, name, by), request.app.state.site.clock.now())


def forgive(request: Request, name: str = "", *, by: str = "password") -> None:
    request.app.state.throttle.forgive(_keys(request, name, by))


def standing(request: Request, stamp: str = "") -> Standing:
    """Return by what right somebody logged in does something; without a ``stamp`` by how their login stood when they came."""
    state = request.state
    return Standing(name=state.agent, session=state.session, stamp=stamp or state.who.stamp)


async def confirm(request: Request) -> Standing:
    """Let who is logged in do what is for them alone: they give their password once more, or have just come in. Raises HTTPException.

    Returns by what right they do it; what it changes is changed ``by`` that, for much may happen until then.
    """
    site: Site = request.app.state.site
    if site.sso and site.sso.only:  # nobody has a password: who has just come in is who they are
        sessions = Sessions(site.accounts.store, site.clock)
        begun = await run_in_threadpool(sessions.begun_at, request.state.session)
        if begun is None or site.clock.now() - begun > _FRESH:
            said = _(
                "This is for who has logged in within the last ten minutes. Log out, log in again, and do it then."
            )
            raise HTTPException(HTTPStatus.FORBIDDEN, said)
        return standing(request)
    name, password = request.state.agent, request.state.form.get("password", "")
    # Counted apart from logins: strangers who try somebody's name are not to keep them from what they do.
    if wait_s := charged(request, name, by="confirm"):
        said = _("Too many tries. Wait %(seconds)s seconds, then try again.") % {"seconds": wait_s}
        raise HTTPException(HTTPStatus.TOO_MANY_REQUESTS, said, {"retry-after": str(wait_s)})
    agent = await run_in_threadpool(site.accounts.check, name, password)
    if agent is None:
        raise HTTPException(HTTPStatus.BAD_REQUEST, _("This is not your password. Nothing was changed."))
    forgive(request, name, by="confirm")
    return standing(request, agent.stamp)


def too_many(response: Response, wait_s: int) -> Response:
    response.headers["retry-after"] = str(wait_s)
    return response


def _keys(request: Request, name: str, by: str) -> tuple[str, ...]:
    peer, known = peer_of(request), folded(name)[:100]
    if not known:  # a count of all who say no name would let strangers shut the door to everybody
        return (f"peer {peer}",)
    return (f"peer {peer}", f"name {by} {known}", f"pair {by} {peer} {known}")

"""Log in at the company's identity provider: go there, come back, and be who it says, where that is one of us.

Only who was sent there by this process comes back: the provider is asked nothing for what a stranger made up.
"""

import asyncio
import hashlib
import hmac
import logging
import secrets
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, unquote

from sqlalchemy.exc import IntegrityError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gateway.errors import Temporary
from gateway.store import identities
from gateway.store.agents import Agent, agent_of, find
from gateway.store.people import person_draft
from gateway.store.standing import hold_login
from gateway.tongue import _
from gateway.web.admission import admit, charged, forgive
from gateway.web.guard import safe_next, session_cookie
from gateway.web.oidc import Identity, NotThem, Provider
from gateway.web.site import Site

log = logging.getLogger(__name__)

_BACK = "/login/sso/back"
_GOOD_S = 600
_AT_ONCE = 4  # that ask the provider: each holds a thread until it answers, and pages need threads, too


class Joint:
    """What logins at the provider share in one process: the key that their cookies are sealed with, and their turns."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self.turn = asyncio.Semaphore(_AT_ONCE)

    def sealed(self, said: str) -> str:
        return f"{hmac.new(self._key, said.encode('utf-8', 'replace'), hashlib.sha256).hexdigest()}.{said}"

    def opened(self, cookie: str) -> str:
        """Return what was sealed, "" for what was not."""
        said = cookie.partition(".")[2]
        return (
            said if hmac.compare_digest(self.sealed(said).encode(), cookie.encode("utf-8", "replace")) else ""
        )


async def go(request: Request) -> Response:
    """Send the browser to the provider, with what must come back in a cookie of its own: nothing is kept here meanwhile."""
    site, provider = _there(request)
    joint: Joint = request.app.state.sso
    try:
        async with joint.turn:
            begun = await run_in_threadpool(provider.begin, _back_to(request))
    except Temporary as wrong:
        log.error("sso-away issuer=%s", provider.issuer, exc_info=wrong)
        raise HTTPException(HTTPStatus.BAD_GATEWAY, _away(provider)) from wrong
    kept = (begun.state, begun.nonce, begun.verifier, quote(safe_next(request.query_params.get("next", "/"))))
    sent = RedirectResponse(begun.url, status_code=HTTPStatus.SEE_OTHER)
    # Lax: the provider sends the browser back from another site, and a strict cookie would stay away.
    cookie = joint.sealed(".".join(kept))
    sent.set_cookie(_cookie(site), cookie, max_age=_GOOD_S, samesite="lax", **_flags(site))
    return sent


async def back(request: Request) -> Response:
    """Let in whom the provider names, where they are one of us."""
    site, provider = _there(request)
    joint: Joint = request.app.state.sso
    asked, kept = request.query_params, joint.opened(request.cookies.get(_cookie(site), ""))
    state, nonce, verifier, target = (*kept.split(".", 3), "", "", "", "")[:4]
    if not state or not hmac.compare_digest(asked.get("state", "").encode(), state.encode()):
        raise HTTPException(
            HTTPStatus.BAD_REQUEST, _("This login was not begun here, or too long ago. Begin again.")
        )
    if "code" not in asked:
        raise HTTPException(HTTPStatus.FORBIDDEN, _("You were not logged in there. Begin again."))
    if wait_s := charged(request):
        said = _("Too many tries. Wait %(seconds)s seconds, then try again.") % {"seconds": wait_s}
        raise HTTPException(HTTPStatus.TOO_MANY_REQUESTS, said, {"retry-after": str(wait_s)})
    try:
        async with joint.turn:
            found = await run_in_threadpool(
                provider.finish, asked["code"], nonce, verifier, _back_to(request)
            )
        agent = await run_in_threadpool(_whose, site, found)
    except Temporary as wrong:
        log.error("sso-away issuer=%s", provider.issuer, exc_info=wrong)
        raise HTTPException(HTTPStatus.BAD_GATEWAY, _away(provider)) from wrong
    except NotThem as wrong:
        log.warning("sso-refused issuer=%s why=%s", provider.issuer, wrong)
        raise HTTPException(
            HTTPStatus.FORBIDDEN, _("What the login service says of you cannot be believed.")
        ) from wrong
    if agent is None:
        said = _("You are logged in there, but nobody has given you a place here. Ask who runs Docket.")
        raise HTTPException(HTTPStatus.FORBIDDEN, said)
    forgive(request)
    done = await admit(request, agent.name, safe_next(unquote(target)), agent.stamp, from_elsewhere=True)
    done.delete_cookie(_cookie(site), samesite="lax", **_flags(site))
    return done


def _whose(site: Site, found: Identity) -> Agent | None:
    """Return whose an identity is; the first that comes by an agent's name is theirs from then on."""
    accounts, now = site.accounts, site.clock.now()
    with accounts.store.read() as conn:
        name = identities.agent_of(conn, found.issuer, found.subject)
        row = find(conn, name or found.name)
        free = name is None and row is not None and not identities.is_bound(conn, found.issuer, row.name)
    if row is None or row.disabled or not (name or free):
        return None
    agent = agent_of(row)
    if name is None:
        try:
            with accounts.store.write() as tx:
                hold_login(tx, agent.name, agent.stamp)  # somebody else may go by this name by now
                identities.bind(tx, found.issuer, found.subject, agent.name, now)
        except IntegrityError:  # another login has been faster; perhaps it was theirs, too
            with accounts.store.read() as conn:
                same = identities.agent_of(conn, found.issuer, found.subject) == agent.name
            return agent if same else None
        site.act(person_draft("identity bound", agent.name, by=agent.name, source="web"))
    return agent


def _there(request: Request) -> tuple[Site, Provider]:
    site: Site = request.app.state.site
    if site.sso is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return site, site.sso


def _back_to(request: Request) -> str:
    site: Site = request.app.state.site
    return f"{'https' if site.secure_cookie else 'http'}://{request.headers['host']}{_BACK}"


def _away(provider: Provider) -> str:
    return _("%(title)s does not answer. Try again in a little while.") % {"title": provider.title}


def _cookie(site: Site) -> str:
    return session_cookie(site) + "-sso"


def _flags(site: Site) -> dict[str, Any]:
    return {"path": "/", "httponly": True, "secure": site.secure_cookie}


ROUTES = [
    Route("/login/sso", go, methods=["GET"]),
    Route(_BACK, back, methods=["GET"]),
]

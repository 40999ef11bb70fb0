"""The guard: every request passes it, so that no page can forget a check.

Order: Host (DNS rebinding), method, cross-site POSTs, session, body size, CSRF token, and the session once more; and on
every answer, errors included, the headers that tell a browser to run nothing but our own script and to keep nothing.
"""

import asyncio
import errno
import hashlib
import hmac
import logging
import re
import secrets
from contextlib import suppress
from http import HTTPStatus
from urllib.parse import parse_qsl, quote, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.dossier.filing import FILE_BYTES
from gateway.errors import DiskFull, DocketError, WrongUse
from gateway.store.preferences import language_of
from gateway.tongue import _, marked, speak, wanted
from gateway.web.access import powers_of
from gateway.web.once import is_form_of
from gateway.web.render import problem
from gateway.web.site import Site
from gateway.web.upload import Refused, Uploads

log = logging.getLogger(__name__)

_BODY_BYTES = 64 * 1024
_BOOK_BYTES = 2 * 1024 * 1024  # of a rule book and a pasted mail
_PATIENCE_S = 60.0  # for a form; one with files has its own
_FIELDS = 50
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT}
_FULL = marked("There is no room left on the disk. Make some, then do this again.")
_LATER = marked("Docket cannot do this now. Try again later; what is wrong stands in the log.")
LONGEST_PATH = 2000  # characters; ours are shorter, and a number of thousands of digits is none
_HOST = re.compile(r"(?:\[([0-9a-f:.]{2,45})\]|([a-z0-9._-]{1,253}))(?::\d{1,5})?")
_OPEN = ("/login", "/welcome", "/static/")
_FILES = "/evidence/"  # the one place that takes files
# What mail clients ask before anybody has logged in: it says where servers are, alike to everybody and under every name.
PUBLIC = {
    "/.well-known/autoconfig/mail/config-v1.1.xml",
    "/mail/config-v1.1.xml",
    "/autodiscover/autodiscover.xml",
}

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "content-security-policy": CSP,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # Nothing goes to other sites, as with no-referrer; but that one makes browsers send "Origin: null" with our own forms.
    "referrer-policy": "same-origin",
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}


def session_cookie(site: Site) -> str:
    """Return the session cookie's name; under TLS the prefix makes browsers insist on Secure and on this very host."""
    return "__Host-docket" if site.secure_cookie else "docket"


def visit_cookie(site: Site) -> str:
    """Return the name of the cookie that ties the login form to the browser that asked for it."""
    return session_cookie(site) + "-visit"


def set_cookie(site: Site, response: Response, name: str, value: str, max_age_s: int) -> None:
    response.set_cookie(
        name, value, max_age=max_age_s, path="/", httponly=True, samesite="strict", secure=site.secure_cookie
    )


def csrf_of(token: str) -> str:
    """Return what forms' tokens begin with that belong to a cookie: whoever cannot read our pages cannot know it."""
    return hmac.new(token.encode(), b"docket form", hashlib.sha256).hexdigest()


class Guard:
    """Middleware around every page. Sets ``state.agent``, ``state.who``, ``state.powers``, ``state.session``, ``state.csrf``, ``state.form``, ``state.files``."""

    def __init__(self, app: ASGIApp, site: Site) -> None:
        self._app = app
        self._site = site
        self._uploads = Uploads(FILE_BYTES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def guarded(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        request = Request(scope, receive)
        try:
            answer = await self._refusal(request)
            if answer is None:
                await self._app(scope, receive, guarded)
                return
        except ClientDisconnect:
            return
        except Refused as wrong:
            answer = problem(request, wrong.status, wrong.said)
        except Exception as wrong:
            # The page stays constant; what went wrong is for the log, without the query that may hold a buyer's words.
            said, where = _passing(wrong), (request.method, request.url.path[:200])
            if said:
                log.warning("page-failed method=%s path=%s error=%s", *where, wrong)
            else:
                log.exception("page-failed method=%s path=%s", *where)
            if started:
                raise
            status = HTTPStatus.SERVICE_UNAVAILABLE if said else HTTPStatus.INTERNAL_SERVER_ERROR
            answer = problem(request, status, said)
        await answer(scope, receive, guarded)

    async def _refusal(self, request: Request) -> Response | None:
        """Return the answer that ends this request here, or None when it may go on to its page."""
        site, path = self._site, request.url.path
        request.state.agent, request.state.session, request.state.form, request.state.files = "", "", {}, []
        request.state.who, request.state.powers = None, frozenset()
        speak(wanted(request.headers.get("accept-language", "")))
        visit = request.cookies.get(visit_cookie(site), "") or secrets.token_urlsafe(32)
        request.state.visit, request.state.csrf = visit, csrf_of(visit)
        is_public = path.lower() in PUBLIC
        if not is_public and host_of(request.headers.get("host", "")) not in site.hosts:
            return problem(request, HTTPStatus.BAD_REQUEST, _("This name is not one that Docket answers to."))
        if len(path) > LONGEST_PATH:
            return problem(request, HTTPStatus.NOT_FOUND)
        if request.method not in {"GET", "HEAD", "POST"}:
            return problem(request, HTTPStatus.METHOD_NOT_ALLOWED)
        if is_public:
            request.state.body = b""
            with suppress(Refused):  # what is too large asks nothing
                request.state.body = await _body(request)
            return None
        if request.method == "POST" and _is_cross_site(request):
            return problem(request, HTTPStatus.FORBIDDEN, _("This form was sent from another site."))
        token = request.cookies.get(session_cookie(site), "")
        if await self._knows(request, token):
            request.state.csrf = csrf_of(token)
            if chosen := await run_in_threadpool(language_of, site.accounts.store, request.state.agent):
                speak(chosen)
        elif not path.startswith(_OPEN):
            return _to_login(request)
        if request.method != "POST":
            return None
        refused = await self._form_refusal(request)
        # A form may take its time to come: what counts is who its sender is by now.
        if refused is None and request.state.session and not await self._knows(request, token):
            return _to_login(request)
        return refused

    async def _knows(self, request: Request, token: str) -> bool:
        """Say whether a session is open, and set whose it is and what they may."""
        agent = await run_in_threadpool(self._site.accounts.session, token) if token else None
        if agent is None:
            return False
        request.state.agent, request.state.session = agent.name, token
        request.state.who, request.state.powers = agent, powers_of(agent)
        return True

    async def _form_refusal(self, request: Request) -> Response | None:
        """Read the posted form; return the answer that ends this request where it is none of ours."""
        state, kind = request.state, request.headers.get("content-type", "")
        if request.url.path.startswith(_FILES) and kind.startswith("multipart/form-data"):
            form = await self._uploads.read(request, state.csrf)
            state.form, state.files = form.fields, form.files
            return None
        most = _BOOK_BYTES if request.url.path == "/rules/bench" else _BODY_BYTES
        body = await _body(request, most)
        try:
            fields = parse_qsl(
                body.decode("utf-8"), keep_blank_values=True, max_num_fields=_FIELDS, errors="strict"
            )
        except ValueError:
            return problem(request, HTTPStatus.BAD_REQUEST)
        state.form = dict(fields)
        if not is_form_of(state.csrf, state.form.get("csrf", "")):
            return problem(request, HTTPStatus.FORBIDDEN, _("This form has expired. Load the page again."))
        return None


def _passing(wrong: Exception) -> str:
    """Return what to tell people of a fault that passes; nothing of one that is our own."""
    if isinstance(wrong, DiskFull) or (isinstance(wrong, OSError) and wrong.errno in _NO_ROOM):
        return _(_FULL)
    return _(_LATER) if isinstance(wrong, DocketError) and not isinstance(wrong, WrongUse) else ""


def safe_next(target: str) -> str:
    r"""Return a path on this site to go to after login; anything else becomes the front page.

    >>> safe_next("/message/7"), safe_next("//evil.example"), safe_next("/\\evil.example")
    ('/message/7', '/', '/')
    """
    ok = target.startswith("/") and not target.startswith(("//", "/\\")) and target.isprintable()
    return target if ok and not urlsplit(target).netloc else "/"


def _to_login(request: Request) -> Response:
    if request.method == "POST":
        return problem(request, HTTPStatus.FORBIDDEN, _("Your session has ended. Log in again."))
    target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    where = "/login" if target == "/" else f"/login?next={quote(target, safe='')}"
    if request.headers.get("hx-request"):
        return Response(status_code=HTTPStatus.NO_CONTENT, headers={"hx-redirect": "/login"})
    return RedirectResponse(where, status_code=HTTPStatus.SEE_OTHER)


def host_of(header: str) -> str:
    """Return the name in a Host field, without its port.

    >>> host_of("localhost:8025"), host_of("[::1]:8025"), host_of("EVIL.example"), host_of("localhost:80@evil")
    ('localhost', '::1', 'evil.example', '')
    """
    found = _HOST.fullmatch(header.lower())
    return (found[1] or found[2]) if found else ""


def _is_cross_site(request: Request) -> bool:
    """Say whether a browser tells us that this POST comes from another origin. Programs that tell nothing may pass."""
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        return True
    origin = request.headers.get("origin")
    try:
        return origin is not None and urlsplit(origin).netloc != request.headers.get("host", "")
    except ValueError:
        return True


async def _body(request: Request, most: int = _BODY_BYTES) -> bytes:
    """Return the posted form; raises Refused where it is larger than any form of ours, or takes too long to come."""
    body = bytearray()
    try:
        async with asyncio.timeout(_PATIENCE_S):
            async for chunk in request.stream():
                body += chunk
                if len(body) > most:
                    raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "")
    except TimeoutError as late:
        raise Refused(HTTPStatus.REQUEST_TIMEOUT, "") from late
    return bytes(body)

"""The web view: routes of every page, behind the guard."""

import asyncio
from collections import Counter
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from gateway.errors import LoginChanged
from gateway.tongue import _
from gateway.web.api.door import Door
from gateway.web.api.service import build_api
from gateway.web.badges import Badges
from gateway.web.entrance import entered
from gateway.web.guard import Guard
from gateway.web.once import Once
from gateway.web.pages import (
    account,
    acts,
    answer,
    autoconfig,
    capture,
    claims,
    clients,
    custody,
    erasing,
    factors,
    files,
    filing,
    frame,
    keeping,
    live,
    login,
    message,
    order,
    outbox,
    pack,
    passkeys,
    people,
    previews,
    report,
    reports,
    review,
    rules,
    search,
    searches,
    sso,
    status,
    suggest,
    taking,
    tokens,
    verifying,
    waiting,
    welcome,
)
from gateway.web.pulse import Pulses
from gateway.web.render import problem
from gateway.web.site import Site
from gateway.web.throttle import Throttle
from gateway.web.turns import Turns

__all__ = ["Site", "build_site"]

PAGES = (
    login,
    sso,
    passkeys,
    welcome,
    account,
    factors,
    people,
    search,
    searches,
    suggest,
    taking,
    message,
    frame,
    files,
    previews,
    filing,
    acts,
    order,
    answer,
    pack,
    report,
    reports,
    review,
    waiting,
    claims,
    capture,
    outbox,
    rules,
    custody,
    verifying,
    keeping,
    erasing,
    status,
    clients,
    tokens,
    autoconfig,
    live,
)


def build_site(site: Site) -> Starlette:
    """Return the web view over its parts. A page is a module in ``pages``: its handlers, and their ROUTES.

    Whoever serves it sets ``state.ending``, so that streams end when the server is to.
    """
    pulses = Pulses(site.store, site.clock)
    app = Starlette(
        routes=[
            *(entered(route) for page in PAGES for route in page.ROUTES),
            Mount("/static", StaticFiles(packages=[("gateway.web", "static")])),
        ],
        middleware=[
            Middleware(Door, api=build_api(site), site=site),
            Middleware(Guard, site=site),
            Middleware(Badges, pulses=pulses),
        ],
        exception_handlers={HTTPException: _say, LoginChanged: _say_begin_again},
    )
    app.state.site = site
    app.state.throttle = Throttle()
    app.state.one_change = asyncio.Lock()  # two admins who shut each other out at once would leave nobody
    app.state.once = Once()
    app.state.sso = sso.Joint()
    app.state.pulses = pulses
    app.state.cleanings, app.state.drawings = Turns(), Turns()
    app.state.streams, app.state.ending = Counter[str](), lambda: False
    return app


async def _say_begin_again(request: Request, _wrong: Exception) -> Response:
    """Answer who was at something that their login allowed when they began, and does no more."""
    return problem(request, HTTPStatus.CONFLICT, _("Your login was changed meanwhile. Begin again."))


async def _say(request: Request, wrong: Exception) -> Response:
    """Answer what a page raised on purpose; its detail is ours, written for people."""
    assert isinstance(wrong, HTTPException)
    default = HTTPStatus(wrong.status_code).phrase
    answer = problem(request, wrong.status_code, "" if wrong.detail == default else wrong.detail)
    answer.headers.update(wrong.headers or {})
    return answer

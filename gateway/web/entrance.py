"""The entrance of every route: who comes in is asked for the power that it needs, and given the site as they see it."""

from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import State
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.mail.canonical import canonical
from gateway.mail.entry import Draft
from gateway.store.agents import Agent
from gateway.tongue import _, marked
from gateway.web.access import Power, is_watched, need_of
from gateway.web.render import problem
from gateway.web.sight import site_seen
from gateway.web.site import Site

# Of what an auditor asks for: it is recorded whole. A query of two thousand letters, each written as %F0%A0%80%80, fits.
LONGEST_ASKED = 25_000
REFUSALS: dict[Power, str] = {
    "act": marked("As an auditor you read and take away; others write notes, link, release and send."),
    "house": marked("This page tells of every mailbox; it is for people who have them all."),
    "oversee": marked("This is for supervisors and admins."),
    "administer": marked("This is for admins."),
}


class _State:
    """The state of the application, of which the site is the one that the person sees."""

    def __init__(self, site: Site, whole: State) -> None:
        super().__setattr__("site", site)
        super().__setattr__("_whole", whole)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._whole, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._whole, name, value)


class _Seen:
    """What pages know as ``request.app``."""

    def __init__(self, state: _State) -> None:
        self.state = state


def entered(route: Route) -> Route:
    """Return a route that lets in who may. Without anybody logged in the guard has let in all that it means to."""

    async def endpoint(request: Request) -> Response:
        who: Agent | None = request.state.who
        if who is None:
            answer: Response = await route.endpoint(request)
            return answer
        method = "GET" if request.method == "HEAD" else request.method
        need, whole = need_of(method, route.path), request.app.state.site
        if need not in request.state.powers:
            return problem(request, HTTPStatus.FORBIDDEN, _(REFUSALS.get(need, "")))
        asked = _asked(request) if is_watched(who, method, route.path) else ""
        if len(asked) > LONGEST_ASKED:
            return problem(request, HTTPStatus.REQUEST_URI_TOO_LONG)
        site = site_seen(whole, who.mailboxes or None)
        request.scope["app"] = _Seen(_State(site, request.app.state))
        answer = await request.app.state.once.answer(request, route.endpoint)
        if asked and answer.status_code < HTTPStatus.BAD_REQUEST:
            # Before the answer leaves: nothing is shown that is not recorded.
            draft = view_draft(who.name, asked, request.query_params.get("q", ""), "web")
            await run_in_threadpool(whole.act, draft)
        return answer

    return Route(route.path, endpoint, methods=list(route.methods or ()), name=route.name)


def _asked(request: Request) -> str:
    """Return the address that was asked for, with what a form asked for of a message."""
    form = {name: request.state.form[name] for name in ("do", "message") if request.state.form.get(name)}
    query = "&".join(part for part in (request.url.query, urlencode(form)) if part)
    return f"{request.url.path}?{query}" if query else request.url.path


def view_draft(agent: str, path: str, query: str, source: str) -> Draft:
    """Return the entry that an auditor looked at something, or searched for it."""
    payload = {
        "agent": agent,
        "did": "search" if query else "view",
        "path": path,
        "query": query,
    }
    return Draft(type="view", payload=canonical(payload), meta={"source": source})

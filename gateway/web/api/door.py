"""The door between pages and API: calls have no session, no form and no cookie, and never see the guard of the pages."""

from http import HTTPStatus
from urllib.parse import unquote

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.web.api.problem import problem
from gateway.web.guard import LONGEST_PATH, host_of
from gateway.web.site import Site

SLASH = "\ue00f"  # of no alphabet; who sends it themselves means a slash, too
_HEADERS = {
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "cross-origin-resource-policy": "same-origin",
}


class Door:
    """Middleware before all others: sends calls to the API and everything else on."""

    def __init__(self, app: ASGIApp, api: ASGIApp, site: Site) -> None:
        self._app = app
        self._api = api
        self._site = site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/api/"):
            await self._app(scope, receive, send)
            return

        async def headed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        if host_of(Headers(scope=scope).get("host", "")) not in self._site.hosts:
            answer = problem(HTTPStatus.BAD_REQUEST, "This name is not one that Docket answers to.")
            await answer(scope, receive, headed)
            return
        if len(scope["path"]) > LONGEST_PATH:
            await problem(HTTPStatus.NOT_FOUND, "There is nothing at this address.")(scope, receive, headed)
            return
        await self._api({**scope, "path": path_of(scope)}, receive, headed)


def path_of(scope: Scope) -> str:
    """Return a call's path, in which a slash within a segment (%2F, as in an order's number) stands as ``SLASH``."""
    raw: bytes = scope.get("raw_path") or b""
    if b"%2f" not in raw.lower():
        return str(scope["path"])
    return "/".join(unquote(part).replace("/", SLASH) for part in raw.decode("ascii", "replace").split("/"))

"""The counts beside the boards' names, had before a page is made: making a page asks no database."""

from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.web.pulse import Pulse


class Badges:
    """Middleware inside the guard: sets ``state.counts`` for the pages of people who are logged in."""

    def __init__(self, app: ASGIApp, pulse: Pulse) -> None:
        self._app, self._pulse = app, pulse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        state = scope.get("state", {})
        if scope["type"] == "http" and scope["method"] == "GET" and state.get("agent"):
            wants = dict(scope["headers"]).get(b"accept", b"")
            if wants.startswith((b"text/html", b"*/*")) or not wants:
                if b"saved=" in scope["query_string"]:  # who has just done something wants to see it counted
                    self._pulse.forget()
                state["counts"] = self._pulse.known() or await run_in_threadpool(self._pulse.counts)
        await self._app(scope, receive, send)

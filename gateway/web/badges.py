"""The counts beside the boards' names, had before a page is made: making a page asks no database."""

from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.web.pulse import Pulses


class Badges:
    """Middleware inside the guard: sets ``state.counts`` for the pages of people who are logged in."""

    def __init__(self, app: ASGIApp, pulses: Pulses) -> None:
        self._app, self._pulses = app, pulses

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        state = scope.get("state", {})
        if scope["type"] == "http" and scope["method"] == "GET" and state.get("agent"):
            wants = dict(scope["headers"]).get(b"accept", b"")
            pulse = self._pulses.of(state["who"].mailboxes)
            if wants.startswith((b"text/html", b"*/*")) or not wants:
                if b"saved=" in scope["query_string"]:  # who has just done something wants to see it counted
                    pulse.forget()
                state["counts"] = pulse.known() or await run_in_threadpool(pulse.counts)
        await self._app(scope, receive, send)

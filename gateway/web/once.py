"""Forms that are sent twice: each has a token of its own, and what it did is answered again and not done again.

A second click, or one more try where an answer did not come, sends the very same form, and nothing else before it. One with
another text in it is another.
"""

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import Awaitable, Callable
from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

_KEPT_S = 300.0  # from when it was done
_KEPT = 256  # answers
_KEPT_BYTES = 64 * 1024  # of one: redirections, and pages that show a new secret this once
Act = Callable[[Request], Awaitable[Response]]
_Form = tuple[str, bytes]  # the session, and what tells one form of it from every other


def form_token(csrf: str) -> str:
    """Return what a form carries: whose it is, and which one."""
    return f"{csrf}.{secrets.token_urlsafe(12)}" if csrf else ""


def is_form_of(csrf: str, token: str) -> bool:
    """Say whether a form's token is one of those that go with a cookie's."""
    return hmac.compare_digest(token.partition(".")[0].encode(), csrf.encode())


class Once:
    """What the forms of people who are logged in do, and for some minutes what the last of each did. For one event loop."""

    def __init__(self) -> None:
        self._acts: dict[_Form, asyncio.Future[Response]] = {}

    async def answer(self, request: Request, act: Act) -> Response:
        """Do what a form asks for; where the same form does it or did it, wait for that and answer alike.

        What failed is done again. Forms without a token of their own are done each time.
        """
        if not request.state.form.get("csrf", "").partition(".")[2]:
            return await act(request)
        form = request.state.session, await run_in_threadpool(_print, request)
        first = self._acts.get(form)
        if first is None:
            self._forget(request.state.session)
            mine = self._acts[form] = asyncio.ensure_future(act(request))
            mine.add_done_callback(partial(self._keep, form))
            # Who clicks again gives up on the first answer, and not on the act.
            return await asyncio.shield(mine)
        answer = await asyncio.shield(first)
        return await act(request) if isinstance(answer, StreamingResponse) else answer

    def _forget(self, session: str) -> None:
        """Forget what somebody did before they do something else: after that, the same once more is meant."""
        for form in [one for one, done in self._acts.items() if one[0] == session and done.done()]:
            del self._acts[form]

    def _keep(self, form: _Form, done: asyncio.Future[Response]) -> None:
        if done.cancelled() or done.exception() or not _can_be_kept(done.result()):
            self._acts.pop(form, None)
            return
        done.get_loop().call_later(_KEPT_S, self._acts.pop, form, None)
        while len(self._acts) > _KEPT:
            self._acts.pop(next(iter(self._acts)))


def _can_be_kept(answer: Response) -> bool:
    """Say whether an answer is that of an act; a file may be taken as often as somebody wants it."""
    is_page = answer.headers.get("content-type", "text/html").startswith("text/html")
    return (
        answer.status_code < 400
        and is_page
        and not isinstance(answer, StreamingResponse)
        and len(answer.body) <= _KEPT_BYTES
    )


def _print(request: Request) -> bytes:
    """Return what tells a form from every other: where it is sent, and all that is in it."""
    state = request.state
    files = [(one.filename, hashlib.sha256(one.data).digest()) for one in state.files]
    told = (request.url.path, request.url.query, sorted(state.form.items()), files)
    return hashlib.sha256(repr(told).encode("utf-8", "surrogatepass")).digest()

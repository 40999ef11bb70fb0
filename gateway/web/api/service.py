"""The API served: every call comes by here, is let in, checked, done, and answered; what goes wrong is a problem.

Order: name of the host, token, pace, scope, body, token and scope once more, Idempotency-Key, address, query. Nothing is done
before all of it holds.
"""

import hashlib
import logging
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from http import HTTPStatus
from typing import NoReturn

import msgspec
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.errors import DocketError, WrongUse
from gateway.mail.entry import Draft
from gateway.store.requests import Requests, named
from gateway.store.tokens import Bearer, Tokens
from gateway.web.api import acting, filing, reading, taking
from gateway.web.api.asked import body_of, parsed, query_of, read, where_of
from gateway.web.api.call import KEY_PATTERN, Call, Done, Operation
from gateway.web.api.description import describe
from gateway.web.api.parcels import drafts_of
from gateway.web.api.problem import Refused, problem
from gateway.web.api.rate import Rates
from gateway.web.deeds import Doer, done
from gateway.web.entrance import view_draft
from gateway.web.sight import site_seen
from gateway.web.site import Site
from gateway.web.throttle import peer_of

log = logging.getLogger(__name__)

BASE = "/api/v1"
Called = Callable[[Request], Awaitable[Response]]
OPERATIONS = (*reading.OPERATIONS, *acting.OPERATIONS, *filing.OPERATIONS, *taking.OPERATIONS)
_STRANGERS = 10  # of a token's calls this part is for one address that no token lets in
_KEY = re.compile(KEY_PATTERN)
_MAY = {"auditor": {"", "read", "export"}}  # what a role may at most; the others may all


def build_api(site: Site) -> Starlette:
    """Return the API over the parts of the web view."""
    service = _Service(site)
    description = msgspec.json.encode(describe(OPERATIONS, BASE))

    async def openapi(_: Request) -> Response:
        return Response(description, media_type="application/json")

    app = Starlette(
        routes=[
            Route(f"{BASE}/openapi.json", openapi, methods=["GET"]),
            Route(f"{BASE}/parcels/{{name}}", service.guarded("parcels", service.tracked), methods=["POST"]),
            *(Route(BASE + path, service.endpoint(ops), methods=list(ops)) for path, ops in _by_path()),
        ],
        exception_handlers={HTTPException: _say},
    )
    app.router.redirect_slashes = False
    return app


def _by_path() -> Iterable[tuple[str, dict[str, Operation]]]:
    found: dict[str, dict[str, Operation]] = {}
    for op in OPERATIONS:
        found.setdefault(op.path, {})[op.method] = op
    return found.items()


class _Service:
    def __init__(self, site: Site) -> None:
        self._site = site
        self._tokens = Tokens(site.accounts.store, site.clock)
        self._requests = Requests(site.accounts.store, site.clock)
        self._rates = Rates()

    def endpoint(self, ops: Mapping[str, Operation]) -> Called:
        """Return what answers the calls to one path, by their method."""

        async def called(request: Request) -> Response:
            op = ops["GET" if request.method == "HEAD" else request.method]
            return await self.guarded(op.name, lambda asked: self._called(op, asked))(request)

        return called

    def guarded(self, name: str, answer: Called) -> Called:
        """Return what answers a call, and says as a problem what goes wrong with it."""

        async def called(request: Request) -> Response:
            try:
                return await answer(request)
            except Refused as wrong:
                return wrong.answer
            except HTTPException as wrong:
                return problem(wrong.status_code, wrong.detail)
            except WrongUse as wrong:
                return problem(HTTPStatus.BAD_REQUEST, f"{str(wrong)[:1].upper()}{str(wrong)[1:]}.")
            except DocketError as wrong:
                log.warning("call-failed operation=%s error=%s", name, wrong)
                return problem(HTTPStatus.SERVICE_UNAVAILABLE, "Docket cannot do this now; try again later.")
            except ClientDisconnect:
                return Response(status_code=HTTPStatus.BAD_REQUEST)
            except Exception:
                # The answer stays constant; what went wrong is for the log, without what may hold a buyer's words.
                log.exception("call-failed operation=%s", name)
                return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "This has been written to the log.")

        return called

    async def tracked(self, request: Request) -> Response:
        """Take what a service posts of a parcel: it has no token, its signature lets it in."""
        self._take(f"peer {peer_of(request)}", self._site.api_per_minute)
        body = await read(request)
        name = request.path_params["name"]
        file, parcel = await run_in_threadpool(drafts_of, self._site, name, body, request.headers)
        await run_in_threadpool(self._site.act, file)
        appended = await done(self._site, parcel)
        return Response(
            msgspec.json.encode(Done(seq=appended.seq, existing=appended.existing)),
            media_type="application/json",
        )

    async def _called(self, op: Operation, request: Request) -> Response:
        bearer, body = await self._enter(request), b""
        _check(op, bearer)
        if op.method == "POST":
            body = await body_of(op, request)
            # A body may take its time to come: what counts is what the token opens by now.
            bearer = await self._bearer(request) or _nobody(request)
            _check(op, bearer)
        key = request.headers.get("idempotency-key") if op.is_repeatable else None
        if key is not None and not _KEY.fullmatch(key):
            said = "An Idempotency-Key is 1 to 255 visible ASCII characters."
            raise Refused(HTTPStatus.BAD_REQUEST, said)
        call = Call(
            site=site_seen(self._site, bearer.mailboxes),
            bearer=bearer,
            who=Doer(
                agent=bearer.token.agent,
                source="api",
                request=named(f"{bearer.token.id} {key}")[:32] if key else "",
            ),
            where=where_of(op, request),
            query=query_of(op, request),
            body=parsed(op, body),
        )
        if not key:
            return await self._do(op, call)
        print_ = hashlib.sha256(f"{request.url.path}?{request.url.query}\n".encode() + body).hexdigest()
        return await self._once(op, call, key, print_)

    async def _enter(self, request: Request) -> Bearer:
        """Return who calls; raises Refused for nobody we know and for who calls too often."""
        bearer = await self._bearer(request)
        per_minute = self._site.api_per_minute
        if bearer is None:
            per_minute = max(1, per_minute // _STRANGERS)
        name = f"peer {peer_of(request)}" if bearer is None else f"token {bearer.token.id}"
        self._take(name, per_minute)
        return bearer or _nobody(request)

    async def _bearer(self, request: Request) -> Bearer | None:
        """Return whom the call's token lets in as it stands now."""
        scheme, _, text = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not text:
            return None
        return await run_in_threadpool(self._tokens.bearer, text.strip())

    def _take(self, name: str, per_minute: int) -> None:
        if wait_s := self._rates.take(name, self._site.clock.now(), per_minute):
            raise Refused(
                HTTPStatus.TOO_MANY_REQUESTS,
                f"Too many calls: {per_minute} a minute are answered. Wait {wait_s} seconds.",
                headers={"retry-after": str(wait_s)},
            )

    async def _do(self, op: Operation, call: Call) -> Response:
        result = await run_in_threadpool(op.handle, call)
        if call.bearer.role == "auditor" and op.method == "GET" and op.scope:
            asked = f"{op.name} {call.where} {call.query}"
            looked = view_draft(call.who.agent, asked, getattr(call.query, "q", ""), "api")
            await run_in_threadpool(self._site.act, looked)
        if isinstance(result, Response):
            return result
        if isinstance(result, Draft):
            appended = await done(call.site, result)
            result = Done(seq=appended.seq, existing=appended.existing)
        return _json(op, msgspec.json.encode(result))

    async def _once(self, op: Operation, call: Call, key: str, print_: str) -> Response:
        """Do what was asked for under a key, unless it was done before."""
        token = call.bearer.token.id
        before = await run_in_threadpool(self._requests.begin, token, key, print_)
        if before is not None and not before.same:
            said = "This Idempotency-Key was used for another request; take a new one for each."
            raise Refused(HTTPStatus.CONFLICT, said)
        if before is not None and not before.status:
            said = "The first request with this Idempotency-Key is still under way; ask again in a moment."
            raise Refused(HTTPStatus.CONFLICT, said, headers={"retry-after": "1"})
        if before is not None:
            return _json(op, msgspec.json.encode(before.answer))
        status, kept = 0, None
        try:
            answer = await self._do(op, call)
            status, kept = answer.status_code, msgspec.json.decode(answer.body)
        finally:
            await run_in_threadpool(self._requests.finish, token, key, status, kept)
        return answer


def _check(op: Operation, bearer: Bearer) -> None:
    """Raise Refused where a token, or whose it is, may not do this."""
    if op.scope and (
        op.scope not in bearer.token.scopes or op.scope not in _MAY.get(bearer.role, {op.scope})
    ):
        raise Refused(
            HTTPStatus.FORBIDDEN,
            f"This token does not have the scope {op.scope}.",
            headers={"www-authenticate": f'Bearer error="insufficient_scope", scope="{op.scope}"'},
        )
    if op.gives is Done and bearer.role == "auditor":
        raise Refused(HTTPStatus.FORBIDDEN, "An auditor reads and takes away; others act.")


def _nobody(request: Request) -> NoReturn:
    known = request.headers.get("authorization", "").lower().startswith("bearer ")
    challenge = 'Bearer realm="docket"' + (', error="invalid_token"' if known else "")
    said = "No token of ours opens this. Make one: docket token add"
    raise Refused(HTTPStatus.UNAUTHORIZED, said, headers={"www-authenticate": challenge})


async def _say(_: Request, wrong: Exception) -> Response:
    assert isinstance(wrong, HTTPException)
    default = HTTPStatus(wrong.status_code).phrase
    detail = "" if wrong.detail == default else wrong.detail
    return problem(wrong.status_code, detail, headers=dict(wrong.headers or {}))


def _json(op: Operation, body: bytes) -> Response:
    return Response(body, status_code=op.status, media_type="application/json")

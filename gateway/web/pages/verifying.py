"""The whole archive checked on demand: begun and ended by a button, with how far it is, and what it found."""

from http import HTTPStatus

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gateway.store.evidence import events_of_type
from gateway.store.records import EventRow
from gateway.tongue import _
from gateway.verification import TYPE, Verification
from gateway.web.render import page
from gateway.web.site import Site

_PAST = 12


async def show(request: Request) -> Response:
    site: Site = request.app.state.site
    past = await run_in_threadpool(_past, site)
    return page(request, "verify.html", check=_verification(site).check, past=past)


async def begin(request: Request) -> Response:
    """Begin a check, or end the one that runs."""
    verification = _verification(request.app.state.site)
    if request.state.form.get("do") == "stop":
        await run_in_threadpool(verification.stop, request.state.agent)
    elif not await run_in_threadpool(verification.begin, request.state.agent):
        raise HTTPException(
            HTTPStatus.CONFLICT, _("The archive is being checked already. Look at how far it is.")
        )
    return RedirectResponse("/custody/verify", status_code=HTTPStatus.SEE_OTHER)


def _verification(site: Site) -> Verification:
    if site.verification is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return site.verification


def _past(site: Site) -> list[EventRow]:
    with site.store.read() as conn:
        return events_of_type(conn, TYPE)[: -_PAST - 1 : -1]


ROUTES = [
    Route("/custody/verify", show, methods=["GET"]),
    Route("/custody/verify", begin, methods=["POST"]),
]

"""What is added to an order's dossier from its page: files, a parcel, a message. Each is one entry in the archive."""

from collections.abc import Iterator
from http import HTTPStatus

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.dossier.filing import evidence_draft, parcel_draft
from gateway.errors import WrongUse
from gateway.mail.entry import Draft
from gateway.tongue import _
from gateway.web.deeds import link_to
from gateway.web.pages.acts import append, back_to, doer
from gateway.web.pages.order import check_known, ref_of
from gateway.web.render import order_path
from gateway.web.site import Site
from gateway.web.upload import Sent
from rules.facts import OrderRef

_LONGEST = 500


async def evidence(request: Request) -> Response:
    """Archive the files of a form, each as an entry, dated as received now; all of them or, where one is no good, none."""
    site: Site = request.app.state.site
    ref, form = ref_of(request), request.state.form
    await run_in_threadpool(check_known, site, ref)
    files = [one for one in request.state.files if one.filename or one.data]
    if not files:
        raise HTTPException(HTTPStatus.BAD_REQUEST, _("Choose a file first."))
    kind, text = form.get("kind", "other"), form.get("text", "").strip()[:_LONGEST]
    try:
        drafts = await run_in_threadpool(
            lambda: list(_drafts(ref, files, kind=kind, text=text, agent=request.state.agent))
        )
    except WrongUse as wrong:
        raise HTTPException(HTTPStatus.BAD_REQUEST, _sentence(wrong)) from wrong
    return await append(site, *drafts, back=back_to(request, order_path(ref)))


async def parcel(request: Request) -> Response:
    """Say that a parcel is the order's, or that it is not."""
    site: Site = request.app.state.site
    ref, form = ref_of(request), request.state.form
    await run_in_threadpool(check_known, site, ref)
    try:
        draft = parcel_draft(
            ref,
            form.get("number", ""),
            carrier=form.get("carrier", ""),
            carriers=site.carriers(),
            agent=request.state.agent,
            source="web",
            remove=form.get("remove", "") == "yes",
        )
    except WrongUse as wrong:
        raise HTTPException(HTTPStatus.BAD_REQUEST, _sentence(wrong)) from wrong
    return await append(site, draft, back=back_to(request, order_path(ref)))


async def link(request: Request) -> Response:
    """Link a message to this order, confirm that it belongs to it, or take that back."""
    site: Site = request.app.state.site
    ref, form = ref_of(request), request.state.form
    seq = _number(form.get("message", ""))
    draft = await run_in_threadpool(
        lambda: link_to(
            site,
            seq,
            ref.value,
            doer(request),
            marketplace=ref.marketplace,
            undo=form.get("undo", "") == "yes",
            reason=form.get("reason", ""),
        )
    )
    return await append(site, draft, back=back_to(request, order_path(ref)))


def _drafts(ref: OrderRef, files: list[Sent], *, kind: str, text: str, agent: str) -> Iterator[Draft]:
    for one in files:
        data, one.data = bytes(one.data), bytearray()
        yield evidence_draft(
            ref, data, filename=one.filename, kind=kind, text=text, agent=agent, source="web"
        )


def _number(text: str) -> int:
    named = text.strip()
    if not (named.isascii() and named.isdigit() and len(named) < 16):
        raise HTTPException(HTTPStatus.BAD_REQUEST, _("Say which message: its page shows its number."))
    return int(named)


def _sentence(wrong: Exception) -> str:
    return f"{str(wrong)[:1].upper()}{str(wrong)[1:]}."


ROUTES = [
    Route("/evidence/{marketplace}/{value:path}", evidence, methods=["POST"]),
    Route("/parcel/{marketplace}/{value:path}", parcel, methods=["POST"]),
    Route("/link/{marketplace}/{value:path}", link, methods=["POST"]),
]

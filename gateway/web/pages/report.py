"""The button on an order's page that hands out its report as a PDF file, with an entry that says who took it."""

from functools import partial
from http import HTTPStatus

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gateway.answer.phrases import LANGUAGES
from gateway.errors import DocketError, WrongUse
from gateway.evidence.contents import Asked
from gateway.receipt import Accept, Receipt
from gateway.report.audience import Wanted
from gateway.report.letter import addressee, letter_of
from gateway.report.making import Reporter, name_of
from gateway.web.pages.files import disposition
from gateway.web.render import order_path
from gateway.web.site import Site
from rules.facts import OrderRef

_LONGEST = 500


async def report(request: Request) -> Response:
    """Make a report and send it; the log has recorded it before the first byte leaves."""
    site: Site = request.app.state.site
    form = request.state.form
    wanted = wanted_in(form)
    if site.reporter is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    asked = Asked(agent=request.state.agent, reason=form.get("reason", "").strip()[:_LONGEST], source="web")
    try:
        made = await run_in_threadpool(partial(site.reporter.make, wanted, asked))
    except WrongUse as wrong:
        raise HTTPException(HTTPStatus.NOT_FOUND, _sentence(wrong)) from wrong
    except DocketError as wrong:
        raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, _sentence(wrong)) from wrong
    headers = {"content-disposition": disposition(name_of(wanted))}
    return Response(made.pdf, media_type="application/pdf", headers=headers)


async def send(request: Request) -> Response:
    """Send the buyer their copy, by the way that every answer goes: judged by the policy, archived, then relayed."""
    site: Site = request.app.state.site
    if site.reporter is None or site.submit is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    wanted = wanted_in({**request.state.form, "for": "buyer"})
    try:
        receipt = await run_in_threadpool(_send, site.reporter, site.submit, wanted, request.state.agent)
    except DocketError as wrong:
        raise HTTPException(HTTPStatus.CONFLICT, _sentence(wrong)) from wrong
    if not receipt.reply.startswith("2"):
        raise HTTPException(HTTPStatus.CONFLICT, f"Not sent, entry {receipt.seq}: {receipt.reply}")
    return RedirectResponse(
        f"{order_path(wanted.order)}?saved={receipt.seq}", status_code=HTTPStatus.SEE_OTHER
    )


def _send(reporter: Reporter, accept: Accept, wanted: Wanted, agent: str) -> Receipt:
    addressee(*reporter.choice(wanted))  # nothing is made for nobody
    made = reporter.make(wanted, Asked(agent=agent, reason="sent to the buyer", source="web"))
    return accept(*letter_of(reporter, wanted, made, agent)).result()


def wanted_in(form: dict[str, str]) -> Wanted:
    """Return what a form asks for."""
    language = form.get("language", "")
    return Wanted(
        order=OrderRef(marketplace=form.get("marketplace", ""), value=form.get("value", "")),
        audience="buyer" if form.get("for") == "buyer" else "court",
        language=language if language in LANGUAGES else "en",
        withhold=() if form.get("notes") == "yes" else ("dossier", "note"),
    )


def _sentence(wrong: Exception) -> str:
    return f"{str(wrong)[:1].upper()}{str(wrong)[1:]}."


ROUTES = [
    Route("/report", report, methods=["POST"]),
    Route("/report/send", send, methods=["POST"]),
]

"""The button on an order's page that hands out its report as a PDF file, with an entry that says who took it."""

from http import HTTPStatus

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gateway.report.audience import Wanted
from gateway.tongue import _
from gateway.web.handing import report_of, send_report, wanted
from gateway.web.pages.acts import doer
from gateway.web.render import order_path
from rules.facts import OrderRef


async def report(request: Request) -> Response:
    """Make a report and send it; the log has recorded it before the first byte leaves."""
    form = request.state.form
    if not form.get("reason", "").strip():
        raise HTTPException(
            HTTPStatus.BAD_REQUEST, _("Say what the report is for: the log keeps it with your name.")
        )
    return await run_in_threadpool(
        report_of, request.app.state.site, wanted_in(form), form.get("reason", ""), doer(request)
    )


async def send(request: Request) -> Response:
    """Send the buyer their copy, by the way that every answer goes."""
    what = wanted_in({**request.state.form, "for": "buyer"})
    across = request.state.form.get("across") == "yes"
    receipt = await run_in_threadpool(
        lambda: send_report(request.app.state.site, what, doer(request), across=across)
    )
    return RedirectResponse(f"{order_path(what.order)}?saved={receipt.seq}", status_code=HTTPStatus.SEE_OTHER)


def wanted_in(form: dict[str, str]) -> Wanted:
    """Return what a form asks for."""
    return wanted(
        OrderRef(marketplace=form.get("marketplace", ""), value=form.get("value", "")),
        buyer=form.get("for") == "buyer",
        language=form.get("language", ""),
        notes=form.get("notes") == "yes",
    )


ROUTES = [
    Route("/report", report, methods=["POST"]),
    Route("/report/send", send, methods=["POST"]),
]

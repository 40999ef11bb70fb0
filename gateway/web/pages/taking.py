"""A search's result taken away as a file, streamed, with an entry that says who took what."""

from http import HTTPStatus
from typing import cast

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from gateway.results.files import pieces
from gateway.results.result import FORMS, Form, Result, found_by
from gateway.store.waits import waits_in
from gateway.tongue import _
from gateway.web.pages.files import disposition
from gateway.web.site import Site
from index.query import QueryError, parse_query

_REASON = 500


async def take(request: Request) -> Response:
    """Send all that a query finds; the log has recorded it before the first byte leaves."""
    site: Site = request.app.state.site
    form = request.state.form
    wanted = form.get("form", "")
    if wanted not in FORMS:
        raise HTTPException(HTTPStatus.BAD_REQUEST, _("Say as what: %(what)s.") % {"what": ", ".join(FORMS)})
    return await run_in_threadpool(_send, site, cast("Form", wanted), form, request.state.agent)


def _send(site: Site, wanted: Form, form: dict[str, str], agent: str) -> Response:
    text = form.get("q", "")
    try:
        query = parse_query(text, tz=site.zone, waits=waits_in(site.store, site.clock))
    except QueryError as wrong:
        raise HTTPException(HTTPStatus.BAD_REQUEST, f"{wrong}.") from wrong
    site.index.refresh()
    found = found_by(site.index, query, "oldest" if form.get("sort") == "oldest" else "newest")
    result = Result(text=text, seqs=found)
    reason = form.get("reason", "").strip()[:_REASON]
    entry = site.act(result.draft(wanted, agent, reason=reason, source="web"))
    ending, type_ = FORMS[wanted]
    return StreamingResponse(
        pieces(site.archive, site.store, result, wanted),
        media_type=type_,
        headers={
            "content-disposition": disposition(f"search-{entry.seq}.{ending}"),
            "content-security-policy": "sandbox; default-src 'none'",
        },
    )


ROUTES = [Route("/take", take, methods=["POST"])]

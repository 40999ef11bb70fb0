"""The outbox: what is on its way, held or failed, and a person's word on each; the same acts as ``docket queue``."""

from dataclasses import dataclass
from http import HTTPStatus

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.errors import WrongUse
from gateway.queueing import DOES, Do, queue_draft
from gateway.store import jobs, messages
from gateway.store.records import JobRow, MessageRow
from gateway.web.pages.acts import append
from gateway.web.reads import seq_of
from gateway.web.render import page
from gateway.web.site import Site

_MOST = 500
_LONGEST = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A job and the message that it carries, or tells of."""

    job: JobRow
    row: MessageRow


async def show_outbox(request: Request) -> Response:
    found, looks = await run_in_threadpool(_look, request.app.state.site)
    groups = {
        "failed": [one for one in found if one.job.state == "dead"],
        "held": [one for one in found if one.job.state == "held"],
        "waiting": [one for one in found if one.job.state in {"ready", "leased"}],
    }
    return page(request, "outbox.html", groups=groups, looks=looks, most=_MOST, full=len(found) >= _MOST)


async def act(request: Request) -> Response:
    """Try it now, hold it, let it go on or give it up."""
    site: Site = request.app.state.site
    form, seq = request.state.form, seq_of(request)
    do, number = form.get("do", ""), form.get("job", "")
    if do not in DOES or not number.isascii() or not number.isdigit() or len(number) > 9:
        raise HTTPException(HTTPStatus.BAD_REQUEST, "Say what to do with which job.")
    job, row = await run_in_threadpool(_find, site, seq, int(number))
    wanted: Do = do
    try:
        reason = form.get("reason", "").strip()[:_LONGEST]
        draft = queue_draft(job, row, wanted, agent=request.state.agent, reason=reason, source="web")
    except WrongUse as wrong:
        raise HTTPException(HTTPStatus.CONFLICT, f"{wrong}. Load the page again.") from wrong
    return await append(site, draft, back="/outbox")


def _look(site: Site) -> tuple[list[Outgoing], list[MessageRow]]:
    """Return the jobs that have not ended well, and the messages that wait for a second look."""
    with site.store.read() as conn:
        found = jobs.outstanding(conn, _MOST)
        rows = messages.messages(conn, [one.message for one in found])
        looks = messages.held(conn, _MOST)
    return [Outgoing(job=one, row=rows[one.message]) for one in found if one.message in rows], looks


def _find(site: Site, seq: int, number: int) -> tuple[JobRow, MessageRow]:
    with site.store.read() as conn:
        row = messages.message(conn, seq)
        job = next((one for one in jobs.jobs_of(conn, seq) if one.number == number), None)
    if row is None or job is None:
        raise HTTPException(HTTPStatus.NOT_FOUND, f"There is no job {number} of message {seq}.")
    return job, row


ROUTES = [
    Route("/outbox", show_outbox, methods=["GET"]),
    Route("/message/{seq:int}/queue", act, methods=["POST"]),
]

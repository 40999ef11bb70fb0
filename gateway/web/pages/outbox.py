"""The outbox: what is on its way, held or failed, and a person's word on each; the same acts as ``docket queue``."""

from dataclasses import dataclass
from http import HTTPStatus

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.store import jobs, messages
from gateway.store.evidence import events_among
from gateway.store.records import EventRow, JobRow, MessageRow
from gateway.tongue import _
from gateway.web.deeds import queue_word
from gateway.web.pages.acts import append, doer
from gateway.web.reads import first_words, seq_of, texts_of
from gateway.web.render import page
from gateway.web.site import Site
from gateway.web.undoing import undo_of

_MOST = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A job and the message that it carries, or tells of."""

    job: JobRow
    row: MessageRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A message that waits for a second look: what the policy found in it, and how its text begins."""

    row: MessageRow
    findings: list[str]
    words: str


async def show_outbox(request: Request) -> Response:
    site: Site = request.app.state.site
    found, looks = await run_in_threadpool(_look, site)
    undo = await run_in_threadpool(undo_of, site, request)
    groups = {
        "failed": [one for one in found if one.job.state == "dead"],
        "held": [one for one in found if one.job.state == "held"],
        "waiting": [one for one in found if one.job.state in {"ready", "leased"}],
    }
    return page(
        request, "outbox.html", groups=groups, looks=looks, most=_MOST, full=len(found) >= _MOST, undo=undo
    )


async def act(request: Request) -> Response:
    """Try it now, hold it, let it go on or give it up."""
    site: Site = request.app.state.site
    form, seq, number = request.state.form, seq_of(request), request.state.form.get("job", "")
    if not number.isascii() or not number.isdigit() or len(number) > 9:
        raise HTTPException(HTTPStatus.BAD_REQUEST, _("Say what to do with which job."))
    draft = await run_in_threadpool(
        queue_word, site, seq, int(number), form.get("do", ""), form.get("reason", ""), doer(request)
    )
    return await append(site, draft, back="/outbox")


def _look(site: Site) -> tuple[list[Outgoing], list[Held]]:
    """Return the jobs that have not ended well, and the messages that wait for a second look."""
    with site.store.read() as conn:
        found = jobs.outstanding(conn, _MOST)
        rows = messages.messages(conn, [one.message for one in found])
        looks = messages.held(conn, _MOST)
        verdicts = events_among(conn, [one.seq for one in looks])
    held = [
        Held(row=row, findings=_findings(verdicts.get(row.seq)), words=first_words(text))
        for row, text in zip(looks, texts_of(site, looks), strict=True)
    ]
    return [Outgoing(job=one, row=rows[one.message]) for one in found if one.message in rows], held


def _findings(event: EventRow | None) -> list[str]:
    """Return what the policy found in a message, in its words."""
    verdict = event.summary.get("verdict") if event is not None else None
    found = verdict.get("findings") if isinstance(verdict, dict) else None
    return [str(one.get("message", "")) for one in found or () if isinstance(one, dict)]


ROUTES = [
    Route("/outbox", show_outbox, methods=["GET"]),
    Route("/message/{seq:int}/queue", act, methods=["POST"]),
]

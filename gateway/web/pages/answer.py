"""A claim's answer: the text to paste, what it lacks, and the entries that each sentence stands on."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.answer.compose import Answer, draft_of
from gateway.answer.phrases import LANGUAGES
from gateway.store.evidence import events_among
from gateway.web.handing import answer_of, sent_across
from gateway.web.pages.acts import append
from gateway.web.pages.order import ref_of
from gateway.web.render import order_path, page
from gateway.web.site import Site
from rules.facts import OrderRef

_FIRST = "en"


async def show_answer(request: Request) -> Response:
    """Show it; that alone is no entry."""
    ref = ref_of(request)
    language, made = await _made(request, ref, request.query_params.get("language", ""))
    site: Site = request.app.state.site
    where = await run_in_threadpool(_where, site, ref, made)
    mailbox, others = await run_in_threadpool(sent_across, site, ref)
    return page(
        request,
        "answer.html",
        ref=ref,
        made=made,
        where=where,
        language=language,
        languages=LANGUAGES,
        mailbox=mailbox,
        others=others,
    )


async def keep_answer(request: Request) -> Response:
    """Archive the answer as it is now: that is what its writer goes and pastes."""
    ref, site = ref_of(request), request.app.state.site
    _, made = await _made(request, ref, request.state.form.get("language", ""))
    return await append(
        site, draft_of(ref, made, agent=request.state.agent, source="web"), back=order_path(ref)
    )


def _where(site: Site, ref: OrderRef, made: Answer) -> dict[int, str]:
    """Return the page that shows each entry which a sentence stands on: its message's, else its place on the order's."""
    with site.store.read() as conn:
        found = events_among(conn, {seq for one in made.text.sentences for seq in one.entries})
    return {
        seq: f"/message/{event.of}" if event.of is not None else f"{order_path(ref)}#e{seq}"
        for seq, event in found.items()
    }


async def _made(request: Request, ref: OrderRef, language: str) -> tuple[str, Answer]:
    chosen = language if language in LANGUAGES else _FIRST
    return chosen, await run_in_threadpool(answer_of, request.app.state.site, ref, chosen)


ROUTES = [
    Route("/answer/{marketplace}/{value:path}", show_answer, methods=["GET"]),
    Route("/answer/{marketplace}/{value:path}", keep_answer, methods=["POST"]),
]

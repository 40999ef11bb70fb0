"""One order: the facts, and everything that happened, in time."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gateway.answer.phrases import LANGUAGES
from gateway.dossier.closing import missing
from gateway.dossier.timeline import Act, Letter, Timeline, timeline_of
from gateway.mail.entry import Draft
from gateway.mail.passages import Passage, passages
from gateway.shape import own_text
from gateway.store.orders import find_orders
from gateway.store.records import OrderRow
from gateway.web.deeds import Doer, dossier_change, mark_clock, note_on
from gateway.web.pages.acts import append, doer
from gateway.web.reads import text_of
from gateway.web.render import order_path, page
from gateway.web.site import Site
from rules.facts import OrderRef

_TEXT_CHARS = 20_000
_GAP = timedelta(hours=1)
_LONGEST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """One place on the line: the moment, how long after the one before, and a message's text."""

    moment: Letter | Act
    is_mail: bool
    gap: timedelta | None
    passages: list[Passage]
    cut: bool


async def find(request: Request) -> Response:
    """Go to the order that a number means; where several share it, let the reader choose."""
    value = request.query_params.get("ref", "")[:_LONGEST]
    found = await run_in_threadpool(_find, request.app.state.site, value)
    if len(found) == 1:
        return RedirectResponse(order_path(found[0].order), status_code=HTTPStatus.SEE_OTHER)
    status = 200 if found else 404
    return page(request, "orders.html", status=status, value=value, found=found)


async def show_order(request: Request) -> Response:
    site: Site = request.app.state.site
    ref = ref_of(request)
    found = await run_in_threadpool(_look_at, site, ref)
    if found is None:
        raise HTTPException(
            HTTPStatus.NOT_FOUND, f"Nothing is linked to an order {ref.value} of {ref.marketplace}."
        )
    timeline, stops = found
    saved = request.query_params.get("saved", "")
    seqs = {str(one.event.seq) for one in timeline.moments if isinstance(one, Act)}
    pending = saved[:20] if saved.isdecimal() and saved not in seqs else ""
    return page(
        request,
        "order.html",
        timeline=timeline,
        stops=stops,
        ref=ref,
        pending=pending,
        waits=timeline.waits,
        lacks=missing(timeline, request.app.state.site.close_needs),
        languages=LANGUAGES,
    )


async def note(request: Request) -> Response:
    """Write a note on the order itself, say a word on one of its clocks, or change how its dossier stands."""
    site, ref = request.app.state.site, ref_of(request)
    draft = await run_in_threadpool(_deed, site, ref, request.state.form, doer(request))
    return await append(site, draft, back=order_path(ref))


def _deed(site: Site, ref: OrderRef, form: Mapping[str, str], who: Doer) -> Draft:
    if "clock" in form:
        return mark_clock(site, ref, form["clock"], form.get("as", ""), who)
    if changes := {name: form[name] for name in ("state", "owner") if name in form}:
        return dossier_change(site, ref, changes, who)
    return note_on(site, ref, form.get("text", ""), who)


def ref_of(request: Request) -> OrderRef:
    """Return the order that an address names."""
    marketplace, value = request.path_params["marketplace"], request.path_params["value"]
    if len(marketplace) > _LONGEST or len(value) > _LONGEST or "\x00" in marketplace + value:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return OrderRef(marketplace=marketplace, value=value)


def _find(site: Site, value: str) -> list[OrderRow]:
    with site.store.read() as conn:
        return find_orders(conn, value)


def _look_at(site: Site, ref: OrderRef) -> tuple[Timeline, list[Stop]] | None:
    with site.store.read() as conn:
        timeline = timeline_of(conn, ref)
    return None if timeline is None else (timeline, list(_stops(site, timeline)))


def _stops(site: Site, timeline: Timeline) -> Iterator[Stop]:
    before: datetime | None = None
    for moment in timeline.moments:
        text = own_text(text_of(site, moment.row)) if isinstance(moment, Letter) else ""
        gap = moment.at - before if before is not None else None
        yield Stop(
            moment=moment,
            is_mail=isinstance(moment, Letter),
            gap=gap if gap is not None and gap >= _GAP else None,
            passages=passages(text[:_TEXT_CHARS]),
            cut=len(text) > _TEXT_CHARS,
        )
        before = moment.at


ROUTES = [
    Route("/order", find, methods=["GET"]),
    Route("/order/{marketplace}/{value:path}", show_order, methods=["GET"]),
    Route("/order/{marketplace}/{value:path}", note, methods=["POST"]),
]

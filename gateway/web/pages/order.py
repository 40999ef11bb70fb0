"""One order: the facts, and everything that happened, in time."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gateway.dossier.closing import missing
from gateway.dossier.filing import FILE_BYTES, KINDS
from gateway.dossier.timeline import Act, Timeline, timeline_of
from gateway.mail.entry import Draft
from gateway.store.authenticity import authentic_of
from gateway.store.orders import find_orders
from gateway.store.records import OrderRow
from gateway.tongue import _
from gateway.web.deeds import Doer, dossier_change, mark_clock, note_on
from gateway.web.line import PRINTED, WINDOW, Line, groups_in, line_of
from gateway.web.pages.acts import append, back_to, doer
from gateway.web.render import order_path, page
from gateway.web.site import Site
from gateway.web.undoing import saved_in, undo_of
from rules.facts import OrderRef

_NUMBER = re.compile(r"[0-9]{1,15}")
_LONGEST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """An order as its page shows it, and who could own it."""

    timeline: Timeline
    line: Line
    people: list[str]


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
    asked = request.query_params
    only = groups_in(asked.get("only", ""))
    end = int(asked["to"]) if _NUMBER.fullmatch(asked.get("to", "")) else None
    printed = asked.get("view") == "print"
    found = await run_in_threadpool(_look_at, site, ref, only, end, PRINTED if printed else WINDOW)
    if found is None:
        raise _unknown(ref)
    timeline, saved = found.timeline, saved_in(request)
    seqs = {one.event.seq for one in timeline.moments if isinstance(one, Act)}
    undo = await run_in_threadpool(undo_of, site, request)
    return page(
        request,
        "print.html" if printed else "order.html",
        timeline=timeline,
        line=found.line,
        people=found.people,
        ref=ref,
        undo=undo,
        pending=saved if saved not in seqs and undo is None else None,
        waits=timeline.waits,
        lacks=missing(timeline, site.close_needs),
        carriers=sorted(site.carriers()),
        kinds=KINDS,
        most=FILE_BYTES,
    )


async def note(request: Request) -> Response:
    """Write a note on the order itself, say a word on one of its clocks, or change how its dossier stands."""
    site, ref = request.app.state.site, ref_of(request)
    draft = await run_in_threadpool(_deed, site, ref, request.state.form, doer(request))
    return await append(site, draft, back=back_to(request, order_path(ref)))


def _deed(site: Site, ref: OrderRef, form: Mapping[str, str], who: Doer) -> Draft:
    check_known(site, ref)
    if "clock" in form:
        return mark_clock(
            site, ref, form["clock"], form.get("as", ""), who, undo=form.get("undo", "") == "yes"
        )
    if changes := {name: form[name] for name in ("state", "owner") if name in form}:
        return dossier_change(site, ref, changes, who)
    return note_on(site, ref, form.get("text", ""), who)


def ref_of(request: Request) -> OrderRef:
    """Return the order that an address names."""
    marketplace, value = request.path_params["marketplace"], request.path_params["value"]
    if len(marketplace) > _LONGEST or len(value) > _LONGEST or "\x00" in marketplace + value:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return OrderRef(marketplace=marketplace, value=value)


def check_known(site: Site, ref: OrderRef) -> None:
    """Raise HTTPException for an order that nobody knows: what was said of it would be read by nobody."""
    with site.store.read() as conn:
        known = timeline_of(conn, ref) is not None
    if not known:
        raise _unknown(ref)


def _unknown(ref: OrderRef) -> HTTPException:
    return HTTPException(
        HTTPStatus.NOT_FOUND,
        _("Nothing is linked to an order %(value)s of %(marketplace)s.")
        % {"value": ref.value, "marketplace": ref.marketplace},
    )


def _find(site: Site, value: str) -> list[OrderRow]:
    with site.store.read() as conn:
        return find_orders(conn, value)


def _look_at(site: Site, ref: OrderRef, only: frozenset[str], end: int | None, window: int) -> Dossier | None:
    with site.store.read() as conn:
        timeline = timeline_of(conn, ref)
        if timeline is None:
            return None
        authentic = authentic_of(conn, [one.row.seq for one in timeline.letters])
    return Dossier(
        timeline=timeline,
        line=line_of(site, timeline, authentic, only, end=end, window=window),
        people=[one.name for one in site.accounts.list() if not one.disabled],
    )


ROUTES = [
    Route("/order", find, methods=["GET"]),
    Route("/order/{marketplace}/{value:path}", show_order, methods=["GET"]),
    Route("/order/{marketplace}/{value:path}", note, methods=["POST"]),
]

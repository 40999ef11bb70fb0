"""What is kept although it could go, and what may go by time: legal holds, and the preview of retention."""

from datetime import timedelta
from http import HTTPStatus

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gateway.dossier.holding import hold_act, release_act
from gateway.erasure.certificate import ranges
from gateway.erasure.retention import Group, end_of_next_month
from gateway.errors import WrongUse
from gateway.mail.canonical import canonical
from gateway.mail.entry import Draft
from gateway.store.dossiers import dossier_of
from gateway.store.holds import HeldRow, held_dossiers
from gateway.web.deeds import done
from gateway.web.pages.custody import day_in
from gateway.web.reads import order_known
from gateway.web.render import page
from gateway.web.site import Site

_LONGEST = 500
_GROUPS = 300


async def show_holds(request: Request) -> Response:
    site: Site = request.app.state.site
    held = await run_in_threadpool(_held, site)
    today = site.clock.now().astimezone(site.zone).date().isoformat()
    return page(
        request, "holds.html", held=held, today=today, order=request.query_params.get("order", "")[:200]
    )


async def change_hold(request: Request) -> Response:
    """Hold all that an order has, or end the hold."""
    site: Site = request.app.state.site
    draft = await run_in_threadpool(_hold, site, request.state.form, request.state.agent)
    await done(site, draft)
    return RedirectResponse("/custody/holds", status_code=HTTPStatus.SEE_OTHER)


async def show_retention(request: Request) -> Response:
    site: Site = request.app.state.site
    if site.desk is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    day = request.query_params.get("until", "")
    limit = day_in(day, site.zone, after=1) or end_of_next_month(site.clock.now())
    groups: list[Group] | None = None
    if day and site.desk.periods:
        groups = [one for one in await run_in_threadpool(site.desk.due, limit) if one.due_at is not None]
    going = sum(len(one.messages) for one in groups or () if not one.hindrance)
    staying = sum(len(one.messages) for one in groups or () if one.hindrance)
    return page(
        request,
        "retention.html",
        periods=site.desk.periods,
        default=site.desk.default,
        day=day or (limit - timedelta(seconds=1)).astimezone(site.zone).date().isoformat(),
        groups=None if groups is None else groups[:_GROUPS],
        more=max(0, len(groups or ()) - _GROUPS),
        going=going,
        staying=staying,
        ranges=ranges,
    )


def _held(site: Site) -> list[HeldRow]:
    with site.store.read() as conn:
        return held_dossiers(conn)


def _hold(site: Site, form: dict[str, str], agent: str) -> Draft:
    told = {
        name: form.get(name, "").strip()[:_LONGEST]
        for name in ("order", "marketplace", "reason", "owner", "review")
    }
    with site.store.read() as conn:
        order = order_known(conn, told["order"], told["marketplace"].lower())
        standing = dossier_of(conn, order)
    try:
        said = (
            release_act(standing, reason=told["reason"], agent=agent)
            if form.get("do") == "release"
            else hold_act(reason=told["reason"], owner=told["owner"], review=told["review"], agent=agent)
        )
    except WrongUse as wrong:
        raise HTTPException(HTTPStatus.BAD_REQUEST, f"{str(wrong)[:1].upper()}{str(wrong)[1:]}.") from wrong
    ref = {"marketplace": order.marketplace, "value": order.value}
    return Draft(type="dossier", payload=canonical({"order": ref, **said}), meta={"source": "web"})


ROUTES = [
    Route("/custody/holds", show_holds, methods=["GET"]),
    Route("/custody/holds", change_hold, methods=["POST"]),
    Route("/custody/retention", show_retention, methods=["GET"]),
]

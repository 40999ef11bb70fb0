"""The claims: what is due and when, what is held, what each answer still lacks, and how the last ones ended."""

from dataclasses import dataclass
from datetime import timedelta

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.store import due, holds, messages
from gateway.store.dossiers import DossierRow, dossier_of
from gateway.store.due import ClockRow
from gateway.store.holds import HeldRow
from gateway.store.owed import owed
from gateway.store.records import MessageRow
from gateway.tongue import _
from gateway.web.render import page
from gateway.web.site import Site
from gateway.web.undoing import undo_of
from rules.clocks import DISPUTES

_MOST = 100
_LOOKED = 25  # claims whose answer is looked at for what it lacks
_ENDED, _SOON = timedelta(days=30), timedelta(minutes=1)
_LANGUAGE = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A dispute's clock, its notice, how its dossier stands, and what its answer lacks; None where nobody has looked."""

    clock: ClockRow
    row: MessageRow
    standing: DossierRow | None
    lacks: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    open: list[Claim]
    more: int
    held: list[HeldRow]  # dossiers that are held, and no dispute of theirs runs
    ended: list[Claim]


async def show_claims(request: Request) -> Response:
    site: Site = request.app.state.site
    found = await run_in_threadpool(_look, site)
    undo = await run_in_threadpool(undo_of, site, request)
    return page(request, "claims.html", found=found, undo=undo)


def _look(site: Site) -> Claims:
    now = site.clock.now()
    with site.store.read() as conn:
        disputes = [one for one in owed(conn) if one.kind in DISPUTES]
        clocks = due.clocks_on(conn, [one.message for one in disputes])
        waits = [clocks[one.message, one.name] for one in disputes]
        begun = due.begun(conn, now - _ENDED, now + _SOON, DISPUTES)
        ended = sorted(
            (one for one in begun if one.stopped_at), key=lambda one: one.stopped_at or now, reverse=True
        )
        shown = [*waits[:_MOST], *ended[:_MOST]]
        rows = messages.messages(conn, [one.message for one in shown])
        standing = {one: dossier_of(conn, one) for clock in shown for one in clock.orders[:1]}
        held = holds.held_dossiers(conn)
    claims = [
        Claim(clock=one, row=rows[one.message], standing=standing[one.orders[0]] if one.orders else None)
        for one in shown
        if one.message in rows
    ]
    disputed = {order for one in waits for order in one.orders}
    still = [one for one in claims if one.clock.stopped_by is None]
    return Claims(
        open=[
            Claim(clock=one.clock, row=one.row, standing=one.standing, lacks=_lacks(site, one))
            if place < _LOOKED
            else one
            for place, one in enumerate(still)
        ],
        more=len(waits[_MOST:]),
        held=[one for one in held if one.order not in disputed][-_MOST:],
        ended=[one for one in claims if one.clock.stopped_by is not None],
    )


def _lacks(site: Site, claim: Claim) -> tuple[str, ...] | None:
    """Return what an answer written now would lack; the same words as on the answer's own page."""
    if not claim.clock.orders:
        return (_("it is linked to no order: link it first"),)
    made = site.answer(claim.clock.orders[0], _LANGUAGE, site.store)
    return made.lacks if made is not None else None


ROUTES = [Route("/claims", show_claims, methods=["GET"])]

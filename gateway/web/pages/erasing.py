"""Erasures: what would go is shown, one person asks for it, another agrees, and when it has cooled off it is done."""

import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gateway.erasure import requests
from gateway.erasure.certificate import ranges
from gateway.erasure.desk import Desk
from gateway.erasure.plan import Plan
from gateway.errors import DocketError, WrongUse
from gateway.store.evidence import events_of_type
from gateway.store.records import EventRow
from gateway.tongue import _
from gateway.web.pages.files import disposition
from gateway.web.reads import order_known, seq_of
from gateway.web.render import page
from gateway.web.site import Site

_LONGEST = 500
_NUMBER = re.compile(r"[0-9]{1,15}")
_GROUND = "GDPR Art. 17(1)"
_DONE = 50
_KEEP = 40_000  # characters of the list of messages to leave out, which an address holds too


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Whom or what a form is about, as it was written: an address or an order, and the messages to leave out."""

    target: str
    marketplace: str
    keep: str

    @property
    def kept(self) -> frozenset[int]:
        named = self.keep.replace(",", " ").split()
        if not all(_NUMBER.fullmatch(one) for one in named):
            raise HTTPException(HTTPStatus.BAD_REQUEST, _("Name messages by their numbers, as 17, 23."))
        return frozenset(map(int, named))


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How erasures stand: what would go, what waits and for what, what is under way, what was certified."""

    plan: Plan | None
    waiting: list[tuple[requests.Request, str]]
    unfinished: list[int]
    certified: list[EventRow]


async def show(request: Request) -> Response:
    site: Site = request.app.state.site
    asked = _asked(request.query_params)
    standing = await run_in_threadpool(_standing, site, asked)
    return page(request, "erasures.html", standing=standing, asked=asked, ranges=ranges, ground=_GROUND)


async def act(request: Request) -> Response:
    """Ask for an erasure, agree to one, take one back, or have one done that is due."""
    site: Site = request.app.state.site
    form: dict[str, str] = request.state.form
    try:
        await run_in_threadpool(_act, site, form, request.state.agent)
    except WrongUse as wrong:
        raise HTTPException(HTTPStatus.CONFLICT, _sentence(wrong)) from wrong
    except DocketError as wrong:
        raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, _sentence(wrong)) from wrong
    return RedirectResponse("/custody/erasures", status_code=HTTPStatus.SEE_OTHER)


async def certificate(request: Request) -> Response:
    """Hand out the certificate of an erasure that is done."""
    desk = _desk(request.app.state.site)
    name = f"erasure-{seq_of(request)}.txt"
    try:
        text = await run_in_threadpool((desk.eraser.certificates / name).read_bytes)
    except OSError as wrong:
        raise HTTPException(HTTPStatus.NOT_FOUND, _("There is no such certificate.")) from wrong
    headers = {"content-disposition": disposition(name)}
    return Response(text, media_type="text/plain; charset=utf-8", headers=headers)


def _standing(site: Site, asked: Asked) -> Standing:
    desk = _desk(site)
    try:
        plan = _plan(site, asked) if asked.target else None
    except WrongUse as wrong:
        raise HTTPException(HTTPStatus.BAD_REQUEST, _sentence(wrong)) from wrong
    with site.store.read() as conn:
        certified = events_of_type(conn, "erasure.done")[: -_DONE - 1 : -1]
    return Standing(
        plan=plan, waiting=desk.waiting(), unfinished=desk.eraser.unfinished(), certified=certified
    )


def _plan(site: Site, asked: Asked) -> Plan:
    if "@" in asked.target:
        return _desk(site).preview(asked.target, asked.kept)
    with site.store.read() as conn:
        order = order_known(conn, asked.target, asked.marketplace.lower())
    return _desk(site).preview(order, asked.kept)


def _act(site: Site, form: dict[str, str], agent: str) -> None:
    desk = _desk(site)
    seq = form.get("seq", "")
    number = int(seq) if _NUMBER.fullmatch(seq) else -1
    match form.get("do"):
        case "ask":
            desk.ask(
                _plan(site, _asked(form)),
                reason=form.get("reason", "")[:_LONGEST],
                ground=form.get("ground", "").strip()[:_LONGEST] or _GROUND,
                agent=agent,
            )
        case "approve":
            desk.approve(number, agent)
        case "withdraw":
            desk.withdraw(number, agent)
        case "run":
            desk.order(number)
        case _:
            raise HTTPException(HTTPStatus.BAD_REQUEST, _("Say what to do with which erasure."))


def _asked(told: Any) -> Asked:
    """Return what is asked for, whole: what is cut off here would be another person's, or would go with the rest."""
    asked = Asked(**{name: str(told.get(name, "")).strip() for name in Asked.__slots__})
    if max(len(asked.target), len(asked.marketplace)) > _LONGEST:
        raise HTTPException(HTTPStatus.BAD_REQUEST, _("That is too long for an address or an order."))
    if len(asked.keep) > _KEEP:
        raise HTTPException(
            HTTPStatus.BAD_REQUEST,
            _("The list of messages to leave out may be %(most)s characters long.") % {"most": _KEEP},
        )
    return asked


def _desk(site: Site) -> Desk:
    if site.desk is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return site.desk


def _sentence(wrong: Exception) -> str:
    return f"{str(wrong)[:1].upper()}{str(wrong)[1:]}."


ROUTES = [
    Route("/custody/erasures", show, methods=["GET"]),
    Route("/custody/erasures", act, methods=["POST"]),
    Route("/custody/erasures/{seq:int}.txt", certificate, methods=["GET"]),
]

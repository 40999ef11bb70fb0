"""Who may log in: invited, changed, shut out, let in again and removed by an admin. Each is an entry ``person``."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import get_args

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gateway.errors import WrongUse
from gateway.store import factors, identities, invitations
from gateway.store.accounts import Accounts
from gateway.store.agents import Agent, Role
from gateway.store.people import person_draft
from gateway.store.sessions import Sessions
from gateway.store.spelling import folded
from gateway.tongue import _, marked
from gateway.web.access import powers_of
from gateway.web.admission import confirm
from gateway.web.pages.factors import sentence
from gateway.web.render import page
from gateway.web.site import Site

DAYS = 7  # for which an invitation is good
_NAME = 100
_SAID = {
    "changed": marked("Changed. Their sessions have ended."),
    "shut out": marked("Shut out: nothing opens any more, mail clients too."),
    "let in": marked("Let in again."),
    "removed": marked("Removed. What they did stays in the record."),
    "factors cleared": marked("Their second step is gone: the password alone opens until they set one up."),
    "identity unbound": marked("Forgotten: the next login by their name at the company’s login is theirs."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One line of the page."""

    agent: Agent
    invited_until: datetime | None
    kinds: frozenset[str]
    bound: bool
    sessions: int


async def show(request: Request) -> Response:
    said = _SAID.get(request.query_params.get("did", ""), "")
    return await _shown(request, said=_(said))


async def invite(request: Request) -> Response:
    """Add somebody without a password and show the invitation with which they set one, this once."""
    accounts = _site(request).accounts.by(await confirm(request))
    async with _alone(request):
        return await _added(request, accounts)


async def _added(request: Request, accounts: Accounts) -> Response:
    site, form = _site(request), request.state.form
    name, boxes, role = form.get("name", ""), _boxes(form.get("mailboxes", "")), _role(form.get("role", ""))
    await _check_boxes(request, boxes)
    recorded = _recorded(request, accounts, "added", folded(name), role=role, mailboxes=boxes)
    try:
        made = await run_in_threadpool(
            lambda: recorded.add(
                name, None, full_name=form.get("full_name", "").strip()[:_NAME], mailboxes=boxes, role=role
            )
        )
    except WrongUse as wrong:
        raise HTTPException(HTTPStatus.CONFLICT, sentence(_(str(wrong).partition(";")[0]))) from wrong
    if site.sso and site.sso.only:
        return RedirectResponse("/people", status_code=HTTPStatus.SEE_OTHER)
    return await _invited(request, accounts, made.name)


async def change(request: Request) -> Response:
    """Do to one person what the form says; never what would leave nobody who can administer."""
    site, form, name = _site(request), request.state.form, request.path_params["name"]
    known = await run_in_threadpool(site.accounts.agent, name)
    if known is None:
        raise HTTPException(HTTPStatus.NOT_FOUND, _("There is nobody of this name."))
    do = form.get("do", "")
    if do in {"assign", "shut", "remove", "invite"} and known.name == request.state.agent:
        said = _("You cannot do that to yourself: there must be somebody left who can. Ask another admin.")
        raise HTTPException(HTTPStatus.CONFLICT, said)
    accounts = site.accounts.by(await confirm(request))
    async with _alone(request):
        return await _changed(request, accounts, known, do)


@asynccontextmanager
async def _alone(request: Request) -> AsyncIterator[None]:
    """Let one change happen at a time, by who is an admin still: the change before may have been about them.

    What is changed inside is changed ``by`` their standing, which ends with their session and with their rights.
    """
    async with request.app.state.one_change:
        actor = await run_in_threadpool(_site(request).accounts.agent, request.state.agent)
        if actor is None or actor.disabled or "administer" not in powers_of(actor):
            raise HTTPException(HTTPStatus.FORBIDDEN, _("This is for admins."))
        yield


async def _changed(request: Request, accounts: Accounts, known: Agent, do: str) -> Response:
    site, form = _site(request), request.state.form
    if do == "invite":
        if site.sso and site.sso.only:
            raise HTTPException(HTTPStatus.CONFLICT, _("Your company’s login takes care of this."))
        return await _invited(request, accounts, known.name)
    if do == "assign":
        role, boxes = _role(form.get("role", "")), _boxes(form.get("mailboxes", ""))
        await _check_boxes(request, boxes)
        recorded = _recorded(request, accounts, "changed", known.name, role=role, mailboxes=boxes)
        await run_in_threadpool(lambda: recorded.assign(known.name, role=role, mailboxes=boxes))
        return _done("changed")
    if do in {"shut", "open"}:
        did = "shut out" if do == "shut" else "let in"
        recorded = _recorded(request, accounts, did, known.name)
        await run_in_threadpool(lambda: recorded.disable(known.name, disabled=do == "shut"))
        return _done(did)
    if do == "remove":
        await run_in_threadpool(_recorded(request, accounts, "removed", known.name).remove, known.name)
        return _done("removed")
    clearing: dict[str, tuple[str, Callable[..., int]]] = {
        "factors": ("factors cleared", factors.clear),
        "identity": ("identity unbound", identities.unbind),
    }
    if do not in clearing:
        raise HTTPException(HTTPStatus.BAD_REQUEST)
    did, clear = clearing[do]
    await run_in_threadpool(_in_accounts, _recorded(request, accounts, did, known.name), clear, known.name)
    return _done(did)


def _in_accounts(accounts: Accounts, clear: Callable[..., int], name: str) -> None:
    with accounts.store.write() as tx:
        clear(tx, name)


async def _invited(request: Request, accounts: Accounts, name: str) -> Response:
    site = _site(request)
    code = await run_in_threadpool(_recorded(request, accounts, "invited", name).invite, name, DAYS)
    scheme = "https" if site.secure_cookie else "http"
    link = f"{scheme}://{request.headers['host']}/welcome#{code}"
    return await _shown(request, invited=name, code=code, link=link)


def _done(did: str) -> Response:
    return RedirectResponse(f"/people?did={did.replace(' ', '+')}", status_code=HTTPStatus.SEE_OTHER)


def _recorded(
    request: Request,
    accounts: Accounts,
    did: str,
    name: str,
    *,
    role: str = "",
    mailboxes: tuple[str, ...] = (),
) -> Accounts:
    """Return the accounts, changed once it is on record: what the log cannot take is not done."""
    act, by = _site(request).act, request.state.agent
    draft = person_draft(did, name, by=by, source="web", role=role, mailboxes=tuple(sorted(mailboxes)))
    return accounts.recorded(lambda: act(draft))


async def _shown(
    request: Request, *, said: str = "", invited: str = "", code: str = "", link: str = ""
) -> Response:
    site = _site(request)
    people = await run_in_threadpool(_people, site)
    return page(
        request,
        "people.html",
        everybody=people,
        roles=get_args(Role),
        said=said,
        invited=invited,
        code=code,
        link=link,
        days=DAYS,
        sso=site.sso,
        boxes=site.mailboxes(),
    )


def _people(site: Site) -> list[Person]:
    accounts = site.accounts
    with accounts.store.read() as conn:
        waiting, bound = invitations.open_until(conn, site.clock.now()), identities.bound(conn)
    kinds = site.factors.holders()
    counts: dict[str, int] = {}
    for one in Sessions(accounts.store, site.clock).list():
        counts[one.agent] = counts.get(one.agent, 0) + 1
    return [
        Person(
            agent=one,
            invited_until=waiting.get(one.name),
            kinds=frozenset(kinds.get(one.name, ())),
            bound=one.name in bound,
            sessions=counts.get(one.name, 0),
        )
        for one in accounts.list()
    ]


async def _check_boxes(request: Request, boxes: tuple[str, ...]) -> None:
    known = _site(request).mailboxes()
    strange = [box for box in boxes if box not in known]
    if strange:
        raise HTTPException(
            HTTPStatus.BAD_REQUEST, _("There is no mailbox %(box)s in the settings.") % {"box": strange[0]}
        )


def _boxes(text: str) -> tuple[str, ...]:
    return tuple(sorted({box.lower() for box in text.replace(",", " ").split()}))


def _role(text: str) -> Role:
    found: Role | None = next((role for role in get_args(Role) if role == text), None)
    if found is None:
        raise HTTPException(HTTPStatus.BAD_REQUEST, _("Choose a role."))
    return found


def _site(request: Request) -> Site:
    site: Site = request.app.state.site
    return site


ROUTES = [
    Route("/people", show, methods=["GET"]),
    Route("/people", invite, methods=["POST"]),
    Route("/people/{name:path}", change, methods=["POST"]),
]

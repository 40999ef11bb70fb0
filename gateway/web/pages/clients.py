"""How an agent's own mail clients are set up: the servers, a profile for Apple's, codes for telephones, steps in words."""

from dataclasses import dataclass
from http import HTTPStatus

from markupsafe import Markup
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.clients import apple, codes
from gateway.clients.records import is_reachable, records
from gateway.clients.services import Account, accounts_of
from gateway.clients.steps import Guide, complete, guides
from gateway.tongue import _
from gateway.web.render import page
from gateway.web.site import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One client's guide, with its code drawn; ``lacks`` says why there is none."""

    guide: Guide
    code: Markup | None = None
    lacks: str = ""


async def show_clients(request: Request) -> Response:
    site: Site = request.app.state.site
    accounts = await run_in_threadpool(_accounts, site, request.state.agent)
    chosen = _chosen(accounts, request.query_params.get("mailbox", ""))
    ready = chosen is not None and complete(chosen)
    sections = [_section(chosen, one, site) for one in guides(chosen)] if chosen and ready else []
    return page(
        request,
        "clients.html",
        accounts=accounts,
        chosen=chosen,
        sections=sections,
        records=records(site.clients()),
    )


async def give_profile(request: Request) -> Response:
    accounts = await run_in_threadpool(_accounts, request.app.state.site, request.state.agent)
    chosen = _chosen(accounts, request.query_params.get("mailbox", ""))
    if chosen is None or not complete(chosen):
        raise HTTPException(HTTPStatus.NOT_FOUND, _("No servers are set up for this mailbox."))
    told = {"content-disposition": 'attachment; filename="docket.mobileconfig"'}
    return Response(apple.profile(chosen), media_type=apple.MEDIA_TYPE, headers=told)


def _accounts(site: Site, name: str) -> tuple[Account, ...]:
    agent = site.accounts.agent(name)
    return () if agent is None else accounts_of(site.clients(), agent.name, agent.full_name, agent.mailboxes)


def _chosen(accounts: tuple[Account, ...], mailbox: str) -> Account | None:
    """Return the account asked for; without a question the first that is set up."""
    if mailbox:
        return next((one for one in accounts if one.box.address.lower() == mailbox.lower()), None)
    return next((one for one in accounts if complete(one)), next(iter(accounts), None))


def _section(account: Account, guide: Guide, site: Site) -> Section:
    if not guide.code:
        return Section(guide=guide)
    if guide.code == "thunderbird":
        if not is_reachable(account.box.imap[0].host):
            return Section(
                guide=guide, lacks=_("The servers are on this machine alone: set host under [clients].")
            )
        return Section(guide=guide, code=Markup(codes.drawn(codes.for_thunderbird(account))))  # noqa: S704 - rectangles
    web = site.clients().web
    if not web.startswith("https://"):
        return Section(
            guide=guide,
            lacks=_("A telephone cannot open this page: set url under [web] to its https address."),
        )
    return Section(guide=guide, code=Markup(codes.drawn(f"{web}/clients?mailbox={account.box.address}")))  # noqa: S704


ROUTES = [
    Route("/clients", show_clients, methods=["GET"]),
    Route("/clients/docket.mobileconfig", give_profile, methods=["GET"]),
]

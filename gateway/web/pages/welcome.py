"""The page an invitation leads to: its code, and a password of one's own. The code stands behind the address's ``#``, which browsers keep to themselves."""

from http import HTTPStatus

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.store.passwords import fault_of_password
from gateway.store.people import person_draft
from gateway.tongue import _
from gateway.web.admission import VISIT_S, admit, charged, forgive, too_many
from gateway.web.guard import set_cookie, visit_cookie
from gateway.web.pages.factors import sentence
from gateway.web.render import page
from gateway.web.site import Site


async def show(request: Request) -> Response:
    site = _site(request)
    answer = page(request, "welcome.html", code="", said="")
    if not request.state.agent:
        set_cookie(site, answer, visit_cookie(site), request.state.visit, VISIT_S)
    return answer


async def join(request: Request) -> Response:
    """Use an invitation up, and let its owner in."""
    site, form = _site(request), request.state.form
    code, fresh = form.get("code", "").strip(), form.get("new", "")
    fault = fault_of_password(fresh, await run_in_threadpool(site.accounts.invited, code))
    if fault or fresh != form.get("again", ""):
        said = sentence(_(fault)) if fault else _("The two new passwords are not the same.")
        return page(request, "welcome.html", status=HTTPStatus.BAD_REQUEST, code=code, said=said)
    if wait_s := charged(request):
        said = _("Too many tries. Wait %(seconds)s seconds, then try again.") % {"seconds": wait_s}
        answer = page(request, "welcome.html", status=HTTPStatus.TOO_MANY_REQUESTS, code=code, said=said)
        return too_many(answer, wait_s)
    agent = await run_in_threadpool(site.accounts.join, code, fresh)
    if agent is None:
        said = _("This invitation has been used, or is too old. Ask for another one.")
        return page(request, "welcome.html", status=HTTPStatus.UNAUTHORIZED, code="", said=said)
    forgive(request)
    draft = person_draft("joined", agent.name, by=agent.name, source="web")
    await run_in_threadpool(site.act, draft)
    held = await run_in_threadpool(site.factors.of, agent.name)
    if held.any:
        return page(request, "welcome_back.html", name=agent.name)
    where = "/clients" if agent.role == "agent" else "/"  # agents mostly work in their mail client
    return await admit(request, agent.name, f"{where}?joined=yes", agent.stamp)


def _site(request: Request) -> Site:
    site: Site = request.app.state.site
    if site.sso and site.sso.only:
        raise HTTPException(HTTPStatus.FORBIDDEN, _("Your company’s login takes care of this."))
    return site


ROUTES = [
    Route("/welcome", show, methods=["GET"]),
    Route("/welcome", join, methods=["POST"]),
]

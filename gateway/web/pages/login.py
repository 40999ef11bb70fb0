"""Log in and out."""

from http import HTTPStatus

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gateway.web.guard import safe_next, session_cookie, set_cookie, visit_cookie
from gateway.web.render import page
from gateway.web.site import Site
from gateway.web.throttle import Throttle

_VISIT_S = 3600


async def show_login(request: Request) -> Response:
    target = safe_next(request.query_params.get("next", "/"))
    if request.state.agent:
        return RedirectResponse(target, status_code=HTTPStatus.SEE_OTHER)
    site: Site = request.app.state.site
    answer = page(request, "login.html", next=target, name="", said="")
    set_cookie(site, answer, visit_cookie(site), request.state.visit, _VISIT_S)
    return answer


async def log_in(request: Request) -> Response:
    site: Site = request.app.state.site
    throttle: Throttle = request.app.state.throttle
    form = request.state.form
    name, password = form.get("name", "").strip(), form.get("password", "")
    target = safe_next(form.get("next", "/"))
    keys = (f"peer {request.client.host if request.client else ''}", f"name {name.casefold()[:100]}")
    wait_s = throttle.charge(keys, site.clock.now())
    if wait_s:
        said = f"Too many tries. Wait {wait_s} seconds, then try again."
        answer = page(request, "login.html", status=429, next=target, name=name, said=said)
        answer.headers["retry-after"] = str(wait_s)
        return answer
    agent = await run_in_threadpool(site.accounts.check, name, password)
    if agent is None:
        # The same words for an unknown name and a wrong password: names are not to be guessed here.
        return page(
            request, "login.html", status=401, next=target, name=name, said="Name or password is wrong."
        )
    throttle.forgive(keys)
    peer = request.client.host if request.client else ""
    client = request.headers.get("user-agent", "")
    token = await run_in_threadpool(
        lambda: site.accounts.open_session(agent.name, site.session_hours, peer=peer, client=client)
    )
    done = RedirectResponse(target, status_code=HTTPStatus.SEE_OTHER)
    set_cookie(site, done, session_cookie(site), token, int(site.session_hours * 3600))
    done.delete_cookie(
        visit_cookie(site), path="/", secure=site.secure_cookie, httponly=True, samesite="strict"
    )
    return done


async def log_out(request: Request) -> Response:
    site: Site = request.app.state.site
    await run_in_threadpool(site.accounts.close_session, request.state.session)
    done = RedirectResponse("/login", status_code=HTTPStatus.SEE_OTHER)
    done.delete_cookie(
        session_cookie(site), path="/", secure=site.secure_cookie, httponly=True, samesite="strict"
    )
    # The browser forgets cached pages too (https://www.w3.org/TR/clear-site-data/).
    done.headers["clear-site-data"] = '"cache", "storage"'
    return done


ROUTES = [
    Route("/login", show_login, methods=["GET"]),
    Route("/login", log_in, methods=["POST"]),
    Route("/logout", log_out, methods=["POST"]),
]

"""Where everything stands: the archive, how far behind the store and the index are, and what is stuck."""

from dataclasses import dataclass
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.store import jobs
from gateway.store.records import JobRow
from gateway.web.render import page
from gateway.web.site import Site

_DEAD = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The plain status and the jobs that ended in failure."""

    facts: dict[str, Any]
    dead: list[JobRow]


async def show_status(request: Request) -> Response:
    standing = await run_in_threadpool(_standing, request.app.state.site)
    return page(request, "status.html", facts=standing.facts, dead=standing.dead)


def _standing(site: Site) -> Standing:
    with site.store.read() as conn:
        dead = jobs.dead_jobs(conn)[:_DEAD]
    return Standing(facts=site.status(), dead=dead)


ROUTES = [Route("/status", show_status, methods=["GET"])]

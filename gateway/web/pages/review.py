"""What waits for a person's word on its order: the reasons, and a button for each answer."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.store import messages
from gateway.store.reviews import ReviewRow, waiting, waiting_count
from gateway.web.render import page
from gateway.web.site import Site

_MOST = 50


async def show_review(request: Request) -> Response:
    found, count = await run_in_threadpool(_look, request.app.state.site)
    return page(request, "review.html", found=found, count=count)


def _look(site: Site) -> tuple[list[tuple[ReviewRow, messages.MessageRow]], int]:
    with site.store.read() as conn:
        rows = waiting(conn, _MOST)
        known = messages.messages(conn, [one.message for one in rows])
        count = waiting_count(conn)
    return [(one, known[one.message]) for one in rows if one.message in known], count


ROUTES = [Route("/review", show_review, methods=["GET"])]

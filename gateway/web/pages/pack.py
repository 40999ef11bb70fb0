"""The button on an order's page that hands out its evidence pack: one ZIP file, streamed, with an entry that says who took it."""

from collections.abc import Iterator
from functools import partial
from http import HTTPStatus
from os import fstat
from typing import BinaryIO

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from gateway.errors import Temporary, WrongUse
from gateway.evidence.contents import Asked
from gateway.web.pages.files import disposition
from gateway.web.site import Site
from rules.facts import OrderRef

_PIECE = 1 << 18
_LONGEST = 500


async def pack(request: Request) -> Response:
    """Make the pack and send it; the log has recorded it before the first byte leaves."""
    site: Site = request.app.state.site
    form = request.state.form
    order = OrderRef(marketplace=form.get("marketplace", ""), value=form.get("value", ""))
    asked = Asked(agent=request.state.agent, reason=form.get("reason", "").strip()[:_LONGEST], source="web")
    closed = () if form.get("notes") == "yes" else ("dossier", "imap", "note")
    try:
        file = await run_in_threadpool(partial(site.packs.hand_out, order, asked, withhold=closed))
    except WrongUse as wrong:
        raise HTTPException(HTTPStatus.NOT_FOUND, str(wrong)) from wrong
    except Temporary as wrong:
        raise HTTPException(
            HTTPStatus.SERVICE_UNAVAILABLE, f"{str(wrong)[:1].upper()}{str(wrong)[1:]}."
        ) from wrong
    headers = {
        "content-disposition": disposition(f"evidence-{order.marketplace}-{order.value}.zip"),
        "content-length": str(fstat(file.fileno()).st_size),
    }
    return StreamingResponse(_pieces(file), media_type="application/zip", headers=headers)


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while piece := file.read(_PIECE):
            yield piece


ROUTES = [Route("/pack", pack, methods=["POST"])]

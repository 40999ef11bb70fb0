"""Attached files looked at: pictures and pages of documents drawn anew, never the stranger's file itself."""

from collections.abc import Callable
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.extraction import Extract
from gateway.mail.parse import attachment
from gateway.previews import can_be_shown
from gateway.store import messages
from gateway.tongue import _
from gateway.web.reads import entry_of, mail_entry, seq_of
from gateway.web.render import page
from gateway.web.site import Site

_CSP = "default-src 'none'; sandbox"


async def picture(request: Request) -> Response:
    """Answer with one page of an attachment as a picture."""
    site, seq, part = request.app.state.site, seq_of(request), request.path_params["part"]
    drawn = await _in_turn(request, lambda: _drawn(site, *_attached(site, seq, part), _page(request)))
    return _jpeg(drawn)


async def pages(request: Request) -> Response:
    """Show all pages of an attachment, each drawn when it comes into sight."""
    site, seq, part = request.app.state.site, seq_of(request), request.path_params["part"]
    drawn = await _in_turn(request, lambda: _drawn(site, *_attached(site, seq, part), 1))
    base, back = f"/message/{seq}/file/{part}", f"/message/{seq}"
    return page(request, "preview.html", count=drawn.pages, base=base, back=back, of=seq, part=part)


async def evidence(request: Request) -> Response:
    """Answer with one page of a file that was added to a dossier, as a picture."""
    site, seq = request.app.state.site, seq_of(request)
    drawn = await _in_turn(request, lambda: _drawn(site, *_added(site, seq), _page(request)))
    return _jpeg(drawn)


async def _in_turn(request: Request, work: Callable[[], Extract]) -> Extract:
    drawn: Extract = await request.app.state.drawings.take(request, work)
    return drawn


def _attached(site: Site, seq: int, part: str) -> tuple[bytes, str]:
    with site.store.read() as conn:
        row = messages.message(conn, seq)
    file = next((one for one in row.attachments if one.part == part), None) if row else None
    if file is None or not can_be_shown(file.content_type):
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return attachment(mail_entry(site, seq).payload, part), file.content_type


def _added(site: Site, seq: int) -> tuple[bytes, str]:
    entry = entry_of(site, seq)
    if entry.type != "evidence":
        raise HTTPException(HTTPStatus.NOT_FOUND, _("Entry %(seq)s is no file.") % {"seq": seq})
    return entry.payload, str(entry.meta.get("content_type", ""))


def _drawn(site: Site, data: bytes, content_type: str, number: int) -> Extract:
    drawn = site.draw(data, content_type, number)
    if not drawn.picture:
        raise HTTPException(
            HTTPStatus.NOT_FOUND, _("Of this file no picture can be made. Take the file itself.")
        )
    return drawn


def _page(request: Request) -> int:
    asked = request.query_params.get("page", "1")
    return int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 5 else 0


def _jpeg(drawn: Extract) -> Response:
    return Response(drawn.picture, media_type="image/jpeg", headers={"content-security-policy": _CSP})


ROUTES = [
    Route("/message/{seq:int}/file/{part}/picture", picture, methods=["GET"]),
    Route("/message/{seq:int}/file/{part}/pages", pages, methods=["GET"]),
    Route("/entry/{seq:int}/picture", evidence, methods=["GET"]),
]

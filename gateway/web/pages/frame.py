"""The HTML of a message in a page of its own, shown in a sandboxed frame and forbidden to load anything."""

from http import HTTPStatus

from markupsafe import escape
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from gateway.mail.visible import visible
from gateway.store import messages
from gateway.tongue import _, marked
from gateway.web.reads import mail_entry, readable, seq_of
from gateway.web.site import Site

# The style here is ours and the sender's cleaned style attributes; images are data only; nothing else is allowed,
# and "sandbox" holds even where the page is opened outside its frame.
FRAME_CSP = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'; sandbox"
)
TANGLED = marked("The HTML of this message is too tangled to be shown. Read its text or its source.")
_SHEET = (
    "body{margin:12px;font:15px/1.5 system-ui,sans-serif;color:#1c2024;background:#fff;overflow-wrap:anywhere}"
    "img{max-width:100%;height:auto}table{max-width:100%}"
    "img:not([src]){outline:1px dashed #b8c0c8;color:#5a6570;font-size:12px}"
)


async def show_html(request: Request) -> Response:
    state = request.app.state
    body = await state.cleanings.take(request, lambda: _body(state.site, seq_of(request)))
    return HTMLResponse(body, headers={"content-security-policy": FRAME_CSP, "x-frame-options": "SAMEORIGIN"})


def _body(site: Site, seq: int) -> str:
    entry = mail_entry(site, seq)
    with site.store.read() as conn:
        row = messages.message(conn, seq)
    if row is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    cleaned = site.clean(readable(entry, row), True)
    said = escape(_(TANGLED)) if cleaned.tangled else cleaned.html
    return visible(
        f'<!doctype html><html><head><meta charset="utf-8"><title>Message</title><style>{_SHEET}</style></head>'
        f"<body>{said}</body></html>"
    )


ROUTES = [Route("/message/{seq:int}/html", show_html, methods=["GET"])]

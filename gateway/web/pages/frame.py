"""The HTML of a message in a page of its own, shown in a sandboxed frame and forbidden to load anything."""

from http import HTTPStatus
from urllib.parse import unquote

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from gateway.mail.message import ParsedMail
from gateway.mail.parse import attachment
from gateway.mail.visible import visible
from gateway.store import messages
from gateway.web.reads import mail_entry, parsed, seq_of
from gateway.web.sanitise import Clean, Picture, clean
from gateway.web.site import Site

# The style here is ours and the sender's cleaned style attributes; images are data only; nothing else is allowed,
# and "sandbox" holds even where the page is opened outside its frame.
FRAME_CSP = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'; sandbox"
)
_SHEET = (
    "body{margin:12px;font:15px/1.5 system-ui,sans-serif;color:#1c2024;background:#fff;overflow-wrap:anywhere}"
    "img{max-width:100%;height:auto}table{max-width:100%}"
    "img:not([src]){outline:1px dashed #b8c0c8;color:#5a6570;font-size:12px}"
)


def safe_html(raw: bytes, mail: ParsedMail) -> Clean:
    """Return a message's HTML made harmless, with its own pictures in it."""
    pictures = {
        file.content_id: Picture(content_type=file.content_type, data=attachment(raw, file.part))
        for file in mail.attachments
        if file.content_id and f"cid:{file.content_id}" in unquote(mail.html)
    }
    return clean(mail.html, pictures)


async def show_html(request: Request) -> Response:
    body = await run_in_threadpool(_body, request.app.state.site, seq_of(request))
    return HTMLResponse(body, headers={"content-security-policy": FRAME_CSP, "x-frame-options": "SAMEORIGIN"})


def _body(site: Site, seq: int) -> str:
    entry = mail_entry(site, seq)
    with site.store.read() as conn:
        row = messages.message(conn, seq)
    if row is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    cleaned = safe_html(entry.payload, parsed(site, entry, row))
    return str(
        visible(
            f'<!doctype html><html><head><meta charset="utf-8"><title>Message</title><style>{_SHEET}</style></head>'
            f"<body>{cleaned.html}</body></html>"
        )
    )


ROUTES = [Route("/message/{seq:int}/html", show_html, methods=["GET"])]

"""What can be taken away: the exact message, its attachments, the proof that it stands in the log."""

import re
from http import HTTPStatus
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.mail.parse import attachment
from gateway.store import messages
from gateway.tongue import _
from gateway.web.reads import entry_of, mail_entry, seq_of
from gateway.web.site import Site

_PLAIN = re.compile(r"[^A-Za-z0-9._ -]+")


async def raw(request: Request) -> Response:
    """Answer with the archived bytes, not one changed."""
    entry = await run_in_threadpool(mail_entry, request.app.state.site, seq_of(request))
    return _download(entry.payload, f"message-{entry.seq}.eml", "message/rfc822")


async def attached(request: Request) -> Response:
    """Answer with one attachment, always as a download: shown here, a stranger's file would speak in our name."""
    site: Site = request.app.state.site
    data, name = await run_in_threadpool(_attached, site, seq_of(request), request.path_params["part"])
    return _download(data, name, "application/octet-stream")


async def added(request: Request) -> Response:
    """Answer with a file that was added to a dossier, always as a download."""
    entry = await run_in_threadpool(entry_of, request.app.state.site, seq_of(request))
    if entry.type != "evidence":
        raise HTTPException(HTTPStatus.NOT_FOUND, _("Entry %(seq)s is no file.") % {"seq": entry.seq})
    name = str(entry.meta.get("filename") or f"entry-{entry.seq}")
    return _download(entry.payload, name, "application/octet-stream")


async def proof(request: Request) -> Response:
    site: Site = request.app.state.site
    seq = seq_of(request)
    text = await run_in_threadpool(_proof, site, seq)
    return _download(text.encode(), f"entry-{seq}.tlog-proof", "text/plain; charset=utf-8")


async def leaf(request: Request) -> Response:
    """Answer with the leaf: the very bytes that the tree commits to."""
    entry = await run_in_threadpool(entry_of, request.app.state.site, seq_of(request))
    return _download(entry.leaf, f"entry-{entry.seq}.leaf.json", "application/json")


async def checkpoint(request: Request) -> Response:
    site: Site = request.app.state.site
    text = await run_in_threadpool(lambda: site.archive.checkpoint() if site.archive.head() else "")
    if not text:
        raise HTTPException(HTTPStatus.NOT_FOUND, _("The archive is empty: there is nothing to sign yet."))
    return _download(text.encode(), "checkpoint.txt", "text/plain; charset=utf-8")


def disposition(name: str) -> str:
    r"""Return a Content-Disposition that saves under a stranger's name and can hold nothing else (RFC 6266).

    >>> print(disposition('a"b\r\nX: y.html'))
    attachment; filename="a_b_X_ y.html"; filename*=UTF-8''a%22b%0D%0AX%3A%20y.html
    """
    bare = name.replace("/", "_").replace("\\", "_")[-150:].strip(". ") or "attachment"
    plain = _PLAIN.sub("_", bare)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(bare.encode('utf-8', 'replace'), safe='')}"


def _attached(site: Site, seq: int, part: str) -> tuple[bytes, str]:
    with site.store.read() as conn:
        row = messages.message(conn, seq)
    file = next((one for one in row.attachments if one.part == part), None) if row else None
    if file is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return attachment(mail_entry(site, seq).payload, part), file.filename or f"part-{part}"


def _proof(site: Site, seq: int) -> str:
    if seq >= site.archive.head() or not site.sees(seq):
        raise HTTPException(
            HTTPStatus.NOT_FOUND, _("There is no entry %(seq)s in the archive.") % {"seq": seq}
        )
    return site.archive.proof(seq)


def _download(data: bytes, name: str, content_type: str) -> Response:
    return Response(
        data,
        media_type=content_type,
        headers={
            "content-disposition": disposition(name),
            "content-security-policy": "sandbox; default-src 'none'",
        },
    )


ROUTES = [
    Route("/message/{seq:int}/raw", raw, methods=["GET"]),
    Route("/message/{seq:int}/file/{part}", attached, methods=["GET"]),
    Route("/entry/{seq:int}/file", added, methods=["GET"]),
    Route("/entry/{seq:int}/leaf", leaf, methods=["GET"]),
    Route("/entry/{seq:int}/proof", proof, methods=["GET"]),
    Route("/checkpoint", checkpoint, methods=["GET"]),
]

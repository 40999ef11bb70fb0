"""What an order's evidence pack would hold, and the button that hands it out: one ZIP file, streamed, with an entry that says who took it."""

from collections import Counter
from dataclasses import dataclass
from http import HTTPStatus

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.answer.phrases import LANGUAGES
from gateway.errors import WrongUse
from gateway.evidence.selection import Request as Wanted
from gateway.store import messages
from gateway.store.orders import events_of
from gateway.store.records import EventRow
from gateway.tongue import _
from gateway.web.handing import INTERNAL_PACK, check_whole, pack_of
from gateway.web.pages.acts import doer
from gateway.web.pages.order import ref_of
from gateway.web.render import page
from gateway.web.site import Site
from rules.facts import OrderRef

_TAKEN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What would be in a pack: entries by type, opened or closed for good reason, files, sizes; and what a reader must know."""

    messages: int
    entries: int
    opened: dict[str, int]
    inward: dict[str, int]  # closed unless the internal notes are asked for
    closed: dict[str, int]  # closed whatever is asked for, by why
    size_bytes: int
    files: list[EventRow]
    taken: list[EventRow]  # packs and reports, the last one first
    lacks: list[str]


async def preview(request: Request) -> Response:
    """Show what would be handed out; that alone is no entry."""
    site, ref = request.app.state.site, ref_of(request)
    try:
        found = await run_in_threadpool(_preview, site, ref)
    except WrongUse as wrong:
        raise HTTPException(HTTPStatus.NOT_FOUND, str(wrong)) from wrong
    return page(request, "pack.html", ref=ref, found=found, languages=LANGUAGES, reports=bool(site.reporter))


async def pack(request: Request) -> Response:
    """Make the pack and send it; the log has recorded it before the first byte leaves."""
    form, who = request.state.form, doer(request)
    order = OrderRef(marketplace=form.get("marketplace", ""), value=form.get("value", ""))
    reason, notes = form.get("reason", ""), form.get("notes") == "yes"
    if not reason.strip():
        raise HTTPException(
            HTTPStatus.BAD_REQUEST, _("Say what the pack is for: the log keeps it with your name.")
        )
    return await run_in_threadpool(lambda: pack_of(request.app.state.site, order, reason, who, notes=notes))


def _preview(site: Site, ref: OrderRef) -> Preview:
    check_whole(site, ref)
    head = site.archive.head()
    chosen = site.packs.choose(Wanted(order=ref), ref, site.store)
    with site.store.read() as conn:
        rows = messages.messages(conn, [one.seq for one in chosen.items])
        events = {one.seq: one for one in events_of(conn, order=ref)}
    types = {one.seq: events[one.seq].type if one.seq in events else "orders" for one in chosen.items}
    files = [event for seq, event in events.items() if types.get(seq) == "evidence"]
    sealed = (int(one.summary.get("size_bytes", 0)) for one in files)
    opened = Counter(types[one.seq] for one in chosen.items if not one.withheld)
    lacks = []
    if head > chosen.read_to:
        lacks.append(
            _("%(head)s entries of the log have not been read yet") % {"head": head - chosen.read_to}
        )
    if chosen.gaps:
        lacks.append(_("%(what)s gaps in the capture of mail are named in it") % {"what": len(chosen.gaps)})
    return Preview(
        messages=chosen.messages,
        entries=len(chosen.items),
        opened={name: count for name, count in sorted(opened.items()) if name not in INTERNAL_PACK},
        inward={name: count for name, count in sorted(opened.items()) if name in INTERNAL_PACK},
        closed=dict(Counter(one.withheld for one in chosen.items if one.withheld)),
        size_bytes=sum(row.size_bytes for row in rows.values()) + sum(sealed),
        files=files,
        taken=[event for _seq, event in sorted(events.items(), reverse=True) if event.type == "export"][
            :_TAKEN
        ],
        lacks=lacks,
    )


ROUTES = [
    Route("/pack", pack, methods=["POST"]),
    Route("/pack/{marketplace}/{value:path}", preview, methods=["GET"]),
]

"""The act that somebody has just done from a board, in words, and the form that does the opposite."""

from dataclasses import dataclass, field

from starlette.requests import Request

from gateway.store.evidence import events_among
from gateway.store.records import EventRow
from gateway.tongue import _
from gateway.web.site import Site

_MOST = 15  # digits


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo:
    """What was done, as which entry, and where the opposite is posted; ``said`` is on the button."""

    seq: int
    did: str
    of: int
    said: str
    action: str
    fields: dict[str, str] = field(default_factory=dict)


def undo_of(site: Site, request: Request) -> Undo | None:
    """Return the act that a page's address says was saved, where it can be undone and was this person's."""
    saved = request.query_params.get("saved", "")
    if not saved.isascii() or not saved.isdigit() or len(saved) > _MOST:
        return None
    with site.store.read() as conn:
        event = events_among(conn, [int(saved)]).get(int(saved))
    if event is None or event.of is None or event.agent != request.state.agent:
        return None
    if event.type == "mark":
        return _mark(event, event.of)
    return _link(event, event.of) if event.type == "link" else None


def _mark(event: EventRow, of: int) -> Undo:
    said, clock = event.summary, str(event.summary.get("clock", ""))
    back = bool(said.get("undo"))
    return Undo(
        seq=event.seq,
        did=_("the clock goes on") if back else _(str(said.get("as", ""))),
        of=of,
        said=_("Do it after all") if back else _("Undo"),
        action=f"/message/{of}/mark",
        fields={"clock": clock, "as": "none" if clock == "reply" else "elsewhere"}
        | ({} if back else {"undo": "yes"}),
    )


def _link(event: EventRow, of: int) -> Undo:
    back, action = bool(event.summary.get("undo")), f"/message/{of}/link"
    if event.order is None:
        fields = {"none": "yes"} | ({} if back else {"undo": "yes"})
        did = _("may belong to an order after all") if back else _("belongs to no order")
        return Undo(
            seq=event.seq,
            did=did,
            of=of,
            said=_("Do it after all") if back else _("Undo"),
            action=action,
            fields=fields,
        )
    order = {"order": event.order.value, "marketplace": event.order.marketplace}
    return Undo(
        seq=event.seq,
        did=(_("is not of order %(value)s") if back else _("is of order %(value)s"))
        % {"value": event.order.value},
        of=of,
        said=_("Link it after all") if back else _("Take it back"),
        action=action,
        fields=order | ({} if back else {"undo": "yes"}),
    )

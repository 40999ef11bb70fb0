"""The act that somebody has just done, in words, with what is next: mostly the form that does the opposite."""

from dataclasses import dataclass, field

from sqlalchemy import Connection
from starlette.requests import Request

from gateway.store.due import clocks_of_order, oldest_waits
from gateway.store.evidence import events_among
from gateway.store.records import EventRow
from gateway.tongue import _
from gateway.web.render import order_path
from gateway.web.site import Site
from gateway.web.words import named
from rules.clocks import DISPUTES
from rules.facts import OrderRef

_MOST = 15  # digits


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What was done, and where what is next is posted; ``said`` is on its button, "" is none."""

    did: str
    then: str = ""
    said: str = ""
    action: str = ""
    fields: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo:
    """A step as an entry: about a message, or else about an order."""

    seq: int
    of: int | None
    order: OrderRef | None
    step: Step


def saved_in(request: Request) -> int | None:
    """Return the entry that a page's address says was saved."""
    saved = request.query_params.get("saved", "")
    return int(saved) if saved.isascii() and saved.isdigit() and len(saved) <= _MOST else None


def undo_of(site: Site, request: Request) -> Undo | None:
    """Return the act that a page's address says was saved, where it was this person's; None where the store has none yet."""
    seq = saved_in(request)
    if seq is None:
        return None
    with site.store.read() as conn:
        event = events_among(conn, [seq]).get(seq)
        if event is None or event.agent != request.state.agent:
            return None
        step = _step(conn, event)
    if step is None:
        return None
    return Undo(seq=seq, of=event.of, order=event.order, step=step)


def _step(conn: Connection, event: EventRow) -> Step | None:
    said = event.summary
    match event.type:
        case "note":
            return Step(did=_("note added"))
        case "evidence":
            return Step(did=_("file %(name)s added") % {"name": said.get("filename") or _("file")})
        case "dossier" if "state" in said:
            return Step(did=_("the dossier is now: %(state)s") % {"state": named(str(said["state"]))})
        case "dossier" if said.get("owner"):
            return Step(did=_("owner %(said)s") % {"said": said["owner"]})
        case "dossier" if "owner" in said:
            return Step(did=_("nobody owns it"))
        case "release":
            return Step(
                did=_("dropped it: it will not be sent") if said.get("drop") else _("released it to be sent")
            )
        case "parcel" if event.order:
            return _parcel(event, event.order)
        case "answer" if event.order:
            return _answer(conn, event.order)
        case "tag" if event.of is not None:
            return _tag(event, event.of)
        case "mark":
            return _mark(event)
        case "link" if event.of is not None:
            return _link(conn, event, event.of)
    return None


def _parcel(event: EventRow, order: OrderRef) -> Step:
    said, gone = event.summary, bool(event.summary.get("remove"))
    number, carrier = str(said.get("number", "")), str(said.get("carrier") or "")
    did = _("parcel %(number)s is not of this order") if gone else _("parcel %(number)s added")
    return Step(
        did=did % {"number": number},
        said=_("Undo"),
        action=f"/parcel{order_path(order)[6:]}",
        fields={"number": number} | ({"carrier": carrier} if gone else {"remove": "yes"}),
    )


def _answer(conn: Connection, order: OrderRef) -> Step:
    """Say what is next once an answer is written: it is pasted elsewhere, and its clock is told so."""
    runs = [one for one in oldest_waits(clocks_of_order(conn, order)) if one.kind in DISPUTES]
    if not runs:
        return Step(
            did=_("the answer is copied and recorded"), then=_("Paste it into the marketplace's form.")
        )
    return Step(
        did=_("the answer is copied and recorded"),
        then=_("Now paste it into the marketplace's form, then press “Answered on the site”."),
        said=_("Answered on the site"),
        action=order_path(order),
        fields={"clock": runs[0].name, "as": "elsewhere"},
    )


def _tag(event: EventRow, of: int) -> Step:
    add, gone = event.summary.get("add") or (), event.summary.get("remove") or ()
    did = _("tagged %(tags)s") if add else _("no longer tagged %(tags)s")
    one = len(add) + len(gone) == 1  # the form takes one
    return Step(
        did=did % {"tags": ", ".join(map(str, add or gone))},
        said=_("Undo") if one else "",
        action=f"/message/{of}/tag",
        fields={"remove": str(add[0])} if add else {"add": str(gone[0])} if gone else {},
    )


def _mark(event: EventRow) -> Step:
    said, clock = event.summary, str(event.summary.get("clock", ""))
    back = bool(said.get("undo"))
    where = f"/message/{event.of}/mark" if event.of is not None else ""
    if event.of is None and event.order is not None:
        where = order_path(event.order)
    return Step(
        did=_("the clock goes on") if back else _(str(said.get("as", ""))),
        said=(_("Do it after all") if back else _("Undo")) if where else "",
        action=where,
        fields={"clock": clock, "as": "none" if clock == "reply" else "elsewhere"}
        | ({} if back else {"undo": "yes"}),
    )


def _link(conn: Connection, event: EventRow, of: int) -> Step:
    """Say what a word on a link was; undoing it is no word against it, but takes it for not said."""
    action = f"/message/{of}/link"
    if "withdraws" in event.summary:
        word = events_among(conn, [int(event.summary["withdraws"])]).get(int(event.summary["withdraws"]))
        fields = _fields(word) if word is not None else {}
        return Step(
            did=_("as before; entry %(seq)s counts as not said") % {"seq": event.summary["withdraws"]},
            said=_("Do it after all") if fields else "",
            action=action,
            fields=fields,
        )
    back = bool(event.summary.get("undo"))
    if event.order is None:
        did = _("may belong to an order after all") if back else _("belongs to no order")
    else:
        did = _("is not of order %(value)s") if back else _("is of order %(value)s")
        did = did % {"value": event.order.value}
    return Step(did=did, said=_("Undo"), action=action, fields={"withdraws": str(event.seq)})


def _fields(word: EventRow) -> dict[str, str]:
    """Return the form that says a word on a link once more."""
    undo = {"undo": "yes"} if word.summary.get("undo") else {}
    if word.order is None:
        return {"none": "yes"} | undo
    return {"order": word.order.value, "marketplace": word.order.marketplace} | undo

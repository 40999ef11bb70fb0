"""Acts by mail: what an agent asks for, with the orders and messages that it is about found; and the entries it becomes.

All of it is settled before the mail is acknowledged and sealed with it, in ``verdict.acts``; the worker then writes the acts
beside the mail's decision, in one transaction. A rebuild finds both, and settles nothing again.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection

from gateway.archive.archive import Archive
from gateway.archive.faults import Damaged
from gateway.dossier.closing import refund_lacks
from gateway.errors import WrongUse
from gateway.mail.entry import MAIL_TYPES
from gateway.mail.mentioned import Mentioned, answered_messages
from gateway.store import messages
from gateway.store.orders import find_orders
from gateway.store.reports import reported_orders
from rules.errands import Errand, NoErrand
from rules.facts import OrderRef
from rules.marketplace import Marketplaces
from rules.named import order_of, orders_named

_WHICH = (
    "answer that message, or forward it as an attachment, so that its number or Message-ID is in the mail"
)


def settled(
    archive: Archive,
    conn: Connection,
    errands: Iterable[Errand],
    raw: bytes,
    attached: Sequence[Mentioned],
    marketplaces: Marketplaces,
    refund_needs: Sequence[str],
) -> list[dict[str, Any]]:
    """Return the acts that errands become, each a type and a payload; raises NoErrand where one is about nothing we know.

    A payload without ``of`` and order is about the mail itself: what is attached to it came nowhere else.
    """
    found = [_message(archive, conn, one) for one in attached]
    known = list(dict.fromkeys(seq for seq in found if seq is not None))
    if not attached:
        answered = (_message(archive, conn, one) for one in answered_messages(raw))
        known = [seq for seq in answered if seq is not None][:1]
    acts: list[dict[str, Any]] = []
    for errand in errands:
        match errand.kind:
            case "note" if errand.ref:
                order = _order(conn, errand.ref, marketplaces)
                acts.append(_act("note", order=_plain(order), text=errand.text))
            case "note":
                acts.extend(_act("note", of=seq, text=errand.text) for seq in _needed(known, "note"))
            case "tag":
                for seq in _needed(known, "tag"):
                    if lacks := refund_lacks(conn, seq, (errand.tag,), refund_needs):
                        raise NoErrand(f"message {seq} cannot be tagged {errand.tag} yet: {lacks}")
                    acts.append(_act("tag", of=seq, add=[errand.tag], remove=[]))
            case "order":
                order, said = _order(conn, errand.ref, marketplaces), {"undo": False, "confidence": "certain"}
                about = [{"of": seq} for seq in known] + ([{}] if None in found or not known else [])
                reason = "linked by mail"
                acts.extend(_act("link", **one, order=_plain(order), reason=reason, **said) for one in about)
    return acts


def _act(type_: str, **payload: Any) -> dict[str, Any]:
    return {"type": type_, "payload": payload}


def _plain(order: OrderRef) -> dict[str, str]:
    return {"marketplace": order.marketplace, "value": order.value}


def _needed(known: list[int], what: str) -> list[int]:
    if not known:
        order = " or write note+ORDER@... for a note on an order;" if what == "note" else ""
        raise NoErrand(f"no message in the archive is the one that this {what} is about;{order} {_WHICH}")
    return known


def _message(archive: Archive, conn: Connection, one: Mentioned) -> int | None:
    """Return the message that is meant; a stamp counts only where the entry it names has that very id."""
    if one.stamp is not None:
        try:
            entry = archive.entry(one.stamp[1])
        except (WrongUse, Damaged):
            entry = None
        if entry is not None and entry.id == one.stamp[0] and entry.type in MAIL_TYPES:
            return entry.seq
    if one.raw and (seq := archive.find("mail.in", one.raw)) is not None:
        return seq
    return messages.newest_named(conn, one.message_id) if one.message_id else None


def _order(conn: Connection, ref: str, marketplaces: Marketplaces) -> OrderRef:
    """Return the one order that is meant: one we know, else one whose number it can only be."""
    name, sign, value = ref.rpartition("=")
    market = marketplaces.get(name.lower()) if sign else None
    value = value if market is not None else ref
    refs = {row.order for row in find_orders(conn, value)} | set(reported_orders(conn, value))
    refs = refs or set(orders_named(value, marketplaces))
    if market is not None:
        refs = {one for one in refs if one.marketplace == market.name}
        if not refs and (formed := order_of(value, market)) is not None:
            refs = {formed}
    if len(refs) == 1:
        return refs.pop()
    if not refs:
        raise NoErrand(
            f"no order {value[:60]!r} is known; check its number, or say whose it is: amazon={value[:60]}"
        )
    names = ", ".join(sorted(one.marketplace for one in refs))
    raise NoErrand(
        f"{value[:60]!r} may be an order of {names}; say whose it is: {min(refs).marketplace}={value[:60]}"
    )

"""The house as one person sees it: the same parts, of which the store and the index show their mailboxes alone.

This is the one place where what somebody has becomes what they see. Pages and calls are given the site that it returns,
and cannot ask the whole one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Any

import msgspec
from starlette.exceptions import HTTPException

from gateway.mail.entry import Appended, Draft
from gateway.store.engine import Store
from gateway.store.seen import sees_all_of, sees_entry, sees_order
from gateway.store.sight import narrowed
from gateway.tongue import _
from gateway.web.site import Site
from index.narrowed import Narrowed
from index.query import Or, Query, parse_query
from rules.facts import OrderRef

_TOLD = ("version", "archive", "store", "index")  # of the status: what names no mailbox


class _About(msgspec.Struct, frozen=True):
    of: int | None = None
    order: OrderRef | None = None


def site_seen(site: Site, mailboxes: Iterable[str] | None) -> Site:
    """Return the site as somebody sees it who has these mailboxes; None is every one."""
    if mailboxes is None:
        return site
    boxes = frozenset(mailboxes)
    store = narrowed(site.store, boxes or {"\x00"})  # no mailbox at all is none that there can be

    def act(draft: Draft) -> Appended:
        _check(store, draft)
        return site.act(draft)

    def act_all(drafts: Sequence[Draft]) -> list[Appended]:
        for draft in drafts:
            _check(store, draft)
        return site.act_all(drafts)

    return replace(
        site,
        store=store,
        index=Narrowed(site.index, _within(boxes)),
        act=act,
        act_all=act_all,
        desk=None,  # what reads over all mailboxes is not for them
        rules=None,
        # What is handed out holds what they see, and names what else is tied to the order; packs are given their store.
        reporter=replace(site.reporter, sight=store) if site.reporter is not None else None,
        answer=lambda order, language, _sight: (
            site.answer(order, language, store) if _sees_all_of(site.store, store, order) else None
        ),
        status=lambda: _told(site),
        sees=lambda seq: _sees(store, seq),
        sees_all_of=lambda order: _sees_all_of(site.store, store, order),
    )


def _within(boxes: frozenset[str]) -> Query:
    parts = tuple(parse_query(f'mailbox:"{box.replace(chr(34), "")}"') for box in sorted(boxes or {"\x00"}))
    return parts[0] if len(parts) == 1 else Or(parts)


def _check(store: Store, draft: Draft) -> None:
    """Raise HTTPException where an act is about what its doer does not see."""
    try:
        about = (
            msgspec.convert(draft.meta, _About)
            if draft.type == "evidence"
            else msgspec.json.decode(draft.payload, type=_About)
        )
    except msgspec.MsgspecError:
        about = _About()
    with store.read() as conn:
        if about.of is not None:
            ok = sees_entry(conn, about.of)
        else:
            ok = about.order is None or sees_order(conn, about.order)
    if not ok:
        raise HTTPException(HTTPStatus.NOT_FOUND, _("There is no such message or order in your mailboxes."))


def _sees(store: Store, seq: int) -> bool:
    with store.read() as conn:
        return sees_entry(conn, seq)


def _sees_all_of(whole: Store, store: Store, order: OrderRef) -> bool:
    with whole.read() as every, store.read() as conn:
        return sees_all_of(conn, every, order)


def _told(site: Site) -> dict[str, Any]:
    return {name: said for name, said in site.status().items() if name in _TOLD}

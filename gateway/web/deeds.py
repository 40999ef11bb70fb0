"""What people do, as entries to be: the same for a form on a page and for a call of the HTTP API.

Each function returns a draft, or raises HTTPException with a sentence that says why not.
"""

import asyncio
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from gateway.dossier.closing import REFUND, missing, refund_lacks
from gateway.dossier.timeline import timeline_of
from gateway.errors import WrongUse
from gateway.mail.canonical import canonical
from gateway.mail.entry import Appended, Draft
from gateway.precedence import append_first
from gateway.queueing import DOES, Do, queue_draft
from gateway.release import release_draft
from gateway.store import fold, jobs, messages
from gateway.store.dossiers import STATES
from gateway.store.due import clocks_of, clocks_of_order
from gateway.store.orders import events_of, find_orders, links_of
from gateway.store.records import JobRow, MessageRow
from gateway.tongue import _
from gateway.web.reads import mail_entry
from gateway.web.site import Site
from rules.errands import TAG
from rules.facts import OrderRef

_MARKETPLACE = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
CLOCK_WORDS = {"none": "no answer needed", "elsewhere": "answered elsewhere"}
NOTE_CHARS = 20_000
_LONGEST = 200
_REASON = 500
_FOLDED_S = 2.0
_LOOK_S = 0.05
About = int | OrderRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Doer:
    """Who acts, and by which way: ``web`` or ``api``. An act with a ``request`` stands in the log once, however often it is asked for."""

    agent: str
    source: str = "web"
    request: str = ""


async def done(site: Site, *drafts: Draft) -> Appended:
    """Archive an act, or several that stand together or not at all, and wait until the store shows the last.

    A worker that is behind is not waited for long.
    An act with a ``head`` was decided on as the log stood then: it raises HTTPException where somebody has acted since.
    """
    appended = await run_in_threadpool(_append, site, drafts)
    for __ in range(int(_FOLDED_S / _LOOK_S)):
        if await run_in_threadpool(_position, site) > appended.seq:
            break
        await asyncio.sleep(_LOOK_S)
    return appended


def note_on(site: Site, about: About, text: str, who: Doer) -> Draft:
    words = text.replace("\r\n", "\n").strip()
    if not words:
        raise HTTPException(HTTPStatus.BAD_REQUEST, _("The note is empty."))
    if len(words) > NOTE_CHARS:
        raise HTTPException(
            HTTPStatus.BAD_REQUEST,
            _("A note may be %(note_chars)s characters long.") % {"note_chars": NOTE_CHARS},
        )
    return _draft(site, "note", about, {"text": words}, who)


def tags_on(site: Site, seq: int, add: Iterable[str], remove: Iterable[str], who: Doer) -> Draft:
    """Put tags on and take others off; ``refund`` only where the dossier holds what it needs."""
    new = [one.strip().lower() for one in add]
    gone = [one[:_LONGEST] for one in remove]
    if any(not TAG.fullmatch(one) for one in new):
        raise HTTPException(HTTPStatus.BAD_REQUEST, _("A tag is one word of letters, digits and - . : / _"))
    if not new and not gone:
        raise HTTPException(HTTPStatus.BAD_REQUEST, _("Say which tag."))
    if not new and not set(gone) & set(message_row(site, seq).tags):
        raise HTTPException(
            HTTPStatus.CONFLICT, _("The message does not have that tag. Load the page again.")
        )
    with site.store.read() as conn:
        lacks = refund_lacks(conn, seq, new, site.refund_needs)
    if lacks:
        raise HTTPException(
            HTTPStatus.CONFLICT,
            _("The tag %(refund)s cannot be put on yet: %(lacks)s.") % {"refund": REFUND, "lacks": lacks},
        )
    return _draft(site, "tag", seq, {"add": new, "remove": gone}, who)


def link_to(
    site: Site,
    seq: int,
    value: str,
    who: Doer,
    *,
    marketplace: str = "",
    undo: bool = False,
    reason: str = "",
) -> Draft:
    """Link by hand, confirm a link or take one back; nothing is ever merged."""
    named = value.strip()
    if len(named) > _LONGEST:
        raise HTTPException(HTTPStatus.BAD_REQUEST, _("That is too long for an address or an order."))
    order = _order_meant(site, message_row(site, seq), named, marketplace.strip().lower())
    if undo and not _is_linked(site, seq, order):
        raise HTTPException(
            HTTPStatus.CONFLICT, _("The message is not linked to that order. Load the page again.")
        )
    said = reason.strip()[:_REASON] or ("taken back by hand" if undo else "linked by hand")
    word = {"order": order, "undo": undo, "reason": said, "confidence": "certain"}
    return _draft(site, "link", seq, word, who)


def link_to_none(site: Site, seq: int, who: Doer, *, undo: bool = False) -> Draft:
    """Say that a message belongs to no order, or take that word back."""
    said = "taken back by hand" if undo else "belongs to no order"
    return _draft(site, "link", seq, {"none": True, "undo": undo, "reason": said}, who)


def withdraw(site: Site, seq: int, word: str, who: Doer) -> Draft:
    """Take the last word on a message's orders for not said: all is as it was before it. It must be one's own."""
    with site.store.read() as conn:
        said = [one for one in events_of(conn, message=message_row(site, seq).seq) if one.type == "link"]
    last = said[-1] if said else None
    if last is None or str(last.seq) != word or last.agent != who.agent or "withdraws" in last.summary:
        raise HTTPException(
            HTTPStatus.CONFLICT, _("Something else was said of this message since. Load the page again.")
        )
    done = {"withdraws": last.seq, "undo": not last.summary.get("undo"), "reason": "never meant"}
    if last.order is None:
        return _draft(site, "link", seq, {**done, "none": True}, who)
    order = {"marketplace": last.order.marketplace, "value": last.order.value}
    return _draft(site, "link", seq, {**done, "order": order}, who)


def mark_clock(site: Site, about: About, clock: str, word: str, who: Doer, *, undo: bool = False) -> Draft:
    """Say that a clock need not run, or with ``undo`` that it does; ``word`` is a key of CLOCK_WORDS."""
    said = CLOCK_WORDS.get(word)
    if said is None or not TAG.fullmatch(clock):
        raise HTTPException(HTTPStatus.BAD_REQUEST, _("Say which clock stops, and why."))
    if isinstance(about, int):
        message_row(site, about)
    with site.store.read() as conn:
        found = clocks_of_order(conn, about) if isinstance(about, OrderRef) else clocks_of(conn, about)
    if all(one.name != clock for one in found):
        raise HTTPException(HTTPStatus.CONFLICT, _("There is no such clock here. Load the page again."))
    return _draft(site, "mark", about, {"clock": clock, "as": said, "undo": undo}, who)


def dossier_change(site: Site, order: OrderRef, changes: Mapping[str, str], who: Doer) -> Draft:
    """Change a dossier's ``state`` or ``owner``; one that lacks something is not closed."""
    if not changes:
        raise HTTPException(HTTPStatus.BAD_REQUEST, _("Say what changes: the state, the owner."))
    known = {name: value[:_LONGEST] for name, value in changes.items()}
    if known.get("state", "open") not in STATES:
        raise HTTPException(HTTPStatus.BAD_REQUEST, _("A dossier is open, waiting or closed."))
    if known.get("owner") and site.accounts.agent(known["owner"]) is None:
        raise HTTPException(
            HTTPStatus.CONFLICT, _("Nobody is called %(name)s here.") % {"name": known["owner"]}
        )
    with site.store.read() as conn:
        timeline = timeline_of(conn, order)
    lacks = missing(timeline, site.close_needs) if timeline and known.get("state") == "closed" else ()
    if lacks:
        raise HTTPException(
            HTTPStatus.CONFLICT, _("It cannot be closed yet. It lacks %(what)s.") % {"what": "; ".join(lacks)}
        )
    return _draft(site, "dossier", order, known, who)


def release_of(site: Site, seq: int, who: Doer, *, drop: bool) -> Draft:
    """Send a held message on its way, or drop it."""
    read_to = _position(site)  # before the message is: what comes in between counts as come since
    if message_row(site, seq).state != "held":
        raise HTTPException(HTTPStatus.CONFLICT, _("This message is not held any more. Load its page again."))
    entry = mail_entry(site, seq)
    try:
        draft = release_draft(
            entry, agent=who.agent, drop=drop, filing=site.drop, second_person=site.second_person
        )
    except WrongUse as wrong:
        raise HTTPException(HTTPStatus.CONFLICT, str(wrong)) from wrong
    return replace(draft, head=read_to)


def queue_word(site: Site, seq: int, number: int, do: str, reason: str, who: Doer) -> Draft:
    """Try a job of a message now, hold it, let it go on or give it up."""
    if do not in DOES:
        raise HTTPException(HTTPStatus.BAD_REQUEST, _("Say what to do with which job."))
    read_to = _position(site)
    job, row = _job(site, seq, number)
    wanted: Do = do
    try:
        draft = queue_draft(
            job, row, wanted, agent=who.agent, reason=reason.strip()[:_REASON], source=who.source
        )
    except WrongUse as wrong:
        raise HTTPException(
            HTTPStatus.CONFLICT, _("%(wrong)s. Load the page again.") % {"wrong": wrong}
        ) from wrong
    return replace(draft, head=read_to)


def message_row(site: Site, seq: int) -> MessageRow:
    with site.store.read() as conn:
        row = messages.message(conn, seq)
    if row is None:
        raise HTTPException(HTTPStatus.NOT_FOUND, _("There is no message %(seq)s.") % {"seq": seq})
    return row


def _append(site: Site, drafts: tuple[Draft, ...]) -> Appended:
    if len(drafts) > 1:
        return site.act_all(drafts)[-1]
    (draft,) = drafts
    if draft.head is None:
        return site.act(draft)
    try:
        return append_first(site.archive, draft, draft.head, site.act)
    except WrongUse as late:
        raise HTTPException(
            HTTPStatus.CONFLICT, _("Somebody else has decided on this meanwhile. Load the page again.")
        ) from late


def _draft(site: Site, type_: str, about: About, said: Mapping[str, Any], who: Doer) -> Draft:
    whole: dict[str, Any] = {**said, "agent": who.agent}
    if isinstance(about, OrderRef):
        whole["order"] = {"marketplace": about.marketplace, "value": about.value}
    else:
        whole["of"] = message_row(site, about).seq
    if who.request:
        whole["request"] = who.request
    return Draft(type=type_, payload=canonical(whole), meta={"source": who.source}, once=bool(who.request))


def _job(site: Site, seq: int, number: int) -> tuple[JobRow, MessageRow]:
    with site.store.read() as conn:
        row = messages.message(conn, seq)
        job = next((one for one in jobs.jobs_of(conn, seq) if one.number == number), None)
    if row is None or job is None:
        raise HTTPException(
            HTTPStatus.NOT_FOUND,
            _("There is no job %(number)s of message %(seq)s.") % {"number": number, "seq": seq},
        )
    return job, row


def _order_meant(site: Site, row: MessageRow, value: str, marketplace: str) -> dict[str, str]:
    """Return the order a person names: one this message or another is linked to, else one of that marketplace's."""
    if not value:
        raise HTTPException(HTTPStatus.BAD_REQUEST, _("Say which order."))
    with site.store.read() as conn:
        known = {one.link.order for one in links_of(conn, row.seq) if one.link.order.value == value}
        known |= {one.order for one in find_orders(conn, value)}
    known = known or set(site.orders_named(value))
    if marketplace:
        known = {one for one in known if one.marketplace == marketplace}
    if len(known) == 1:
        one = known.pop()
        return {"marketplace": one.marketplace, "value": one.value}
    if not known and not value.strip("."):  # "." and ".." are steps in an address: no page could be there
        raise HTTPException(HTTPStatus.BAD_REQUEST, _("Say which order."))
    if known or not _MARKETPLACE.fullmatch(marketplace):
        raise HTTPException(
            HTTPStatus.BAD_REQUEST,
            _("Say whose order %(value)s is: name the marketplace.") % {"value": value},
        )
    return {"marketplace": marketplace, "value": value}


def _is_linked(site: Site, seq: int, order: Mapping[str, str]) -> bool:
    with site.store.read() as conn:
        return any(
            one.undone_by is None and one.link.order == OrderRef(**order) for one in links_of(conn, seq)
        )


def _position(site: Site) -> int:
    with site.store.read() as conn:
        return fold.position(conn)

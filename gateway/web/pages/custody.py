"""The custody of the record: the log's entries, searched; who keeps its head; and the way to the pages that act on it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.evidence.custody import words_of
from gateway.mail.entry import MAIL_TYPES, erased_words
from gateway.stating import Stated, statements
from gateway.store import ledger, messages
from gateway.store.evidence import events_of_type
from gateway.store.ledger import Sought
from gateway.store.records import EventRow, MessageRow
from gateway.tongue import _, marked
from gateway.web.reads import order_known
from gateway.web.render import page
from gateway.web.sealed.retelling import retold
from gateway.web.site import Site
from gateway.web.words import people

_PAGE = 60
_KEPT = 40  # time-stamps and writings to witnesses that are shown
_LONGEST = 200
_MOST = 1 << 53
_DIGITS = 20  # more make no number below that, and thousands make Python give up
_THEIRS = frozenset({"note", "tag", "view", "orders", "imap"})  # what these say is not the program's
_QUEUED = {  # a person's word on a message's delivery, where they gave no reason
    "retry": marked("tries it again now"),
    "hold": marked("holds it back"),
    "release": marked("lets it go on"),
    "drop": marked("gave it up"),
}
# Entries that people look for together: the name in an address, what it is called, and its types.
GROUPS: dict[str, tuple[str, frozenset[str]]] = {
    "mail": (marked("Messages"), frozenset(MAIL_TYPES)),
    "delivery": (marked("Delivery"), frozenset({"outcome", "queue", "release", "warning"})),
    "decided": (marked("Decisions and rules"), frozenset({"decision", "authenticity", "rules", "book"})),
    "people": (
        marked("What people did"),
        frozenset({"note", "tag", "link", "mark", "dossier", "evidence", "parcel", "orders", "imap"}),
    ),
    "handed": (marked("Handed out and looked at"), frozenset({"export", "answer", "access", "view"})),
    "logins": (marked("Logins and tokens"), frozenset({"person", "token"})),
    "erasure": (
        marked("Erasure"),
        frozenset(
            {"erasure", *(f"erasure.{one}" for one in ("asked", "approved", "refused", "withdrawn", "done"))}
        ),
    ),
    "capture": (marked("Capture"), frozenset({"capture", "gap", "silence", "reconciliation", "sighting"})),
    "log": (
        marked("The log itself"),
        frozenset({"timestamp", "witness", "software", "config", "verified", "keys"}),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One entry as it stands in the list; ``row`` is the message that it is about, where there still is one."""

    event: EventRow
    row: MessageRow | None
    who: str
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the form asks for, as it was written."""

    kind: str = ""
    who: str = ""
    order: str = ""
    since: str = ""
    until: str = ""
    entry: str = ""

    @property
    def query(self) -> str:
        return urlencode({name: value for name in self.__slots__ if (value := getattr(self, name))})


@dataclass(frozen=True, slots=True, kw_only=True)
class Keepers:
    """Who could contradict the log: its head kept outside, time-stamp authorities, witnesses, and people's own statements."""

    checkpoint: str
    vkey: str
    witness: Mapping[str, Any]
    stamps: list[EventRow]
    writings: list[EventRow]
    stated: list[Stated]


async def show_log(request: Request) -> Response:
    site: Site = request.app.state.site
    told = request.query_params
    asked = Asked(**{name: told.get(name, "").strip()[:_LONGEST] for name in Asked.__slots__})
    below = number_in(told.get("below", ""), "page")
    lines, more = await run_in_threadpool(_look, site, asked, below)
    return page(
        request,
        "custody.html",
        lines=lines,
        asked=asked,
        groups=GROUPS,
        more=lines[-1].event.seq if more else None,
    )


async def show_keepers(request: Request) -> Response:
    keepers = await run_in_threadpool(_keepers, request.app.state.site)
    return page(request, "keepers.html", keepers=keepers)


def _look(site: Site, asked: Asked, below: int | None) -> tuple[list[Line], bool]:
    with site.store.read() as conn:
        sought = _sought(conn, asked, site.zone)
        found = ledger.entries_found(conn, sought, limit=_PAGE + 1, below=below)
        shown = found[:_PAGE]
        rows = messages.messages(conn, sorted({one.of for one in shown if one.of is not None}))
    lines = [_line(one, rows.get(one.of) if one.of is not None else None) for one in shown]
    return lines, len(found) > _PAGE


def _sought(conn: Connection, asked: Asked, zone: tzinfo) -> Sought:
    group = GROUPS.get(asked.kind)
    order = order_known(conn, asked.order) if asked.order else None
    return Sought(
        types=group[1] if group else frozenset({asked.kind} - {""}),
        agent=asked.who,
        order=order,
        of=number_in(asked.entry, "entry"),
        since=day_in(asked.since, zone),
        until=day_in(asked.until, zone, after=1),
    )


def _line(event: EventRow, row: MessageRow | None) -> Line:
    """Tell an entry in plain words; of a message who wrote it and its subject."""
    who, said = event.agent or "Docket", " ".join(words_of(event.type, event.summary).split()).strip("; ")
    if event.type == "queue":
        said = _(_QUEUED.get(said, "")) or said
    if event.type not in _THEIRS:
        said = retold(said)
    if event.type in MAIL_TYPES and row is not None:
        who, said = event.agent or people(row.from_), row.subject or _("(no subject)")
    return Line(event=event, row=row, who=who, said=retold(erased_words(event.summary)) or said)


def _keepers(site: Site) -> Keepers:
    with site.store.read() as conn:
        stamps, writings = events_of_type(conn, "timestamp"), events_of_type(conn, "witness")
    return Keepers(
        checkpoint=site.archive.checkpoint(),
        vkey=site.archive.verifier.vkey(),
        witness=site.status().get("witness") or {},
        stamps=stamps[: -_KEPT - 1 : -1],
        writings=writings[: -_KEPT - 1 : -1],
        stated=list(statements(site.archive)),
    )


def number_in(text: str, what: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < _DIGITS and int(text) < _MOST):
        raise HTTPException(HTTPStatus.BAD_REQUEST, _("That is no number of %(what)s.") % {"what": what})
    return int(text)


def day_in(text: str, zone: tzinfo, *, after: int = 0) -> datetime | None:
    """Return when a day begins in the viewer's zone, or one ``after`` it."""
    if not text:
        return None
    try:
        return datetime.combine(date.fromisoformat(text) + timedelta(days=after), time.min, zone)
    except (ValueError, OverflowError):
        raise HTTPException(HTTPStatus.BAD_REQUEST, _("Write a day as 2026-11-27.")) from None


ROUTES = [
    Route("/custody", show_log, methods=["GET"]),
    Route("/custody/keepers", show_keepers, methods=["GET"]),
]

"""How capture goes: each mailbox's last mail, the accounts that are read, the gaps, and what comparing found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.answer.watched import Watched, watched
from gateway.store import messages
from gateway.store.evidence import events_of_types
from gateway.store.records import EventRow
from gateway.web.render import page
from gateway.web.site import Site

_DAY = timedelta(days=1)
_GAPS = 50
_TYPES = ("capture", "gap", "silence", "reconciliation")


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account as the reading process left it."""

    name: str
    state: str
    contact_at: datetime | None
    newest_at: datetime | None
    behind: int
    folders: dict[str, dict[str, int]]
    mend: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A support address: when mail last came, how much in a day and in a week, and how whole its record is."""

    address: str
    last_at: datetime | None
    day: int
    week: int
    watched: Watched
    accounts: list[Account]

    @property
    def troubles(self) -> list[str]:
        return [f"{one.name}: {said}" for one in self.accounts for said in one.mend]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A time in which nothing was captured, as its entry says."""

    event: EventRow
    begin: datetime | None
    end: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """All of it. ``comparisons`` are the last of each folder; ``doors`` are where mail comes in and agents read."""

    at_work: bool
    boxes: list[Box]
    gaps: list[Gap]
    more: int
    comparisons: list[EventRow]
    doors: list[tuple[str, list[str]]]


async def show_capture(request: Request) -> Response:
    health = await run_in_threadpool(_look, request.app.state.site)
    return page(request, "capture.html", health=health)


def _look(site: Site) -> Health:
    said = site.status().get("capture") or {}
    with site.store.read() as conn:
        events = events_of_types(conn, _TYPES)
        by_type = {type_: [one for one in events if one.type == type_] for type_ in _TYPES}
        accounts = list(_accounts(said))
        names = sorted({*said.get("mailboxes", ()), *(box for box, _ in accounts)})
        boxes = [
            _box(conn, name, site.clock.now(), by_type, [one for box, one in accounts if box == name])
            for name in names
        ]
    gaps = [
        Gap(event=one, begin=_moment(one.summary.get("begin")), end=_moment(one.summary.get("end")))
        for one in reversed(by_type["gap"])
    ]
    last = {(one.summary.get("account"), one.summary.get("folder")): one for one in by_type["reconciliation"]}
    return Health(
        at_work=said.get("at_work") is not False,
        boxes=boxes,
        gaps=gaps[:_GAPS],
        more=len(gaps[_GAPS:]),
        comparisons=list(last.values()),
        doors=sorted(site.doors().items()),
    )


def _box(
    conn: Connection,
    address: str,
    now: datetime,
    events: Mapping[str, Sequence[EventRow]],
    accounts: list[Account],
) -> Box:
    return Box(
        address=address,
        last_at=messages.last_inbound(conn, address),
        day=messages.inbound_since(conn, address, now - _DAY),
        week=messages.inbound_since(conn, address, now - 7 * _DAY),
        watched=watched(address, events["capture"], events["reconciliation"], events["gap"]),
        accounts=accounts,
    )


def _accounts(said: Mapping[str, Any]) -> list[tuple[str, Account]]:
    """Return the captured accounts of a status, each with its mailbox."""
    return [
        (
            str(one["mailbox"]),
            Account(
                name=name,
                state=str(one["state"]),
                contact_at=_moment(one["contact_at"]),
                newest_at=_moment(one["newest_at"]),
                behind=int(one["behind"]),
                folders=dict(one["folders"]),
                mend=list(one["mend"]),
            ),
        )
        for name, one in (said.get("accounts") or {}).items()
    ]


def _moment(said: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(said))
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


ROUTES = [Route("/capture", show_capture, methods=["GET"])]

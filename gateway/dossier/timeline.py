"""The timeline of an order: its mail in every direction, what people did, and what became of each message, in time."""

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from gateway.effects import BEHIND_WARNINGS, FIRST_NOTICE, FIRST_WARNING
from gateway.store import orders, reports
from gateway.store.dossiers import DossierRow, dossier_of
from gateway.store.due import ClockRow, clocks_of_order, oldest_waits, reply_waits
from gateway.store.records import EventRow, LinkRow, MessageRow
from gateway.store.reports import Source
from gateway.store.turns import came_back
from rules.facts import Confidence, FoundParcel, FoundProduct, OrderRef, Reported

_ACTS = frozenset(
    {
        "note",
        "tag",
        "link",
        "mark",
        "release",
        "dossier",
        "evidence",
        "parcel",
        "sighting",
        "imap",
        "queue",
        "export",
        "answer",
        "warning",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a remote said of one message, in its own words; ``final`` is False while it is tried again."""

    kind: str  # "delivered", "deferred", "refused" or "unknown"
    at: datetime
    recipients: tuple[str, ...]
    reply: str
    queue_id: str
    remote: str
    tls: str
    attempt: int
    final: bool
    seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A message in its place: why it is here, and what became of it."""

    at: datetime
    row: MessageRow
    links: tuple[LinkRow, ...]  # to this order only, those that stand
    answers: tuple[Answer, ...]
    came_back: bool = False  # accepted once, and then a bounce said that it was not delivered


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What a person did, about the order or about one of its messages."""

    at: datetime
    event: EventRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """All that is known of one order. ``moments`` are in time; equal times stand in the log's order."""

    order: OrderRef
    moments: tuple[Letter | Act, ...]
    products: tuple[FoundProduct, ...]
    parcels: tuple[FoundParcel, ...]
    confidence: Confidence  # the strongest link
    reported: Reported | None  # what order reports say of it, and the entries that do
    sources: tuple[Source, ...]
    clocks: tuple[ClockRow, ...] = ()
    standing: DossierRow | None = None
    newest: int = -1  # the last entry that tells of it

    @property
    def waits(self) -> tuple[ClockRow, ...]:
        """The clocks that run, each since the oldest message that nobody has answered."""
        return tuple(oldest_waits(self.clocks))

    @property
    def stopped(self) -> tuple[ClockRow, ...]:
        return tuple(one for one in self.clocks if one.stopped_by is not None)

    @property
    def letters(self) -> tuple[Letter, ...]:
        return tuple(one for one in self.moments if isinstance(one, Letter))

    @property
    def replies(self) -> tuple[ClockRow, ...]:
        """The waits for a reply, each from the first message that one answer ended: ``due.reply_waits``."""
        return tuple(reply_waits(self.clocks, self.order))

    @property
    def reply_times(self) -> tuple[timedelta, ...]:
        """How long each wait that has ended lasted, until the remote took our answer."""
        return tuple(one.stopped_at - one.started_at for one in self.replies if one.stopped_at is not None)


def timeline_of(conn: Connection, order: OrderRef) -> Timeline | None:
    """Return an order's timeline, or None where nothing is linked to it and nothing was said of it."""
    rows = orders.messages_of(conn, order)
    events = orders.events_of(conn, order=order)
    if not rows and not any(event.type in _ACTS for event in events):
        return None
    answers = defaultdict[int, list[Answer]](list)
    for event in events:
        if event.type == "outcome" and event.of is not None and is_its_own(event):
            answers[event.of].extend(answers_in(event))
    moments: list[tuple[datetime, int, Letter | Act]] = []
    strongest: Confidence = "possible"
    seqs = [row.seq for row in rows]
    returned, linked = came_back(conn, seqs), defaultdict[int, list[LinkRow]](list)
    for link in orders.links_among(conn, seqs):
        if link.link.order == order and link.undone_by is None:
            linked[link.message].append(link)
    for row in rows:
        links = tuple(linked[row.seq])
        strongest = max((strongest, *(one.link.confidence for one in links)), key=_RANK.__getitem__)
        letter = Letter(
            at=row.occurred_at,
            row=row,
            links=links,
            answers=tuple(answers[row.seq]),
            came_back=row.seq in returned,
        )
        moments.append((letter.at, row.seq, letter))
    moments.extend(
        (event.at, event.seq, Act(at=event.at, event=event))
        for event in map(_as_told, events)
        if event.type in _ACTS
    )
    return Timeline(
        order=order,
        moments=tuple(one for _, _, one in sorted(moments, key=lambda moment: moment[:2])),
        products=tuple(orders.products_of(conn, order)),
        parcels=tuple(orders.parcels_of(conn, order)),
        confidence=strongest,
        reported=next(iter(reports.facts_of(conn, [order])), None),
        sources=tuple(reports.sources_of(conn, order)),
        clocks=tuple(clocks_of_order(conn, order)),
        standing=dossier_of(conn, order),
        newest=max((event.seq for event in events), default=-1),
    )


def is_its_own(event: EventRow) -> bool:
    """Say whether an outcome is of a message's own way, not of a notice or report about it."""
    return int(event.summary.get("number", 0)) < FIRST_NOTICE


def _as_told(event: EventRow) -> EventRow:
    """Return a warning that was sent as what it is; every other event as it stands."""
    sent = event.type == "outcome" and event.summary.get("outcomes")
    if sent and FIRST_WARNING <= int(event.summary.get("number", 0)) < BEHIND_WARNINGS:
        return replace(event, type="warning")
    return event


def answers_in(event: EventRow) -> list[Answer]:
    """Return what an outcome's entry says, one answer for each group of recipients; an erased one says nothing."""
    said: dict[str, Any] = event.summary
    return [
        Answer(
            kind=str(one.get("kind", "unknown")),
            at=event.at,
            recipients=tuple(one.get("recipients", ())),
            reply=str(one.get("reply", "")),
            queue_id=str(one.get("queue_id", "")),
            remote=str(one.get("remote", "")),
            tls=str(one.get("tls", "")),
            attempt=int(said.get("attempt", 0)),
            final=bool(said.get("final", True)),
            seq=event.seq,
        )
        for one in said.get("outcomes", ())
    ]


_RANK: dict[Confidence, int] = {"possible": 0, "likely": 1, "certain": 2}

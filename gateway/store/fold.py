"""The fold: one entry after the other becomes rows. The same entries always give the same rows.

Each entry leaves one event, keyed by its seq: the events are both every timeline and the fold's own position, so that
what an entry changed and the fact that it was applied are one commit.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, func, insert, select

from gateway.errors import DocketError
from gateway.mail.entry import MAIL_TYPES, Entry
from gateway.store import (
    acts,
    authenticity,
    clocks,
    dossiers,
    erasures,
    interventions,
    outcomes,
    places,
    reports,
    rulings,
    tables,
)
from gateway.store.arrivals import insert_messages
from gateway.store.engine import log_of, whole_of
from gateway.store.payloads import (
    About,
    Checked,
    DossierAct,
    ErasureOrder,
    HandLink,
    Mark,
    OrderReport,
    Outcome,
    QueueAct,
    Release,
    Ruling,
    Sighting,
    Tag,
    read_payload,
)
from gateway.store.records import MessageRow
from gateway.store.summaries import summary_of

_logger = logging.getLogger(__name__)

_LAST = select(func.max(tables.events.c.seq)).where(tables.events.c.log == bindparam("log"))
_EVENT = insert(tables.events)
_UNDECIDED = select(func.count()).where(
    tables.messages.c.log == bindparam("log"), tables.messages.c.decided_by.is_(None)
)
_SHAPES: dict[str, type[msgspec.Struct]] = {
    "decision": Ruling,
    "authenticity": Checked,
    "release": Release,
    "outcome": Outcome,
    "tag": Tag,
    "link": HandLink,
    "mark": Mark,
    "dossier": DossierAct,
    "orders": OrderReport,
    "sighting": Sighting,
    "queue": QueueAct,
    "erasure": ErasureOrder,
}
_APPLY: dict[str, Callable[[Connection, int, Sequence[tuple[Entry, Any]]], None]] = {
    "decision": rulings.apply_decisions,
    "authenticity": authenticity.apply_checks,
    "release": rulings.apply_releases,
    "outcome": outcomes.apply_outcomes,
    "tag": acts.apply_tags,
    "link": acts.apply_links,
    "mark": clocks.apply_marks,
    "dossier": dossiers.apply_acts,
    "orders": reports.apply_reports,
    "sighting": places.apply_sightings,
    "queue": interventions.apply_queue_acts,
    "erasure": erasures.apply_erasures,
}


class OutOfOrder(DocketError):
    """An entry was given to the fold before one that stands before it."""


def position(conn: Connection) -> int:
    """Return the seq of the next entry to apply."""
    last = conn.scalar(_LAST, {"log": log_of(conn)}, execution_options=whole_of(conn))
    return 0 if last is None else last + 1


def undecided_count(conn: Connection) -> int:
    """Return how many messages have no decision yet."""
    return conn.scalar(_UNDECIDED, {"log": log_of(conn)}) or 0


def apply(tx: Connection, entry: Entry, message: MessageRow | None) -> None:
    """Apply one entry, in order, as ``apply_all``. ``message`` is given for mail entries."""
    apply_all(tx, [(entry, message)])


def apply_all(tx: Connection, pairs: Iterable[tuple[Entry, MessageRow | None]]) -> None:
    """Apply entries, in order; those that were applied before change nothing. A mail entry comes with its message.

    Entries of one type that follow each other are written together, which makes a batch several times as cheap as its
    entries alone. A type we do not know, and a payload we cannot read, become a bare event: an archive may outlive this
    program, and one bad entry must not stop all that follow. Raises OutOfOrder where entries are missing.
    """
    log, expected = log_of(tx), position(tx)
    events: list[dict[str, Any]] = []
    new = [(entry, row) for entry, row in pairs if entry.seq >= expected]
    for type_, run in groupby(new, key=lambda pair: pair[0].type):
        acting: list[tuple[Entry, Any]] = []
        arrived: list[MessageRow] = []
        found: list[Entry] = []
        for entry, row in run:
            if entry.seq != expected + len(events):
                raise OutOfOrder(
                    f"the store stands at entry {expected + len(events)} and was given {entry.seq};"
                    " apply entries in order, without a gap"
                )
            act, event = _read(entry, row)
            events.append({"log": log, "seq": entry.seq, "type": type_, "at": entry.at, **event})
            if act is not None:
                acting.append((entry, act))
            if row is not None and type_ in MAIL_TYPES:
                arrived.append(row)
                found.append(entry)
        insert_messages(tx, log, arrived)
        places.apply_arrivals(tx, log, found)
        if acting:
            _APPLY[type_](tx, log, acting)
    if events:
        tx.execute(_EVENT, events)


def _read(entry: Entry, row: MessageRow | None) -> tuple[msgspec.Struct | None, dict[str, Any]]:
    """Return an entry's act, where it changes anything, and its event. Nothing is written before all of it is read."""
    act: msgspec.Struct | None = None
    if entry.erased is not None:
        of = entry.seq if entry.type in MAIL_TYPES else entry.erased.of
        return None, {"of": of, "marketplace": "", "value": "", "agent": "", "summary": entry.erased.summary}
    try:
        if entry.type in MAIL_TYPES:
            about = About(of=entry.seq, agent=row.agent if row else "")
        elif entry.type == "evidence":  # its payload is anybody's file
            about = msgspec.convert(entry.meta, About)
        elif shape := _SHAPES.get(entry.type):
            act = read_payload(entry.payload, shape)
            about = About(
                of=getattr(act, "of", None),
                order=getattr(act, "order", None),
                agent=getattr(act, "agent", ""),
            )
        elif entry.payload[:1] == b"{" and entry.type != "rules":
            about = read_payload(entry.payload, About)
        else:
            about = About()
        summary = summary_of(entry, act)
    except (ValueError, RecursionError) as wrong:
        _logger.warning(
            "entry-unreadable seq=%d type=%s error=%s", entry.seq, entry.type, type(wrong).__name__
        )
        act, about, summary = None, About(), {"unreadable": True}
    return act, {
        "of": about.of,
        "marketplace": about.order.marketplace if about.order else "",
        "value": about.order.value if about.order else "",
        "agent": about.agent,
        "summary": summary,
    }

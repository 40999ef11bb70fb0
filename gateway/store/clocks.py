"""Clocks, folded: started by decisions, stopped and set going again by what comes after. Each is made anew when that changes."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, or_, select, update

from gateway.mail.entry import Entry
from gateway.store import tables
from gateway.store.bounced import taken_back
from gateway.store.clock_tables import clocks, marks, turns
from gateway.store.payloads import Mark, Outcome, Ruling
from gateway.store.rows import chunks
from gateway.store.turns import answers_to, marks_on, question_of, touched_by
from rules.clocks import ENDINGS
from rules.reckoning import stop_of

_rows = tables.messages.c
_links = tables.links.c
_TERMS = ("kind", "started_at", "due_at", "said")
_STOP = (
    update(clocks)
    .where(
        clocks.c.log == bindparam("in_log"),
        clocks.c.message == bindparam("of_message"),
        clocks.c.name == bindparam("of_name"),
    )
    .values({name: bindparam(f"new_{name}") for name in ("stopped_by", "stopped_at", "how")})
)
_ACCEPT = (
    update(turns)
    .where(
        turns.c.log == bindparam("in_log"),
        turns.c.message == bindparam("of_message"),
        turns.c.accepted_by.is_(None),
    )
    .values({name: bindparam(f"new_{name}") for name in ("accepted_by", "accepted_at", "recipients")})
)


def apply_decided(tx: Connection, log: int, run: Sequence[tuple[Entry, Ruling, str]]) -> None:
    """Start the clocks that decisions start, and take in what may stop some. History does neither."""
    live = [(entry, ruling, type_) for entry, ruling, type_ in run if ruling.live]
    started = [row for entry, ruling, _ in live for row in _started(log, entry, ruling)]
    changed = [row["message"] for row in started]
    if started:
        tx.execute(insert(clocks), started)
    for one in live:  # one after the other: a bounce looks for the answer before it
        if (row := _turn(tx, log, *one)) is not None:
            tx.execute(insert(turns), [row])
            changed.append(row["message"])
    refresh(tx, log, changed)


def touched(tx: Connection, log: int, message: int) -> list[int]:
    """Return the messages whose clocks may change with what a message is said to be: its own, and those it has a turn in."""
    found = {message}
    for turn, accepted_by in _accepted(tx, log, [message]):
        found.update(one for one, _ in touched_by(tx, log, turn, accepted_by))
    return sorted(found)


def start_anew(
    tx: Connection, log: int, entry: Entry, ruling: Ruling, type_: str, touched: Iterable[int]
) -> None:
    """Change the clocks that a message starts, and its turn in others, to what a later decision says.

    Clocks and turns that stay the same are left alone, with what has stopped them. ``touched`` are the messages it touched before.
    """
    if not ruling.live:
        return
    wanted = {row["name"]: row for row in _started(log, entry, ruling)}
    mine = (clocks.c.log == log, clocks.c.message == ruling.of)
    for had in tx.execute(select(clocks).where(*mine)).all():
        row = wanted.get(had.name)
        if row is not None and all(getattr(had, name) == row[name] for name in _TERMS):
            del wanted[had.name]
        else:
            tx.execute(delete(clocks).where(*mine, clocks.c.name == had.name))
    if wanted:
        tx.execute(insert(clocks), list(wanted.values()))
    its = (turns.c.log == log, turns.c.message == ruling.of)
    before = tx.execute(select(turns.c.role, turns.c.voids).where(*its)).one_or_none()
    turn = _turn(tx, log, entry, ruling, type_)
    role, voids = (turn["role"], turn["voids"]) if turn is not None else (None, None)
    # What a bounce took back once is not looked for again: other answers have been accepted since.
    if before is None or before.role != role or (before.voids is None and voids is not None):
        tx.execute(delete(turns).where(*its))
        if turn is not None:
            tx.execute(insert(turns), [turn])
    refresh(tx, log, [*touched, ruling.of])


def apply_accepted(tx: Connection, log: int, run: Iterable[tuple[Entry, Outcome]]) -> None:
    """Note whose answers a remote has taken; its word counts for those it was given the message for."""
    for entry, outcome in run:
        reached = [to.lower() for one in outcome.outcomes if one.kind == "delivered" for to in one.recipients]
        alias = tx.scalar(select(_rows.alias).where(_rows.log == log, _rows.seq == outcome.of)) or ""
        home = alias.rpartition("@")[2]
        if not reached or (alias and not any(to.endswith(f"@{home}") for to in reached)):
            continue  # a colleague has it, the buyer has not
        place = {"in_log": log, "of_message": outcome.of}
        new = {"new_accepted_by": entry.seq, "new_accepted_at": entry.at, "new_recipients": reached}
        if tx.execute(_ACCEPT, place | new).rowcount:
            refresh(tx, log, [outcome.of])


def apply_marks(tx: Connection, log: int, run: Sequence[tuple[Entry, Mark]]) -> None:
    """Stop clocks by a person's word, or take such words back."""
    for entry, act in run:
        if not act.clock or (act.of is None and act.order is None):
            continue
        order = (act.order.marketplace, act.order.value) if act.order else ("", "")
        row = {"log": log, "message": act.of, "marketplace": order[0], "value": order[1], "clock": act.clock}
        if act.undo:
            same = [marks.c[name].is_not_distinct_from(value) for name, value in row.items()]
            tx.execute(update(marks).where(*same, marks.c.undone_by.is_(None)).values(undone_by=entry.seq))
        else:
            tx.execute(insert(marks), [{**row, "by": entry.seq, "at": entry.at, "undone_by": None}])
        meant = [] if act.of is None else [act.of]
        if act.order is not None:
            linked = select(_links.message).where(
                _links.log == log, _links.marketplace == order[0], _links.value == order[1]
            )
            meant = list(
                tx.scalars(select(clocks.c.message).where(clocks.c.log == log, clocks.c.message.in_(linked)))
            )
        refresh(tx, log, meant)


def refresh(tx: Connection, log: int, messages: Iterable[int]) -> None:
    """Reckon anew the clocks of these messages, and those that these messages may stop, stopped, or set going again."""
    wanted: set[tuple[int, str]] = set()
    for chunk in chunks(dict.fromkeys(messages)):
        own = select(clocks.c.message, clocks.c.name).where(clocks.c.log == log, clocks.c.message.in_(chunk))
        wanted.update((row.message, row.name) for row in tx.execute(own))
        for turn, accepted_by in _accepted(tx, log, chunk):
            wanted |= touched_by(tx, log, turn, accepted_by)
    stopped = []
    for message, name in sorted(wanted):
        question = question_of(tx, log, message, name)
        stop = stop_of(question, answers_to(tx, log, question), marks_on(tx, log, question))
        stopped.append(
            {
                "in_log": log,
                "of_message": message,
                "of_name": name,
                "new_stopped_by": stop.by if stop else None,
                "new_stopped_at": stop.at if stop else None,
                "new_how": stop.how if stop else "",
            }
        )
    if stopped:
        tx.execute(_STOP, stopped)


def _started(log: int, entry: Entry, ruling: Ruling) -> Iterable[dict[str, Any]]:
    for one in {deadline.name: deadline for deadline in ruling.decision.clocks}.values():
        yield {
            "log": log,
            "message": ruling.of,
            "name": one.name,
            "by": entry.seq,
            "kind": ruling.decision.reading.kind,
            "started_at": one.started_at,
            "due_at": one.due_at,
            "said": one.said,
            "stopped_by": None,
            "stopped_at": None,
            "how": "",
        }


def _turn(tx: Connection, log: int, entry: Entry, ruling: Ruling, type_: str) -> dict[str, Any] | None:
    decided = ruling.decision
    row: dict[str, Any] = {
        "log": log,
        "message": ruling.of,
        "accepted_by": None,
        "accepted_at": None,
        "recipients": [],
        "voids": None,
    }
    if type_ in {"mail.out", "mail.held"}:
        return None if decided.automatic else row | {"role": "answer"}
    if decided.reading.direction == "outbound" or decided.reading.kind in ENDINGS:
        role = "site" if decided.reading.direction == "outbound" else "closed"
        at: datetime | None = tx.scalar(
            select(_rows.occurred_at).where(_rows.log == log, _rows.seq == ruling.of)
        )
        return row | {"role": role, "accepted_by": entry.seq, "accepted_at": at}
    if decided.bounced is not None and type_ == "mail.in":
        return row | {"role": "bounce", "voids": taken_back(tx, log, ruling)}
    return None


def _accepted(tx: Connection, log: int, messages: Sequence[int]) -> list[tuple[int, int]]:
    """Return the accepted answers among some messages, and those that bounces among them take back."""
    voided = select(turns.c.voids).where(turns.c.log == log, turns.c.message.in_(messages))
    chosen = select(turns.c.message, turns.c.accepted_by).where(
        turns.c.log == log, or_(turns.c.message.in_(messages), turns.c.message.in_(voided))
    )
    return [(row.message, row.accepted_by) for row in tx.execute(chosen) if row.accepted_by is not None]

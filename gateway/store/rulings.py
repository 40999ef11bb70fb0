"""Decisions applied: what messages are, what they are linked to, and the jobs they bring."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from gateway.mail.entry import Entry
from gateway.store import clocks, dossiers, revisions, tables
from gateway.store.arrivals import insert_rows
from gateway.store.labels import add_links, rule_tags
from gateway.store.payloads import Decided, Release, Ruling
from gateway.store.queue import CARRYING, add_jobs
from gateway.store.readings import finds_of, recognised, ties_of
from gateway.store.reviews import refresh
from gateway.store.rows import chunks

_WORKING = frozenset({"mail.in", "mail.out"})  # a refused message never leaves, a held one by its release

_rows = tables.messages.c
_DECIDE = (
    update(tables.messages)
    .where(_rows.log == bindparam("in_log"), _rows.seq == bindparam("of_message"))
    .values(
        {
            name: bindparam(f"new_{name}")
            for name in ("decided_by", "direction", "marketplace", "kind", "alias", "retry_of", "state")
        }
    )
)
_RELEASE = (
    update(tables.messages)
    .where(_rows.log == bindparam("in_log"), _rows.seq == bindparam("of_message"), _rows.state == "held")
    .values(state=bindparam("new_state"))
)


def apply_decisions(tx: Connection, log: int, run: Sequence[tuple[Entry, Ruling]]) -> None:
    """Write what was decided for messages, in order: first decisions together, those made again one by one."""
    for again, part in groupby(run, key=lambda one: one[1].instead_of is not None):
        (revisions.apply_revisions if again else _apply_first)(tx, log, list(part))


def _apply_first(tx: Connection, log: int, run: Sequence[tuple[Entry, Ruling]]) -> None:
    """Write decisions that take no other's place. The first of a message stands; a later one is an event and nothing more."""
    first: dict[int, tuple[Entry, Ruling]] = {}
    for entry, ruling in run:
        first.setdefault(ruling.of, (entry, ruling))
    types = _undecided(tx, log, first)
    standing = [(entry, ruling, types[ruling.of]) for entry, ruling in first.values() if ruling.of in types]
    if not standing:
        return
    tx.execute(_DECIDE, [_decided(log, entry, ruling, type_) for entry, ruling, type_ in standing])
    add_links(tx, log, [(entry.seq, ruling.of, ruling.decision.links) for entry, ruling, _ in standing])
    rule_tags(tx, log, ((ruling.of, tag) for _, ruling, _ in standing for tag in ruling.decision.tags))
    insert_rows(tx, tables.finds, [find for _, ruling, _ in standing for find in finds_of(log, ruling)])
    insert_rows(tx, tables.ties, [tie for _, ruling, _ in standing for tie in ties_of(log, ruling)])
    refresh(tx, log, [ruling.of for _, ruling, _ in standing])
    clocks.apply_decided(tx, log, standing)
    heard = [(entry, ruling) for entry, ruling, _ in standing]
    dossiers.open_again(tx, log, heard)
    dossiers.hold_disputed(tx, log, heard)
    add_jobs(
        tx,
        log,
        [
            (ruling.of, job, entry.at)
            for entry, ruling, type_ in standing
            if ruling.live
            for job in ruling.jobs
            if type_ in _WORKING or job.kind not in CARRYING
        ],
    )


def apply_releases(tx: Connection, log: int, run: Sequence[tuple[Entry, Release]]) -> None:
    """Send held messages on their way, or drop them. Only the first release of a message does anything."""
    for entry, release in run:
        state = "dropped" if release.drop else "waiting"
        done = tx.execute(_RELEASE, {"in_log": log, "of_message": release.of, "new_state": state})
        if done.rowcount and not release.drop:
            add_jobs(tx, log, [(release.of, job, entry.at) for job in release.jobs])


def _undecided(tx: Connection, log: int, seqs: Sequence[int] | dict[int, Any]) -> dict[int, str]:
    found: dict[int, str] = {}
    for chunk in chunks(seqs):
        rows = tx.execute(
            select(_rows.seq, _rows.type).where(
                _rows.log == log, _rows.seq.in_(chunk), _rows.decided_by.is_(None)
            )
        )
        found.update((row.seq, row.type) for row in rows)
    return found


def _decided(log: int, entry: Entry, ruling: Ruling, type_: str) -> dict[str, Any]:
    return {
        "in_log": log,
        "of_message": ruling.of,
        "new_decided_by": entry.seq,
        **{f"new_{name}": value for name, value in recognised(ruling, type_).items()},
        "new_retry_of": ruling.decision.context.retry_of,
        "new_state": _state(
            type_, ruling.decision, working=any(job.kind in CARRYING for job in ruling.jobs), live=ruling.live
        ),
    }


def _state(type_: str, decided: Decided, *, working: bool, live: bool) -> str:
    if type_ == "mail.refused":
        return "refused"
    if type_ == "mail.held":
        return "held"
    if live and working:
        return "waiting"
    if live and type_ == "mail.out" and any(action.get("do") == "hold" for action in decided.actions):
        return "held"
    if decided.context.retry_of is not None:
        return "retry"
    return "kept"  # in the archive and nowhere else: history, or mail that nobody here waits for

"""A decision applied: what a message is, what it is linked to, and the jobs it brings."""

from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from gateway.mail.entry import Entry
from gateway.store import tables
from gateway.store.arrivals import insert_rows
from gateway.store.labels import add_tags, link_row
from gateway.store.payloads import Decided, Release, Ruling, read_payload
from gateway.store.queue import add_jobs

_table = tables.messages.c
_DECIDE = (
    update(tables.messages)
    .where(
        _table.log == bindparam("in_log"), _table.seq == bindparam("of_message"), _table.decided_by.is_(None)
    )
    .values(
        {
            name: bindparam(f"new_{name}")
            for name in ("decided_by", "marketplace", "kind", "alias", "retry_of", "state")
        }
    )
)
_LOOK = select(_table.type, _table.decided_by).where(
    _table.log == bindparam("in_log"), _table.seq == bindparam("of_message")
)
_RELEASE = (
    update(tables.messages)
    .where(_table.log == bindparam("in_log"), _table.seq == bindparam("of_message"), _table.state == "held")
    .values(state=bindparam("new_state"))
)
_WORKING = frozenset(
    {"mail.in", "mail.out"}
)  # a refused message never becomes a job, a held one by its release


def apply_decision(tx: Connection, log: int, entry: Entry) -> None:
    """Write what was decided for a message. The first decision stands; a later one is an event and nothing more."""
    ruling = read_payload(entry.payload, Ruling)
    decided = ruling.decision
    found = tx.execute(_LOOK, {"in_log": log, "of_message": ruling.of}).first()
    if found is None or found.decided_by is not None:
        return
    jobs = ruling.jobs if ruling.live and found.type in _WORKING else ()
    tx.execute(
        _DECIDE,
        {
            "in_log": log,
            "of_message": ruling.of,
            "new_decided_by": entry.seq,
            "new_marketplace": decided.reading.marketplace,
            "new_kind": decided.reading.kind,
            "new_alias": decided.reading.alias,
            "new_retry_of": decided.context.retry_of,
            "new_state": _state(found.type, decided, working=bool(jobs), live=ruling.live),
        },
    )
    insert_rows(
        tx,
        tables.links,
        [link_row(log, entry.seq, place, ruling.of, link) for place, link in enumerate(decided.links)],
    )
    add_tags(tx, log, ruling.of, decided.tags)
    insert_rows(tx, tables.finds, _finds(log, ruling))
    add_jobs(tx, log, ruling.of, jobs, entry.at)


def apply_release(tx: Connection, log: int, entry: Entry) -> None:
    """Send a held message on its way, or drop it. Only the first release of a message does anything."""
    release = read_payload(entry.payload, Release)
    state = "dropped" if release.drop else "waiting"
    done = tx.execute(_RELEASE, {"in_log": log, "of_message": release.of, "new_state": state})
    if done.rowcount and not release.drop:
        add_jobs(tx, log, release.of, release.jobs, entry.at)


def _state(type_: str, decided: Decided, *, working: bool, live: bool) -> str:
    if type_ == "mail.refused":
        return "refused"
    if working:
        return "waiting"
    if type_ == "mail.held":
        return "held"
    if live and type_ == "mail.out" and any(action.get("do") == "hold" for action in decided.actions):
        return "held"
    if decided.context.retry_of is not None:
        return "retry"
    return "kept"  # in the archive and nowhere else: history, or mail that nobody here waits for


def _finds(log: int, ruling: Ruling) -> list[dict[str, Any]]:
    reading = ruling.decision.reading
    found = [("product", one.kind, one.value, one.where) for one in reading.products]
    found += [("parcel", one.carrier, one.number, one.where) for one in reading.parcels]
    return [
        {
            "log": log,
            "message": ruling.of,
            "place": place,
            "what": what,
            "kind": kind,
            "value": value,
            "where": where,
        }
        for place, (what, kind, value, where) in enumerate(found)
    ]

"""What was found about senders, applied and read. The first finding about a message stands: it is decided on."""

from collections.abc import Collection, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from gateway.mail.authenticity.verdicts import Authenticity
from gateway.mail.entry import Entry
from gateway.store import tables
from gateway.store.arrivals import insert_rows
from gateway.store.engine import log_of
from gateway.store.payloads import Checked
from gateway.store.rows import chunks
from rules.facts import Authentic

_rows = tables.authenticity.c
_messages = tables.messages.c


def apply_checks(tx: Connection, log: int, run: Sequence[tuple[Entry, Checked]]) -> None:
    """Write what was found about messages that are there and have no finding yet."""
    first: dict[int, tuple[Entry, Checked]] = {}
    for entry, act in run:
        first.setdefault(act.of, (entry, act))
    there: set[int] = set()
    for chunk in chunks(list(first)):
        wanted = (_messages.log == log, _messages.seq.in_(chunk))
        there.update(tx.scalars(select(_messages.seq).where(*wanted)))
        there.difference_update(
            tx.scalars(select(_rows.message).where(_rows.log == log, _rows.message.in_(chunk)))
        )
    insert_rows(
        tx,
        tables.authenticity,
        [_row(log, entry.seq, act) for of, (entry, act) in first.items() if of in there],
    )


def authentic_of(conn: Connection, seqs: Collection[int]) -> dict[int, Authentic]:
    """Return what was found about the senders of messages; those that nobody has checked are left out."""
    found: dict[int, Authentic] = {}
    for chunk in chunks(list(seqs)):
        rows = conn.execute(
            select(_rows.message, _rows.found).where(_rows.log == log_of(conn), _rows.message.in_(chunk))
        )
        found.update((row.message, msgspec.convert(row.found, Authentic)) for row in rows)
    return found


def entry_of(conn: Connection, seq: int) -> int | None:
    """Return the entry that holds the whole finding about a message, with the DNS answers it rests on."""
    return entries_of(conn, (seq,)).get(seq)


def entries_of(conn: Connection, seqs: Collection[int]) -> dict[int, int]:
    """Return the same of several messages; those that nobody has checked are left out."""
    found: dict[int, int] = {}
    for chunk in chunks(list(seqs)):
        rows = conn.execute(
            select(_rows.message, _rows.by).where(_rows.log == log_of(conn), _rows.message.in_(chunk))
        )
        found.update((row.message, row.by) for row in rows)
    return found


def authentic_in(found: Authenticity, *, told: bool = False) -> Authentic:
    """Return what the rules are told of all that was found; ``told`` where a trusted server says what it found."""
    return Authentic(
        result=found.result,
        proven=found.proven,
        by=found.by,
        claimed=found.from_domain,
        reason=found.reason,
        told=told or found.upstream is not None,
        dkim=found.dkim,
        spf=found.spf.result,
        dmarc=found.dmarc.result,
        arc=found.arc.result,
    )


def _row(log: int, by: int, act: Checked) -> dict[str, Any]:
    found = authentic_in(act.results, told=bool(act.trust.servers))
    return {
        "log": log,
        "message": act.of,
        "by": by,
        "result": found.result,
        "found": msgspec.to_builtins(found),
    }

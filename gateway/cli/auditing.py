"""The account-audit file made: the table written whole or not at all, its sums shown, and an entry that says who took it."""

import hashlib
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path

import click

from gateway.answer.account import COLUMNS, Sum, lines_of, sums_of
from gateway.app import App
from gateway.cli.frame import print_json, when
from gateway.errors import Temporary, WrongUse
from gateway.evidence.recording import record
from gateway.evidence.sheet import csv_line
from gateway.mail.canonical import canonical
from gateway.mail.entry import Draft
from gateway.mail.uid_sets import compact
from gateway.store import due, fold


def make_audit(app: App, since: datetime, out: Path, agent: str, as_json: bool) -> None:
    """Archive that an audit is made, write every clock that began since a moment to ``out``, and print the sums."""
    now = app.clock.now()
    with app.store.read() as conn:
        read_to, rows = fold.position(conn), due.begun(conn, since, now)
    holds = {seq for row in rows for seq in (row.message, row.by, row.stopped_by) if seq is not None}
    table = b"".join(map(csv_line, [COLUMNS, *lines_of(rows, now)]))
    told = {
        "kind": "audit",
        "since": when(since),
        "until": when(now),
        "lines": len(rows),
        "holds": compact(holds),
        "sha256": hashlib.sha256(table).hexdigest(),
        "agent": agent,
    }
    draft = Draft(type="answer", payload=canonical(told), meta={"source": "command"})
    seq = record(app.archive, draft, holds, read_to)
    if seq is None:
        raise Temporary("some of it is being erased; try again in a minute")
    _write(out, table)
    sums = sums_of(rows, now)
    if as_json:
        print_json({**told, "entry": seq, "file": str(out), "sums": [_plain(one) for one in sums]})
        return
    for one in sums:
        click.echo(_said(one))
    click.echo(f"{len(rows)} clocks since {when(since)} in {out}. Entry {seq}. SHA-256 {told['sha256']}")


def _write(out: Path, table: bytes) -> None:
    try:
        fresh = out.with_name(f".{out.name}.new")
        fresh.write_bytes(table)
        fresh.replace(out)
    except OSError as wrong:
        raise WrongUse(f"{out} cannot be written: {wrong.strerror}") from wrong


def _said(one: Sum) -> str:
    done = one.kept + one.late
    share = f", {one.day * 100 // done} % within 24 h" if done else ""
    spans = (
        f", median {_hours(one.median)}, longest {_hours(one.longest)}" if one.median and one.longest else ""
    )
    return (
        f"{one.marketplace or '(none)'} {one.clock}: {one.begun} begun, {one.kept} in time, {one.late} late, "
        f"{one.open} open, {one.overdue} overdue{share}{spans}"
    )


def _plain(one: Sum) -> dict[str, object]:
    plain = asdict(one)
    return plain | {
        name: None if (span := getattr(one, name)) is None else round(span.total_seconds())
        for name in ("median", "longest")
    }


def _hours(span: timedelta) -> str:
    hours, minutes = divmod(round(span.total_seconds() / 60), 60)
    return f"{hours} h {minutes} min"

"""Commands that keep the record: import, verify, rebuild, status, doctor."""

import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from sqlalchemy import make_url

from gateway import __version__
from gateway.app import App
from gateway.archive.verify import Report, verify_archive
from gateway.births import collect_seldom
from gateway.cli.frame import Place, json_option, pass_place, print_json, when
from gateway.doctor import examine
from gateway.errors import DocketError, WrongUse
from gateway.history import Import
from gateway.ingest.files import shown
from gateway.pipeline import Intake
from gateway.stamping import Stamping
from gateway.stating import contradiction, seen_by
from gateway.status import logins_differ, status_of
from gateway.supervise import ask_rebuild, beside_worker
from gateway.workprocess import rolled_back

_SAY_S = 1.0


class Progress:
    """A line on a terminal that is written over at most once a second; silent elsewhere."""

    def __init__(self) -> None:
        self._shown = sys.stderr.isatty()
        self._next = 0.0

    def say(self, text: str) -> None:
        if self._shown and time.monotonic() >= self._next:
            self._next = time.monotonic() + _SAY_S
            sys.stderr.write(f"\r\x1b[K{text}")
            sys.stderr.flush()

    def end(self) -> None:
        if self._shown:
            sys.stderr.write("\r\x1b[K")


@click.command(name="import")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--mailbox", default="", help="The support address this history belongs to.")
@click.option("--no-index", is_flag=True, help="Only archive; a later serve or import does the rest.")
@json_option
@pass_place
def import_(place: Place, paths: tuple[Path, ...], mailbox: str, no_index: bool, as_json: bool) -> None:
    """Take in history: mail files, Maildir and mbox, byte for byte. Interrupted, it goes on where it was."""
    app = place.app()
    box = app.mailbox_of(mailbox) if mailbox else ""
    if box is None:
        raise WrongUse(f"no mailbox {mailbox!r} in the settings")
    progress = Progress()
    began = time.monotonic()
    with beside_worker(app, wanted=not no_index) as worker:
        # The worker starts meanwhile.
        collect_seldom()
        run = Import(
            Intake(app.archive),
            app.clock,
            mailbox=box,
            ours=frozenset(app.mailboxes),
            message_bytes=app.config.limits.import_message_bytes,
        )
        for report in run.take(paths):
            worker.keep_pace(report.read)
            progress.say(f"{report.read} read, {report.archived} archived, {report.duplicate} already there")
        for lag in worker.catch_up():
            progress.say(f"{run.report.read} read; {lag} entries to understand and index")
    progress.end()
    report = run.report
    seconds = round(time.monotonic() - began, 3)
    if as_json:
        skipped = [{"file": file, "reason": reason} for file, reason in report.skipped]
        print_json(
            {
                "read": report.read,
                "archived": report.archived,
                "duplicate": report.duplicate,
                "skipped": skipped,
                "seconds": seconds,
            }
        )
    else:
        click.echo(
            f"{report.read} read: {report.archived} archived, {report.duplicate} already there, "
            f"{len(report.skipped)} skipped, in {seconds} s."
        )
        for file, reason in report.skipped:
            click.echo(f"  skipped {file}: {reason}")
    app.archive.close()
    if {shown(path) for path in paths} & {file for file, _ in report.skipped}:
        raise click.exceptions.Exit(1)  # what was asked for by name was not done


@click.command()
@json_option
@pass_place
def verify(place: Place, as_json: bool) -> None:
    """Check the whole archive from its files alone: every leaf, tile, signature, key and message."""
    config = place.settings()
    if not config.secrets.is_dir():
        raise WrongUse(f"there is no archive in {config.folder}; run: docket init")
    progress = Progress()
    report = verify_archive(
        config.url("archive"),
        config.url("keys"),
        config.secrets,
        progress=lambda done, size: progress.say(f"{done} of {size} entries checked"),
        keks=config.keys.source,
    )
    progress.end()
    report, said = _with_rollback(place.app(), report)
    if as_json:
        bad = [{"seq": seq, "what": what} for seq, what in report.bad]
        found = {"size": report.size, "root": report.root, "ok": report.ok, "erased": report.erased}
        print_json(found | {"bad": bad, "rollback": list(said)})
    elif report.ok:
        gone = f"; {report.erased} of them erased, as the log itself says" if report.erased else ""
        click.echo(f"All {report.size} entries of {report.origin} are whole{gone}. Root {report.root}")
    else:
        for seq, what in report.bad:
            click.echo(f"entry {seq}: {what}" if seq is not None else what)
        click.echo(f"The archive is NOT whole: {len(report.bad)} findings in {report.size} entries.")
    if not as_json:
        for sentence in said:
            click.echo(sentence)
    if not report.ok:
        raise click.exceptions.Exit(1)


def _with_rollback(app: App, report: Report) -> tuple[Report, tuple[str, ...]]:
    """Add what the head kept outside contradicts; return also what would show a roll-back of the whole folder."""
    try:
        found = contradiction(app.archive)
        said = seen_by(app.archive, witnesses=app.config.witness.named)
        if not found and report.ok and Path(make_url(app.config.url("store")).database or "").is_file():
            found = rolled_back(app)
            if not found and (differ := logins_differ(app)):
                found = f"the logins are not those that the log tells of; is accounts.db an older copy? {'; '.join(differ)}"
        app.archive.close()
    except DocketError as wrong:  # damage too great to open it stands in the report already
        return replace(report, bad=report.bad or ((None, str(wrong)),)), ()
    more = ((None, found),) if found else ()
    return replace(report, bad=(*report.bad, *more)), said


@click.command()
@pass_place
def rebuild(place: Place) -> None:
    """Delete the store and the index and build them anew from the archive. Nothing is decided or sent again."""
    app = place.app()
    progress = Progress()
    for lag in ask_rebuild(app):
        progress.say(f"{lag} entries to go")
    progress.end()
    click.echo(f"The store and the index stand at entry {app.archive.head()}.")


@click.command()
@json_option
@pass_place
def stamp(place: Place, as_json: bool) -> None:
    """Have the time-stamp authorities sign for the log as it is now; ``docket serve`` does so while it grows."""
    app = place.app()
    if not app.authorities:
        raise WrongUse("no time-stamp authority is set: see [timestamps] in config.example.toml")
    found, failed = Stamping(app.archive, app.authorities).stamp(always=True)
    for one in found:
        if as_json:
            print_json({"authority": one.authority, "at": when(one.at)})
        else:
            click.echo(f"{one.authority} signed for it at {when(one.at)}")
    for wrong in failed:
        click.echo(f"docket: {wrong}", err=True)
    app.archive.close()
    if failed:
        raise click.exceptions.Exit(1)


@click.command()
@json_option
@pass_place
def status(place: Place, as_json: bool) -> None:
    """Say where the archive, the store, the index and the queue stand."""
    app = place.app()
    found = status_of(app)
    if as_json:
        print_json(found)
        return
    for line in _lines(found):
        click.echo(line)


def _lines(found: dict[str, Any], indent: str = "") -> Iterator[str]:
    for key, value in found.items():
        if isinstance(value, dict):
            yield f"{indent}{key}:"
            yield from _lines(value, indent + "  ")
        elif isinstance(value, list):
            yield f"{indent}{key}: {'; '.join(map(str, value)) or 'none'}"
        elif "\n" in str(value):
            yield f"{indent}{key}:"
            yield from (f"{indent}  {line}" for line in str(value).strip().splitlines() if line)
        else:
            yield f"{indent}{key}: {value}"


@click.command()
@json_option
@pass_place
def doctor(place: Place, as_json: bool) -> None:
    """Check settings, ports, TLS and credentials against the live servers, and say what to mend."""
    app: App = place.app()
    bad = 0
    for finding in examine(app):
        bad += not finding.ok
        if as_json:
            print_json({"what": finding.what, "ok": finding.ok, "mend": finding.mend})
        else:
            click.echo(
                f"{'ok  ' if finding.ok else 'BAD '} {finding.what}"
                + (f": {finding.mend}" if finding.mend else "")
            )
    if not as_json:
        click.echo(f"docket {__version__}: {'nothing to mend' if not bad else f'{bad} to mend'}")
    if bad:
        raise click.exceptions.Exit(1)


COMMANDS = (import_, verify, rebuild, stamp, status, doctor)

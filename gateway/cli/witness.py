"""Checkpoints that others keep, and what a person says when the archive is not what was signed last."""

import contextlib
from pathlib import Path

import click

from gateway.app import App
from gateway.archive.archive import Archive
from gateway.archive.checkpoint import open_checkpoint
from gateway.archive.kept import kept_in
from gateway.cli.act import agent_option
from gateway.cli.frame import Place, json_option, pass_place, print_json, when
from gateway.errors import DocketError, WrongUse
from gateway.mail.canonical import canonical
from gateway.mail.entry import Draft
from gateway.outlets import witnesses_of
from gateway.stating import statements
from gateway.witnessing import Witnessing


@click.group()
def witness() -> None:
    """Checkpoints of the log that others keep."""


@witness.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@json_option
@pass_place
def check(place: Place, paths: tuple[Path, ...], as_json: bool) -> None:
    """Say whether the archive still contains what was signed in the checkpoints at PATHS: files, mails (.eml) or folders."""
    archive = place.app().open_archive(None)
    bad = 0
    with contextlib.closing(archive):
        for path in paths:
            for file, note in kept_in(path):
                if not note:
                    click.echo(
                        f"docket: {file}: there is no checkpoint in it, or none that is whole", err=True
                    )
                    continue
                compared = archive.compare(note)
                bad += not compared.ok
                why = "" if compared.ok else stated(archive, compared.signed)
                if as_json:
                    told = {
                        "file": str(file),
                        "ok": compared.ok,
                        "result": compared.result,
                        "what": compared.what,
                    }
                    print_json(told | {"signed": compared.signed, "size": compared.size, "stated": why})
                else:
                    click.echo(f"{'ok ' if compared.ok else 'BAD'} {file}: {compared.what}")
                    if why:
                        click.echo(f"    {why}")
    if bad:
        raise click.exceptions.Exit(1)


def stated(archive: Archive, signed: int) -> str:
    """Return what a person has stated of lost entries that a checkpoint of this size may speak of."""
    for one in statements(archive):
        if one.found < signed <= one.lost:
            return f"entry {one.seq}: {one.agent} stated on {when(one.at)}: {one.reason}"
    return ""


@witness.command()
@json_option
@pass_place
def write(place: Place, as_json: bool) -> None:
    """Hand the newest checkpoint to every witness now; ``docket serve`` does so at intervals."""
    app = place.app()
    witnesses = witnesses_of(app.config, app.archive.verifier.vkey())
    if not witnesses:
        raise WrongUse("no witness is set: see [witness] in config.example.toml")
    with contextlib.closing(app.archive):
        told, failed = Witnessing(app.archive, witnesses, app.clock).hand_out(always=True)
    for one in told:
        if as_json:
            print_json({"to": one.to, "at": when(one.at), "size": one.size})
        else:
            click.echo(f"{one.to} has the checkpoint of {one.size} entries")
    for wrong in failed:
        click.echo(f"docket: {wrong}", err=True)
    if failed:
        raise click.exceptions.Exit(1)


@click.command()
@click.option("--reason", required=True, help="What happened, in a sentence; it stays in the record.")
@agent_option
@json_option
@pass_place
def gap(place: Place, reason: str, agent: str, as_json: bool) -> None:
    """State that signed entries are lost, and go on without them: after a copy was put back, stop ``serve`` and run this."""
    if not reason.strip():
        raise WrongUse("--reason: say what happened")
    app: App = place.app()
    with contextlib.closing(app.open_archive(None)) as archive:
        outside = app.archive.outside
        lost = outside.last() if outside is not None else None
        compared = archive.compare(lost) if lost is not None else None
        if outside is None or compared is None or compared.ok:
            raise WrongUse(
                "nothing is lost: the archive contains all that was signed last, or no head is kept outside"
            )
        head = archive.checkpoint()
        payload = {
            "agent": agent,
            "at": app.clock.now(),
            "found": {"checkpoint": head, "size": open_checkpoint(head, archive.verifier).size},
            "lost": {"checkpoint": lost, "size": compared.signed},
            "reason": reason.strip(),
            "what": compared.what,
        }
        seq = archive.append(Draft(type="gap", payload=canonical(payload), meta={"source": "command"})).seq
        try:
            outside.put(archive.checkpoint())
        except OSError as wrong:
            raise DocketError(
                f"{outside.place} cannot be written: {wrong.strerror}; run this again"
            ) from wrong
    if as_json:
        print_json({"seq": seq, "what": compared.what})
    else:
        click.echo(
            f"Entry {seq} states it: {compared.what}. The archive goes on from here; start docket serve."
        )


COMMANDS = (witness, gap)

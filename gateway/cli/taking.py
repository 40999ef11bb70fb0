"""A search's result written to a file from the command line, by the function that the web view sends it with."""

import os
from contextlib import ExitStack
from pathlib import Path

import click

from gateway.app import App
from gateway.cli.frame import print_json
from gateway.errors import WrongUse
from gateway.results.files import pieces
from gateway.results.result import Form, Result


def take_result(
    app: App,
    result: Result,
    form: Form,
    out: Path,
    *,
    agent: str,
    reason: str,
    as_json: bool,
) -> None:
    """Write all that a query finds to ``out``, whole or not at all; that it is taken stands in the log before."""
    if out.is_dir():
        raise WrongUse(f"{out} is a folder; name the file to write")
    fresh = out.with_name(f".{out.name}.new")
    size = 0
    try:
        with fresh.open("xb") as file, ExitStack() as stack:
            stack.callback(fresh.unlink, missing_ok=True)  # once it is in its place, this finds nothing
            draft = result.draft(form, agent, reason=reason, source="command")
            entry = app.archive.append(draft).seq
            for piece in pieces(app.archive, app.store, result, form):
                size += file.write(piece)
            file.flush()
            os.fsync(file.fileno())
            fresh.replace(out)
    except FileExistsError as wrong:
        raise WrongUse(f"{fresh} is there: another command writes it, or one broke off; delete it") from wrong
    except OSError as wrong:
        raise WrongUse(f"{out} cannot be written: {wrong.strerror}") from wrong
    if as_json:
        print_json({"file": str(out), "form": form, "size_bytes": size, "entry": entry})
    else:
        click.echo(f"{out}, {size} bytes. Entry {entry}")

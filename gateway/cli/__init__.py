"""The command line: exit code 0 done, 1 found bad or not all done, 2 wrong use or setting. Never a traceback."""

import logging
import os
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import click
from sqlalchemy.exc import SQLAlchemyError

from gateway import __version__
from gateway.cli.frame import Place
from gateway.errors import DocketError, WrongUse
from index.errors import IndexFault
from index.query import QueryError
from rules.errors import BookError

_MODULES = (
    "keep",
    "witness",
    "keys",
    "mailboxes",
    "inform",
    "inspecting",
    "act",
    "queue",
    "review",
    "clocks",
    "dossiers",
    "erasing",
    "access",
    "holding",
    "retaining",
    "answering",
    "evidence",
    "packing",
    "reporting",
    "figures",
    "orders",
    "people",
    "tokens",
    "clients",
    "ruling",
    "running",
)


class Commands(click.Group):
    """The commands, from the modules in turn: one that is asked for loads no module behind its own."""

    def list_commands(self, _: click.Context) -> list[str]:
        return sorted(str(command.name) for command in _commands())

    def get_command(self, _: click.Context, name: str) -> click.Command | None:
        return next((command for command in _commands() if command.name == name), None)


def _commands() -> Iterator[click.Command]:
    for name in _MODULES:
        yield from import_module(f"gateway.cli.{name}").COMMANDS


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="docket")
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    envvar="DOCKET_CONFIG",
    help="The settings; default: config.toml.",
)
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    envvar="DOCKET_DATA",
    help="The data folder, whatever the settings say.",
)
@click.option("-v", "--verbose", is_flag=True, help="Log what is done on standard error.")
@click.pass_context
def docket(context: click.Context, config: Path | None, data: Path | None, verbose: bool) -> None:
    """Docket gives a marketplace seller's support mail a legal record.

    Every message is archived byte for byte and sealed before it is acknowledged, then tagged with its order, indexed
    and delivered. Start with: docket demo
    """
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING,
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
        stream=sys.stderr,
    )
    context.obj = Place(config=config, data=data)


def main() -> None:
    """Run the command line; every expected error becomes one line on standard error."""
    try:
        sys.exit(
            docket(standalone_mode=False)
        )  # click returns the code of an Exit, and else what a command returns
    except click.ClickException as wrong:
        wrong.show()
        sys.exit(2)
    except (WrongUse, QueryError, BookError) as wrong:
        click.echo(f"docket: {wrong}", err=True)
        sys.exit(2)
    except (DocketError, IndexFault) as wrong:
        click.echo(f"docket: {wrong}", err=True)
        sys.exit(1)
    except (click.Abort, KeyboardInterrupt):
        click.echo("docket: interrupted; what was done is kept, run it again to go on", err=True)
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # whoever read us has gone
        sys.exit(1)
    except SQLAlchemyError as wrong:
        cause = getattr(wrong, "orig", None) or wrong
        click.echo(f"docket: a database cannot be used now: {' '.join(str(cause).split())}", err=True)
        sys.exit(1)
    except OSError as wrong:
        click.echo(f"docket: {wrong.strerror}: {wrong.filename or ''}".rstrip(": "), err=True)
        sys.exit(1)

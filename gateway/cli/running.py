"""Commands that set up and run: init, demo, serve."""

import asyncio
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import click
import uvloop

from gateway.cli.frame import Place, json_option, pass_place, print_json
from gateway.demonstrate import demonstrate
from gateway.errors import WrongUse
from gateway.logs import set_up
from gateway.serve import serve as serve_app
from gateway.setup import Answers, address_fault, make_installation, zone_fault


@click.command()
@click.option("--yes", is_flag=True, help="Take every default and ask nothing.")
@click.option("--address", default="", help="The support address that buyers write to.")
@click.option("--hostname", default="", help="This machine's name in mail.")
@pass_place
def init(place: Place, yes: bool, address: str, hostname: str) -> None:
    """Make an installation: settings, keys, an empty archive and a certificate to begin with."""
    default = Answers.default()
    folder = place.data or Path("docket-data")
    path = place.config or (folder / "config.toml" if place.data else Path("config.toml"))
    if path.exists():
        raise WrongUse(f"{path} is there already; an installation is made once")
    answers = Answers(
        data=folder,
        address=address
        or (default.address if yes else _ask("Support address", default.address, address_fault)),
        name=default.name if yes else _ask("Name that buyers see", default.name),
        hostname=hostname or (default.hostname if yes else _ask("This machine's name", default.hostname)),
        zone=default.zone if yes else _ask("Time zone", default.zone, zone_fault),
        relay_host="" if yes else _ask("Outgoing mail server (empty: set it later)", ""),
        imap_host="" if yes else _ask("The agents' IMAP server (empty: set it later)", ""),
    )
    make_installation(answers, path)
    click.echo(
        f"Made {path} and the archive in {answers.data}. Keep a copy of {answers.data / 'secrets'} apart."
    )
    click.echo(
        "Next: docket doctor, then docket serve, and docket agent invite NAME --role admin for the first who logs in."
    )


def _ask(question: str, default: str, fault: Callable[[str], str] = lambda _: "") -> str:
    """Ask until the answer can be used: a slip costs one answer, not all of them."""

    def usable(answer: str) -> str:
        if said := fault(answer):
            raise click.UsageError(said)
        return answer

    return str(click.prompt(question, default=default, show_default=bool(default), value_proc=usable))


@click.command()
@json_option
@click.option(
    "--data", "data", type=click.Path(path_type=Path), help="Where; default: a folder that is thrown away."
)
@click.option("--index", "engine", default="auto", show_default=True, help="The search engine to show.")
@pass_place
def demo(place: Place, as_json: bool, data: Path | None, engine: str) -> None:
    """Show the main job on this machine alone: a buyer writes, an agent answers, the buyer answers back."""
    folder = data or place.data
    set_up("text", verbose=False)
    if folder is not None:
        if folder.exists() and any(folder.iterdir()):
            raise WrongUse(f"{folder} is not empty; the demonstration wants a folder of its own")
        folder.mkdir(parents=True, exist_ok=True)
        asyncio.run(demonstrate(folder.resolve(), print_json if as_json else None, engine=engine))
        return
    thrown_away = Path(tempfile.mkdtemp(prefix="docket-demo-"))
    try:
        asyncio.run(demonstrate(thrown_away, print_json if as_json else None, engine=engine))
    finally:
        shutil.rmtree(thrown_away, ignore_errors=True)


@click.command()
@pass_place
def serve(place: Place) -> None:
    """Take mail, work on it, relay it and show it, until told to stop (SIGTERM)."""
    app = place.app()
    set_up(app.config.log_format, verbose=True)
    # uvloop answers about twice as many clients a second as asyncio's own loop; nothing depends on which it is.
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve_app(app))


COMMANDS = (init, demo, serve)

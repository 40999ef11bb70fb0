"""``docket orders``: what order reports tell, taken in beside the mail."""

import time
import tomllib
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click
import msgspec

from gateway.cli.act import agent_option
from gateway.cli.frame import Place, json_option, pass_place, print_json
from gateway.cli.keep import Progress
from gateway.errors import WrongUse
from gateway.ingest.orders import Options, Report
from gateway.reporting import Reporting
from gateway.supervise import beside_worker
from rules.reports import FIELDS, report_files

_SHOWN = 20


class _Columns(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of one's own that says how a report is to be read."""

    columns: dict[str, str] = {}
    marketplace: str = ""


@click.group()
def orders() -> None:
    """Order reports: facts about orders that the marketplace lets you download."""


@orders.command(name="import")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--format", "format_", default="", help="What kind of report it is, where its headers do not say."
)
@click.option("--marketplace", default="", help="Whose orders they are, where the report does not say.")
@click.option("--map", "mapped", multiple=True, metavar="FIELD=COLUMN", help=f"Fields: {', '.join(FIELDS)}.")
@click.option("--columns", type=click.Path(path_type=Path), help="A TOML file: [columns] FIELD = COLUMN.")
@click.option("--encoding", default="", help="Such as cp932; found by itself for UTF-8, UTF-16 and cp1252.")
@click.option("--tz", "zone", default="", help="The zone of dates that name none; default: the settings'.")
@click.option("--day-first/--month-first", default=None, help="How 05/01/2026 is meant.")
@click.option("--covers/--no-covers", default=None, help="Whether it lists every order of its days.")
@agent_option
@json_option
@pass_place
def import_(
    place: Place,
    files: tuple[Path, ...],
    format_: str,
    marketplace: str,
    mapped: tuple[str, ...],
    columns: Path | None,
    encoding: str,
    zone: str,
    day_first: bool | None,
    covers: bool | None,
    agent: str,
    as_json: bool,
) -> None:
    """Take in order reports: order, date, product, parcel and relay address of each line, and nothing else.

    Reading a report again changes nothing; a newer one adds what is new.
    """
    app = place.app()
    if format_ and format_ not in report_files():
        raise WrongUse(f"--format {format_}: known are {', '.join(report_files())}")
    own, marketplace = _columns(mapped, columns, marketplace)
    options = Options(
        format=format_,
        marketplace=marketplace.lower(),
        columns=own,
        encoding=encoding,
        zone=_zone(zone or app.config.zone),
        day_first=day_first,
    )
    bad = False
    progress = Progress()
    with beside_worker(app, wanted=True) as worker:
        for path in files:
            began = time.monotonic()
            try:
                report = Report(path, options, app.marketplaces)
            except OSError as wrong:
                raise WrongUse(f"{path}: {wrong.strerror}") from wrong

            def caught_up() -> None:
                for lag in worker.catch_up():
                    progress.say(f"{lag} entries to take up")

            run = Reporting(app.archive, app.store, caught_up, agent=agent, covers=covers)
            for taken in run.take(report):
                progress.say(f"{taken.read} read, {taken.taken} taken, {taken.same} the same")
            caught_up()
            progress.end()
            _say(path, report, run, round(time.monotonic() - began, 3), as_json)
            bad = bad or bool(run.taken.skipped)
    app.archive.close()
    if bad:
        raise click.exceptions.Exit(1)


def _say(path: Path, report: Report, run: Reporting, seconds: float, as_json: bool) -> None:
    taken = run.taken
    if as_json:
        print_json(
            {
                "file": str(path),
                "format": report.format,
                "encoding": report.encoding,
                "read": taken.read,
                "taken": taken.taken,
                "same": taken.same,
                "skipped": [{"line": line, "reason": reason} for line, reason in taken.skipped],
                "notes": [{"line": line, "said": said} for line, said in taken.notes],
                "seconds": seconds,
            }
        )
        return
    click.echo(
        f"{path} ({report_files()[report.format].title}, {report.encoding}): {taken.read} lines read: {taken.taken} taken, "
        f"{taken.same} the same, {len(taken.skipped)} skipped, in {seconds} s."
    )
    for line, reason in taken.skipped:
        click.echo(f"  line {line} skipped: {reason}")
    for line, said in taken.notes[:_SHOWN]:
        click.echo(f"  line {line}: {said}")
    if len(taken.notes) > _SHOWN:
        click.echo(f"  and {len(taken.notes) - _SHOWN} more such notes (--json lists all)")


def _columns(mapped: tuple[str, ...], path: Path | None, marketplace: str) -> tuple[dict[str, str], str]:
    own: dict[str, str] = {}
    if path is not None:
        try:
            told = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), _Columns)
        except OSError as wrong:
            raise WrongUse(f"{path}: {wrong.strerror}") from wrong
        except (ValueError, RecursionError) as wrong:
            raise WrongUse(f"{path}: {wrong}") from wrong
        own, marketplace = dict(told.columns), marketplace or told.marketplace
    for one in mapped:
        name, sign, column = one.partition("=")
        if not sign or not column.strip():
            raise WrongUse(f"--map {one}: write FIELD=COLUMN, such as order=Auftrag")
        own[name.strip()] = column.strip()
    if strange := own.keys() - set(FIELDS):
        raise WrongUse(f"{min(strange)!r} is no field of an order; known are {', '.join(FIELDS)}")
    return own, marketplace


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as wrong:
        raise WrongUse(f"--tz {name} is no time zone; write one such as Europe/Paris") from wrong


COMMANDS = (orders,)

"""``docket reports``: a month's figures, the same that the web view shows."""

import sys
from collections.abc import Iterator
from zoneinfo import ZoneInfo

import click

from gateway.cli.frame import Place, json_option, pass_place, print_json
from gateway.errors import WrongUse
from gateway.figures.gathering import month_figures
from gateway.figures.period import month_named, month_of
from gateway.figures.tables import Cell, Column, Table, plain, tables_of, tidy_csv
from gateway.mail.visible import visible
from gateway.supervise import bring_up


@click.command()
@click.option("--month", default="", help="As 2026-11, in the settings' zone; default: this month.")
@click.option("--csv", "as_csv", is_flag=True, help="Print every figure as a line of CSV.")
@json_option
@pass_place
def reports(place: Place, month: str, as_csv: bool, as_json: bool) -> None:
    """Print a month's figures: response times, volume, claims, tags, what the policy minded, completeness of capture.

    Response times are counted from the waits that the orders' dossiers show: see docs/reports.md.
    """
    if as_csv and as_json:
        raise WrongUse("--csv and --json are two ways to print the same: choose one")
    app = place.app()
    bring_up(app)
    zone, now = ZoneInfo(app.config.zone), app.clock.now()
    period = month_named(month, zone) if month else month_of(now, zone)
    with app.store.read() as conn:
        found = month_figures(conn, period, now)
    tables = tables_of(found)
    if as_json:
        print_json(plain(found, tables.values()))
    elif as_csv:
        sys.stdout.buffer.writelines(tidy_csv(found, tables.values()))
        sys.stdout.buffer.flush()
    else:
        click.echo(f"{period.name} in {period.zone}{'' if found.is_over else ', which is not over'}")
        for table in tables.values():
            for line in _lines(table):
                click.echo(line)


def _lines(table: Table) -> Iterator[str]:
    yield ""
    yield table.title
    if not table.rows:
        yield "  nothing"
        return
    written = [[column.title for column in table.columns]]
    written += [[_said(*pair) for pair in zip(table.columns, row, strict=True)] for row in table.rows]
    widths = [max(map(len, column)) for column in zip(*written, strict=True)]
    for row in written:
        first, *rest = (
            cell.ljust(w) if at == 0 else cell.rjust(w)
            for at, (cell, w) in enumerate(zip(row, widths, strict=True))
        )
        yield "  " + "  ".join((first, *rest)).rstrip()


def _said(column: Column, cell: Cell) -> str:
    if cell is None:
        return "-"
    if column.kind == "span":
        hours, minutes = divmod(round(int(str(cell)) / 60), 60)
        return f"{hours} h {minutes:02} min"
    if column.kind == "moment":
        return f"{cell:%Y-%m-%d %H:%M}"
    return f"{cell} %" if column.kind == "percent" else visible(str(cell))


COMMANDS = (reports,)

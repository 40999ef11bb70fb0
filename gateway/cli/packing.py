"""``docket export``: an evidence pack of an order, or of all that a search finds."""

import re
from datetime import UTC
from functools import partial
from pathlib import Path

import click

from gateway.answer.phrases import LANGUAGES
from gateway.answering import reporter_of
from gateway.app import App
from gateway.cli.act import agent_option, order_named
from gateway.cli.frame import Place, json_option, pass_place, print_json
from gateway.cli.keep import Progress
from gateway.errors import WrongUse
from gateway.evidence.contents import Asked
from gateway.evidence.pack import Drawn, Report
from gateway.evidence.selection import QUIET, Request, Selection, select_messages, select_order
from gateway.report.audience import Wanted
from gateway.results.result import found_by
from gateway.store.waits import waits_in
from index.query import parse_query
from rules.facts import OrderRef

_CLOSABLE = (
    "answer",
    "authenticity",
    "decision",
    "dossier",
    "imap",
    "link",
    "mark",
    "note",
    "outcome",
    "queue",
    "release",
    "sighting",
    "tag",
)


@click.command()
@click.argument("ref", required=False)
@click.option(
    "--query", default="", help="All messages that a search finds, instead of one order; see docs/search.md."
)
@click.option(
    "-o",
    "--output",
    "out",
    required=True,
    type=click.Path(path_type=Path),
    help="The folder to make, or to put the ZIP into.",
)
@click.option("--zip", "zipped", is_flag=True, help="Make one ZIP file instead of a folder.")
@click.option("--marketplace", default="", help="Whose order it is, where several use the same number.")
@click.option("--reason", default="", help="Why; the log keeps it.")
@click.option(
    "--withhold",
    multiple=True,
    type=click.Choice(_CLOSABLE),
    help="Show that such entries exist, and keep them closed.",
)
@click.option("--pdf", is_flag=True, help="Put the order's report into it as report.pdf; see docket report.")
@click.option("--language", type=click.Choice(LANGUAGES), default="en", show_default=True, help="Of --pdf.")
@agent_option
@json_option
@pass_place
def export(
    place: Place,
    ref: str | None,
    query: str,
    out: Path,
    zipped: bool,
    marketplace: str,
    reason: str,
    withhold: tuple[str, ...],
    pdf: bool,
    language: str,
    agent: str,
    as_json: bool,
) -> None:
    """Make an evidence pack of order REF that anybody can check with Python and OpenSSL alone.

    Interrupted, the same command goes on where it was. The exit code is 1 when a single item is bad. What is in a pack
    and what it proves: docs/evidence-pack.md.
    """
    if bool(ref) == bool(query):
        raise WrongUse("say which order, or --query with a search; one of them")
    if pdf and not ref:
        raise WrongUse("--pdf is the report of one order: say which, instead of --query")
    app = place.app()
    order = None
    if ref:
        known = order_named(place, ref, marketplace=marketplace)
        order = OrderRef(marketplace=known["marketplace"], value=known["value"])
    request = Request(order=order, query=query, withhold=tuple(sorted(set(withhold))))
    progress = Progress()
    report = app.exporter.export(
        request,
        lambda: _choose(app, request),
        _place_of(out, request) if zipped else out,
        Asked(agent=agent, reason=reason),
        progress=lambda done, all_: progress.say(f"{done} of {all_} entries"),
        draw=partial(_draw, app, request, language, reason) if pdf else None,
    )
    progress.end()
    _say(report, app.archive.verifier.fingerprint, as_json)
    app.archive.close()
    if not report.ok:
        raise click.exceptions.Exit(1)


def _draw(app: App, request: Request, language: str, reason: str) -> Drawn:
    assert request.order is not None
    wanted = Wanted(order=request.order, language=language, withhold=request.withhold)
    printed, chosen = reporter_of(app).draw(wanted, reason)
    return Drawn(pdf=printed.pdf, holds=chosen.seqs)


def _choose(app: App, request: Request) -> Selection:
    size = app.archive.tail_of(QUIET)
    if request.order is not None:
        with app.store.read() as conn:
            return select_order(conn, request, request.order, size)
    tree = parse_query(request.query, tz=UTC, waits=waits_in(app.store, app.clock))
    index = app.index()
    found = found_by(index, tree, "oldest")
    index.close()
    with app.store.read() as conn:
        return select_messages(conn, request, found, size)


def _place_of(out: Path, request: Request) -> Path:
    """Return where the ZIP file goes: under its own name into a folder, unless a name was given."""
    if out.suffix.lower() == ".zip":
        return out
    about = f"{request.order.marketplace}-{request.order.value}" if request.order else request.title
    plain = re.sub(r"[^A-Za-z0-9-]+", "-", about).strip("-")[:80]
    return out / f"evidence-{plain}.zip"


def _say(report: Report, fingerprint: str, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "pack": str(report.place),
                "entry": report.seq,
                "messages": report.messages,
                "opened": report.opened,
                "withheld": report.withheld,
                "bad": [*report.faults],
                "findings": report.findings,
                "unread": report.unread,
                "unstamped": report.unstamped,
                "verdict": report.verdict,
                "fingerprint": fingerprint,
            }
        )
        return
    click.echo(
        f"{report.place}: {report.messages} messages, {report.opened} entries. Recorded in the log as entry {report.seq}."
    )
    for one in report.withheld:
        click.echo(f"  not in it: entry {one.entry}, {one.why}")
    for one in report.faults:
        click.echo(f"  BAD: entry {one.entry}: {one.why}")
    for finding in report.findings:
        click.echo(f"  {finding}")
    if report.unread:
        click.echo(
            f"  {report.unread} newer entries had not been read yet: export again when docket status shows no lag"
        )
    for why in report.unstamped:
        click.echo(f"  without a time-stamp: {why}")
    click.echo(f"Read back by its own verifier: {report.verdict}")
    click.echo(
        f"The key's fingerprint, to be told to whoever checks it, by another way than the pack:\n  {fingerprint}"
    )


COMMANDS = (export,)

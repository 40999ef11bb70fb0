"""``docket report``: all that is known of an order as one PDF file, to hand to a court, or a copy for its buyer."""

from pathlib import Path

import click

from gateway.answer.phrases import LANGUAGES
from gateway.answering import reporter_of
from gateway.cli.act import agent_option, order_named
from gateway.cli.frame import Place, json_option, pass_place, print_json
from gateway.errors import WrongUse
from gateway.evidence.contents import Asked
from gateway.report.audience import AUDIENCES, Audience, Wanted
from rules.facts import OrderRef


@click.command()
@click.argument("ref")
@click.option(
    "-o", "--output", "out", required=True, type=click.Path(path_type=Path), help="The PDF file to make."
)
@click.option("--language", type=click.Choice(LANGUAGES), default="en", show_default=True)
@click.option(
    "--for",
    "audience",
    type=click.Choice(AUDIENCES),
    default="court",
    show_default=True,
    help="Everything, or what may leave the house for the buyer.",
)
@click.option("--marketplace", default="", help="Whose order it is, where several use the same number.")
@click.option("--reason", default="", help="Why; the log keeps it, and a court's report says it.")
@agent_option
@json_option
@pass_place
def report(
    place: Place,
    ref: str,
    out: Path,
    language: str,
    audience: Audience,
    marketplace: str,
    reason: str,
    agent: str,
    as_json: bool,
) -> None:
    """Make a report of order REF as PDF/A-3: cover, chronology, messages, files, parcels, deadlines, custody, hashes.

    The originals are embedded in it. --for buyer leaves out what is internal or another customer's. Each report is an entry
    in the log: docs/report.md.
    """
    if out.exists():
        raise WrongUse(f"{out} is there already: choose another name, or remove it")
    if not out.absolute().parent.is_dir():
        raise WrongUse(f"there is no folder {out.absolute().parent}")
    app = place.app()
    order = OrderRef(**order_named(place, ref, marketplace=marketplace))
    wanted = Wanted(order=order, audience=audience, language=language)
    made = reporter_of(app).make(wanted, Asked(agent=agent, reason=reason))
    fresh = out.with_name(f".{out.name}.part")
    fresh.touch(mode=0o600)
    fresh.write_bytes(made.pdf)
    fresh.replace(out)
    if as_json:
        told = {"report": str(out), "entry": made.seq, "messages": made.messages, "pages": made.pages}
        print_json({**told, "size_bytes": len(made.pdf), "sha256": made.sha256})
        return
    click.echo(
        f"{out}: {made.pages} pages, {made.messages} messages, {len(made.pdf):,} bytes. "
        f"Recorded in the log as entry {made.seq}.\nSHA-256 {made.sha256}"
    )


COMMANDS = (report,)

"""``docket report``: all that is known of an order as one PDF file, to hand to a court, or a copy for its buyer."""

from pathlib import Path

import click

from gateway.answer.phrases import LANGUAGES
from gateway.answering import reporter_of, submit
from gateway.archive.archive import Archive
from gateway.cli.act import agent_option, order_named
from gateway.cli.frame import Place, json_option, pass_place, print_json
from gateway.errors import WrongUse
from gateway.evidence.contents import Asked
from gateway.receipt import Receipt
from gateway.report.audience import AUDIENCES, Audience, Wanted
from gateway.report.letter import check_sendable, letter_of
from gateway.report.making import Made
from rules.facts import OrderRef


@click.command()
@click.argument("ref")
@click.option("-o", "--output", "out", type=click.Path(path_type=Path), help="The PDF file to make.")
@click.option("--language", type=click.Choice(LANGUAGES), default="en", show_default=True)
@click.option(
    "--for",
    "audience",
    type=click.Choice(AUDIENCES),
    default=None,
    help="court: everything (default); buyer: what may leave the house.",
)
@click.option(
    "--send", is_flag=True, help="Send the buyer's copy to the buyer, as an answer from the mailbox."
)
@click.option(
    "--across-mailboxes",
    "across",
    is_flag=True,
    help="Send it also where it brings mail of other mailboxes into the one it is sent from.",
)
@click.option("--marketplace", default="", help="Whose order it is, where several use the same number.")
@click.option("--reason", default="", help="Why; the log keeps it, and a court's report says it.")
@agent_option
@json_option
@pass_place
def report(
    place: Place,
    ref: str,
    out: Path | None,
    language: str,
    audience: Audience | None,
    send: bool,
    across: bool,
    marketplace: str,
    reason: str,
    agent: str,
    as_json: bool,
) -> None:
    """Make a report of order REF as PDF/A-3: cover, chronology, messages, files, parcels, deadlines, custody, hashes.

    The originals are embedded in it. --for buyer leaves out what is internal or another customer's, and --send hands that
    copy in as an answer to the buyer's newest message. Each report is an entry in the log: docs/report.md.
    """
    if out is None and not send:
        raise WrongUse("say where the file goes, -o report.pdf; or --send, to send the buyer their copy")
    if send and audience == "court":
        raise WrongUse("a complete report is not for the buyer: --send goes with --for buyer")
    if out is not None and out.exists():
        raise WrongUse(f"{out} is there already: choose another name, or remove it")
    if out is not None and not out.absolute().parent.is_dir():
        raise WrongUse(f"there is no folder {out.absolute().parent}")
    app = place.app()
    order = OrderRef(**order_named(place, ref, marketplace=marketplace))
    wanted = Wanted(order=order, audience="buyer" if send else audience or "court", language=language)
    reporter = reporter_of(app)
    if send:
        check_sendable(reporter, wanted, across=across)  # nothing is made for nobody
    made = reporter.make(wanted, Asked(agent=agent, reason=reason))
    if out is not None:
        _write(out, made)
    receipt = submit(app, *letter_of(reporter, wanted, made, agent)) if send else None
    if as_json:
        told = {"report": str(out or ""), "entry": made.seq, "messages": made.messages, "pages": made.pages}
        sent = {"mail": receipt.seq, "reply": receipt.reply} if receipt else {}
        print_json({**told, "size_bytes": len(made.pdf), "sha256": made.sha256, **sent})
    else:
        _say(out, made, receipt, app.archive)
    if receipt is not None and not receipt.reply.startswith("2"):
        raise click.exceptions.Exit(1)


def _write(out: Path, made: Made) -> None:
    fresh = out.with_name(f".{out.name}.part")
    fresh.touch(mode=0o600)
    fresh.write_bytes(made.pdf)
    fresh.replace(out)


def _say(out: Path | None, made: Made, receipt: Receipt | None, archive: Archive) -> None:
    click.echo(
        f"{out or 'The copy'}: {made.pages} pages, {made.messages} messages, {len(made.pdf):,} bytes. "
        f"Recorded in the log as entry {made.seq}.\nSHA-256 {made.sha256}"
    )
    if receipt is None:
        return
    seq, verdict = receipt.seq, archive.entry(receipt.seq).type
    if verdict == "mail.refused":
        click.echo(f"docket: not sent, the policy refuses it (entry {seq}): {receipt.reply}", err=True)
    elif verdict == "mail.held":
        click.echo(f"Held for a second look as entry {seq}: docket show {seq}, then docket release {seq}")
    else:
        click.echo(f"Entry {seq} goes to the buyer; what the marketplace's server answers: docket show {seq}")


COMMANDS = (report,)

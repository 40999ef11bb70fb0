"""``docket answer``: the text of a claim's answer, from what the dossier holds and nothing else."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from gateway.answer.case import KINDS, Kind
from gateway.answer.compose import Answer, draft_of
from gateway.answer.phrases import LANGUAGES
from gateway.answering import answer_for
from gateway.cli.act import agent_option, order_named
from gateway.cli.auditing import make_audit
from gateway.cli.frame import Place, json_option, pass_place, print_json
from gateway.errors import WrongUse
from rules.facts import OrderRef


@click.command()
@click.argument("ref", required=False)
@click.option("--language", type=click.Choice(LANGUAGES), default="en", show_default=True)
@click.option("--kind", type=click.Choice(KINDS), default=None, help="Default: that of the newest dispute.")
@click.option("--audit", is_flag=True, help="Instead: every clock since a day, for an account audit.")
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The first day of an audit, in the settings' zone.",
)
@click.option(
    "-o", "--output", "out", type=click.Path(path_type=Path), help="Where the audit's table goes (CSV)."
)
@click.option("--limit", type=click.IntRange(0), default=None, help="Characters that the form takes.")
@click.option(
    "--trace", is_flag=True, help="Show the entries that each sentence stands on, and record nothing."
)
@click.option("--marketplace", default="", help="Whose order it is, where the number alone does not say.")
@agent_option
@json_option
@pass_place
def answer(
    place: Place,
    ref: str | None,
    language: str,
    kind: Kind | None,
    limit: int | None,
    audit: bool,
    since: datetime | None,
    out: Path | None,
    trace: bool,
    marketplace: str,
    agent: str,
    as_json: bool,
) -> None:
    """Write the answer to the claim on order REF, to paste into the marketplace's form.

    It holds only what the dossier shows. What is missing or speaks against you is told on standard error. Each answer
    that is made is an entry. With --audit --since DAY -o FILE: when every message that wanted an answer had it.
    """
    app = place.app()
    if audit:
        if ref or since is None or out is None:
            raise WrongUse(
                "an audit is of the whole account: docket answer --audit --since 2026-01-01 -o audit.csv"
            )
        make_audit(app, since.replace(tzinfo=ZoneInfo(app.config.zone)), out, agent, as_json)
        return
    if ref is None:
        raise WrongUse("say which order, or --audit --since DAY -o FILE")
    order = OrderRef(**order_named(place, ref, marketplace=marketplace))
    made = answer_for(app, order, language=language, kind=kind, limit=limit)
    if made is None:
        raise WrongUse(f"nothing is known of order {order.value}")
    seq = None if trace else app.archive.append(draft_of(order, made, agent=agent, source="command")).seq
    if as_json:
        print_json(plain(made, seq))
        return
    if trace:
        for one in made.text.sentences:
            shown = ", ".join(map(str, one.entries))
            click.echo(f"[{shown}]\t{' '.join(one.text.split())}")
    else:
        click.echo(str(made.text), nl=False)
    for lack in made.lacks:
        click.echo(f"docket: {lack}", err=True)
    for gone in made.text.left_out:
        click.echo(f"docket: left out, for want of room: {gone.text}", err=True)
    if not made.limit:
        click.echo(
            f"docket: {len(str(made.text))} characters; how many the form takes is not known", err=True
        )


def plain(made: Answer, seq: int | None) -> dict[str, object]:
    """Return an answer as other programs may rely on it."""
    return {
        "entry": seq,
        "kind": made.case.kind,
        "language": made.language,
        "text": str(made.text),
        "characters": len(str(made.text)),
        "limit": made.limit or None,
        "sentences": [{"text": one.text, "entries": one.entries} for one in made.text.sentences],
        "left_out": [one.text for one in made.text.left_out],
        "lacks": made.lacks,
    }


COMMANDS = (answer,)

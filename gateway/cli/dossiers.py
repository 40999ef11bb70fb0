"""``docket dossier``: how an order's dossier stands, and a person's word that changes it."""

import click

from gateway.cli.act import agent_option, append_act, order_named
from gateway.cli.frame import Place, json_option, pass_place, print_json
from gateway.dossier.closing import missing
from gateway.dossier.timeline import timeline_of
from gateway.errors import WrongUse
from gateway.store.dossiers import STATES, DossierRow, dossier_of
from rules.facts import OrderRef


@click.command()
@click.argument("ref")
@click.option("--state", type=click.Choice(STATES), default=None, help="Open, waiting for others, or closed.")
@click.option("--owner", default=None, help='Whose work it is; "" for nobody\'s.')
@click.option("--hold/--release-hold", default=None, help="Whether anything of it may be erased.")
@click.option("--reason", default="", help="Why; a hold and its release want one.")
@click.option("--marketplace", default="", help="Whose order it is, where the number alone does not say.")
@agent_option
@json_option
@pass_place
def dossier(
    place: Place,
    ref: str,
    state: str | None,
    owner: str | None,
    hold: bool | None,
    reason: str,
    marketplace: str,
    agent: str,
    as_json: bool,
) -> None:
    """Show or change how the dossier of the order REF stands. Each change is an entry with your name in it."""
    app = place.app()
    order = order_named(place, ref, marketplace=marketplace)
    if hold is not None and not reason:
        raise WrongUse("say why: --reason TEXT")
    with app.store.read() as conn:
        row = dossier_of(conn, OrderRef(**order))
        timeline = timeline_of(conn, OrderRef(**order))
    lacks = missing(timeline, app.config.dossier.close_needs) if timeline is not None else ()
    if state is None and owner is None and hold is None:
        if as_json:
            print_json({**plain(row), "missing": lacks})
            return
        click.echo(f"Order {row.order.value} ({row.order.marketplace}): {said(row)}")
        for one in lacks:
            click.echo(f"Before it is closed: {one}")
        return
    if state == "closed" and lacks:
        raise WrongUse(f"order {ref} cannot be closed yet; it lacks {'; '.join(lacks)}")
    changes = {"state": state, "owner": owner, "hold": hold, "reason": reason or None}
    known = {name: value for name, value in changes.items() if value is not None}
    append_act(place, "dossier", {"order": order, **known, "agent": agent}, as_json)


def plain(row: DossierRow) -> dict[str, object]:
    """Return a dossier's standing as other programs may rely on it."""
    return {
        "state": row.state,
        "owner": row.owner,
        "by": row.by,
        "held": row.held_by is not None,
        "held_by": row.held_by,
        "held_why": row.held_why,
    }


def said(row: DossierRow) -> str:
    """Return how a dossier stands in one line."""
    held = f", held by entry {row.held_by}: {row.held_why}" if row.held_by is not None else ""
    return f"{row.state}, {f'owner {row.owner}' if row.owner else 'nobody owns it'}{held}"


COMMANDS = (dossier,)

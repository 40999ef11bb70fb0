"""``docket hold`` and ``docket holds``: what a legal claim needs is kept, whatever retention or a person's erasure want."""

import click

from gateway.cli.act import agent_option, append_act, order_named
from gateway.cli.frame import Place, json_option, pass_place, print_json, when
from gateway.dossier.holding import hold_act, release_act
from gateway.store.dossiers import dossier_of
from gateway.store.holds import held_dossiers
from gateway.supervise import bring_up
from rules.facts import OrderRef


@click.command()
@click.argument("ref")
@click.option("--release", is_flag=True, help="End the hold.")
@click.option(
    "--owner", default="", help="Whose hold it is: who knows when it may end; default: who sets it."
)
@click.option("--reason", required=True, help="Which claim needs it, or why it needs it no more.")
@click.option(
    "--review", default="", help="The day to look at it again, as 2027-02-28. It never ends by itself."
)
@click.option("--marketplace", default="", help="Whose order it is, where the number alone does not say.")
@agent_option
@json_option
@pass_place
def hold(
    place: Place,
    ref: str,
    release: bool,
    owner: str,
    reason: str,
    review: str,
    marketplace: str,
    agent: str,
    as_json: bool,
) -> None:
    """Hold all that the order REF has: nothing of it is erased, by anybody, until the hold is released."""
    order = order_named(place, ref, marketplace=marketplace)
    if release:
        app = place.app()
        bring_up(app)
        with app.store.read() as conn:
            standing = dossier_of(conn, OrderRef(**order))
        told = release_act(standing, reason=reason, agent=agent)
    else:
        told = hold_act(reason=reason, owner=owner, review=review, agent=agent)
    append_act(place, "dossier", {"order": order, **told}, as_json)


@click.command()
@json_option
@pass_place
def holds(place: Place, as_json: bool) -> None:
    """List what is held, the one to be looked at first at the top."""
    app = place.app()
    bring_up(app)
    today = app.clock.now().date().isoformat()
    with app.store.read() as conn:
        found = held_dossiers(conn)
    for one in sorted(found, key=lambda one: (one.review, one.by)):
        late = one.review <= today
        if as_json:
            print_json(
                {
                    "order": one.order.value,
                    "marketplace": one.order.marketplace,
                    "by": one.by,
                    "since": when(one.at),
                    "owner": one.owner,
                    "reason": one.reason,
                    "review": one.review,
                    "review_due": late,
                }
            )
        else:
            look = f"look at it by {one.review}" if one.review else "nobody has said when to look at it"
            click.echo(
                f"{'LOOK  ' if late else '      '}{one.order.value} ({one.order.marketplace}), since {when(one.at)}, "
                f"{one.owner or 'set by a notice'}: {one.reason}; {look}"
            )


COMMANDS = (hold, holds)

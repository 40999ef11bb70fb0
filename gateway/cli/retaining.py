"""``docket retention``: what may go by its class and time, and its erasure. What is held stays."""

from datetime import UTC, datetime, timedelta

import click

from gateway.cli.act import agent_option
from gateway.cli.erasing import finish_erasing
from gateway.cli.frame import Place, json_option, pass_place, print_json, when
from gateway.custodian import desk_of
from gateway.erasure.certificate import ranges
from gateway.erasure.deed import Grounds
from gateway.erasure.plan import Target
from gateway.erasure.retention import Group, batches, end_of_next_month
from gateway.errors import WrongUse
from gateway.supervise import beside_worker, bring_up


@click.group()
def retention() -> None:
    """Show or erase what has been kept for as long as its class wants."""


@retention.command()
@click.option("--until", default="", help="A day, as 2027-01-31; default: the end of next month.")
@json_option
@pass_place
def preview(place: Place, until: str, as_json: bool) -> None:
    """Show what will be due, and what of it stays because it is held."""
    app = place.app()
    bring_up(app)
    limit = _day(until) if until else end_of_next_month(app.clock.now())
    gone = kept = 0
    for group in desk_of(app).due(limit):
        gone += 0 if group.hindrance else len(group.messages)
        kept += len(group.messages) if group.hindrance else 0
        _show(group, as_json)
    if not as_json:
        click.echo(f"{gone} messages go by {limit:%Y-%m-%d}; {kept} that are due stay.")


@retention.command()
@agent_option
@json_option
@pass_place
def run(place: Place, agent: str, as_json: bool) -> None:
    """Erase what is due now, one entry for each class; never what is held."""
    app = place.app()
    with beside_worker(app, wanted=True) as worker:
        for _ in worker.catch_up():
            pass
        for classes, groups in batches(desk_of(app).due(app.clock.now())).items():
            target = Target(
                messages=tuple(seq for group in groups for seq in group.messages),
                orders=tuple(order for group in groups for order in group.orders),
            )
            grounds = Grounds(
                reason=f"kept for as long as its class wants ({', '.join(classes)})",
                ground="retention",
                agent=agent,
            )
            app.eraser.order(target, grounds)
            for _ in worker.catch_up():
                pass
    finish_erasing(app, as_json)


def _show(group: Group, as_json: bool) -> None:
    if group.due_at is None:
        return
    if as_json:
        print_json(
            {
                "messages": group.messages,
                "orders": [one.value for one in group.orders],
                "classes": group.classes,
                "due_at": when(group.due_at),
                "stays": group.hindrance,
            }
        )
        return
    orders = f", orders {', '.join(one.value for one in group.orders)}" if group.orders else ""
    stays = f"  STAYS: {group.hindrance}" if group.hindrance else ""
    click.echo(
        f"{group.due_at:%Y-%m-%d}  {', '.join(group.classes)}: messages {ranges(group.messages)}{orders}{stays}"
    )


def _day(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC) + timedelta(days=1)
    except ValueError:
        raise WrongUse(f"{text!r} is no day; write one as 2027-01-31") from None


COMMANDS = (retention,)

"""``docket erase`` and ``docket erasures``: what is held on one person or order is destroyed, on record and for good."""

import click

from gateway.app import App
from gateway.cli.act import agent_option, order_named
from gateway.cli.frame import Place, json_option, pass_place, print_json, when
from gateway.erasure.certificate import ranges
from gateway.erasure.plan import Plan, Target
from gateway.erasure.requests import (
    approve,
    ask,
    carry_out,
    open_requests,
    person_named,
    request_of,
    withdraw,
)
from gateway.errors import WrongUse
from gateway.supervise import ask_cleaning, beside_worker, bring_up
from rules.facts import OrderRef


@click.command()
@click.argument("target")
@click.option("--reason", required=True, help="Why, in words that name nobody: they stay, and are shown.")
@click.option("--ground", default="GDPR Art. 17(1)", show_default=True, help="By which rule.")
@click.option("--keep", multiple=True, type=int, help="A message to leave out, by its number.")
@click.option("--marketplace", default="", help="Whose order it is, where the number alone does not say.")
@click.option("--yes", is_flag=True, help="Ask for it; without this only shown.")
@agent_option
@json_option
@pass_place
def erase(
    place: Place,
    target: str,
    reason: str,
    ground: str,
    keep: tuple[int, ...],
    marketplace: str,
    yes: bool,
    agent: str,
    as_json: bool,
) -> None:
    """Show what is held on TARGET, an address or an order, and with --yes ask for its erasure.

    It is done by ``docket erasures run``, once it is approved and has cooled off as the settings want.
    """
    app = place.app()
    with beside_worker(app, wanted=True) as worker:
        for _ in worker.catch_up():
            pass
        meant = target_of(place, app, target, marketplace)
        plan = app.eraser.plan(meant, keep)
        if not as_json:
            _show(plan)
        if not yes:
            if as_json:
                print_json(plain(plan))
            else:
                click.echo("Nothing was done. To ask for it: the same with --yes")
            return
        seq = ask(app.archive, plan, reason=reason, ground=ground, agent=agent)
    lacks = request_of(app.archive, seq).lacks(app.config.erasure.policy, app.clock.now())
    if as_json:
        print_json({**plain(plan), "seq": seq, "lacks": lacks})
    else:
        waits = f"It waits for {lacks}" if lacks else "It may be done now"
        click.echo(f"Entry {seq} asks for it. {waits}: docket erasures run")


def target_of(place: Place, app: App, text: str, marketplace: str) -> Target:
    """Return whom or what a person means; raises WrongUse for what is our own."""
    if "@" not in text:
        return Target(order=OrderRef(**order_named(place, text, marketplace=marketplace)))
    return person_named(text, is_ours=lambda address: app.mailbox_of(address) is not None)


@click.group(invoke_without_command=True)
@json_option
@click.pass_context
def erasures(context: click.Context, as_json: bool) -> None:
    """List the erasures that wait, approve or withdraw one, and do those that are due."""
    if context.invoked_subcommand is not None:
        return
    app = context.obj.app()
    for one in open_requests(app.archive):
        lacks = one.lacks(app.config.erasure.policy, app.clock.now())
        if as_json:
            print_json({"seq": one.seq, "at": when(one.at), "agent": one.asked.agent, "reason": one.asked.reason,
                        "target": one.asked.target.words, "approved_by": one.approved_by, "lacks": lacks})  # fmt: skip
        else:
            click.echo(
                f"{one.seq:>8}  {when(one.at)}  {one.asked.target.words}, asked for by {one.asked.agent}: {one.asked.reason}"
            )
            click.echo(f"          {f'waits for {lacks}' if lacks else 'may be done: docket erasures run'}")
    for by in app.eraser.unfinished():
        if as_json:
            print_json({"erasure": by, "lacks": "to be finished"})
        else:
            click.echo(f"{by:>8}  was begun and is not finished: docket erasures finish")


@erasures.command(name="approve")
@click.argument("seq", type=int)
@agent_option
@json_option
@pass_place
def approve_(place: Place, seq: int, agent: str, as_json: bool) -> None:
    """Agree to the erasure that entry SEQ asks for; another person than the one who asked must."""
    _said(approve(place.app().archive, seq, agent=agent), as_json)


@erasures.command(name="withdraw")
@click.argument("seq", type=int)
@agent_option
@json_option
@pass_place
def withdraw_(place: Place, seq: int, agent: str, as_json: bool) -> None:
    """Take back the erasure that entry SEQ asks for."""
    _said(withdraw(place.app().archive, seq, agent=agent), as_json)


@erasures.command()
@json_option
@pass_place
def run(place: Place, as_json: bool) -> None:
    """Do every erasure that is due, and write their certificates. What is held is refused, on record."""
    app = place.app()
    now, policy = app.clock.now(), app.config.erasure.policy
    due = [one for one in open_requests(app.archive) if not one.lacks(policy, now)]
    refused = 0
    with beside_worker(app, wanted=bool(due)) as worker:
        for one in due:
            for _ in worker.catch_up():
                pass
            try:
                carry_out(app.eraser, one)
            except WrongUse as wrong:
                refused += 1
                click.echo(f"docket: erasure {one.seq}: {wrong}", err=True)
    finish_erasing(app, as_json)
    if refused:
        raise click.exceptions.Exit(1)


@erasures.command()
@json_option
@pass_place
def finish(place: Place, as_json: bool) -> None:
    """Finish erasures that were begun, also where an old copy of a file brought something back."""
    finish_erasing(place.app(), as_json)


def finish_erasing(app: App, as_json: bool) -> None:
    """Do what is left of every erasure, and say which certificates were written."""
    waiting = app.eraser.unfinished()
    for _ in ask_cleaning(app):
        pass
    if waiting:
        bring_up(app)
    for by in waiting:
        path = app.eraser.certificates / f"erasure-{by}.txt"
        if as_json:
            print_json(
                {"erasure": by, "entries": len(app.archive.erasure(by).erased), "certificate": str(path)}
            )
        else:
            click.echo(
                f"Erasure {by} is done: {len(app.archive.erasure(by).erased)} entries. Certificate: {path}"
            )
    if not waiting and not as_json:
        click.echo("Nothing is due.")


def plain(plan: Plan) -> dict[str, object]:
    """Return a plan as other programs may rely on it."""
    return {
        "target": plan.target.words,
        "messages": plan.messages,
        "entries": len(plan.erased),
        "orders": [one.value for one in plan.orders],
        "quoted": [one.value for one in plan.quoted],
        "doubtful": plan.doubtful,
        "kept": plan.kept,
        "shared": plan.shared,
        "reports": plan.reports,
        "exports": [seq for seq, _ in plan.exports],
        "unsure": plan.unsure,
        "hindrances": [one.why for one in plan.hindrances],
    }


def _show(plan: Plan) -> None:
    click.echo(
        f"On {plan.target.words}: {len(plan.messages)} messages, {len(plan.erased)} entries with what was made of them."
    )
    if plan.messages:
        click.echo(f"Messages: {ranges(plan.messages)}")
    if plan.orders:
        click.echo(f"All of the orders {', '.join(one.value for one in plan.orders)}")
    if plan.quoted:
        names = ", ".join(one.value for one in plan.quoted)
        click.echo(
            f"Not covered, since their numbers are only quoted: the orders {names}; docket erase ORDER takes them"
        )
    if plan.doubtful:
        click.echo(
            f"Not covered, since they only quote the number: messages {ranges(plan.doubtful)};"
            " docket link MESSAGE ORDER makes one part of the order"
        )
    if plan.shared:
        click.echo(
            f"Look at these first, they name other orders too: {ranges(plan.shared)} (--keep leaves one out)"
        )
    if plan.kept:
        click.echo(f"Left out: {ranges(plan.kept)}")
    if plan.reports:
        click.echo(f"Order reports written anew without it: entries {ranges(plan.reports)}")
    for seq, agent in plan.exports:
        click.echo(
            f"Out of reach: the pack, report, list, answer, audit or access folder of entry {seq}, handed out to {agent or 'nobody named'}"
        )
    if plan.unsure:
        click.echo(
            f"Perhaps out of reach: what entries {ranges(plan.unsure)} handed out; they do not say what was in it"
        )
    for one in plan.hindrances:
        click.echo(f"{'HELD' if one.held else 'Not now'}: {one.why}")


def _said(seq: int, as_json: bool) -> None:
    if as_json:
        print_json({"seq": seq})
    else:
        click.echo(f"Entry {seq}.")


COMMANDS = (erase, erasures)

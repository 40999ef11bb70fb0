"""``docket token``: what programs call the HTTP API with (docs/api.md)."""

import getpass

import click

from gateway.cli.act import agent_option
from gateway.cli.frame import Place, json_option, pass_place, print_json, when
from gateway.errors import WrongUse
from gateway.store.tokens import SCOPES, Token, Tokens, issue, withdraw


@click.group()
def token() -> None:
    """Make, list and take back tokens of the HTTP API."""


@token.command()
@click.argument("agent")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice(tuple(SCOPES)),
    help="What it may do; default: read.",
)
@click.option(
    "--mailbox", "mailboxes", multiple=True, help="A mailbox it sees; default: those that the agent has."
)
@click.option("--label", default="", help="What it is for.")
@click.option("--days", type=click.IntRange(0, 3660), default=0, help="How long it is good for; 0: for ever.")
@click.option("--by", default=getpass.getuser, show_default="you", help="Who makes it.")
@json_option
@pass_place
def add(
    place: Place,
    agent: str,
    scopes: tuple[str, ...],
    mailboxes: tuple[str, ...],
    label: str,
    days: int,
    by: str,
    as_json: bool,
) -> None:
    """Make a token that acts in the name of AGENT and print it, this once."""
    app = place.app()
    if unknown := [box for box in mailboxes if app.mailbox_of(box) is None]:
        raise WrongUse(f"no mailbox {unknown[0]!r} in the settings")
    made, text = issue(
        Tokens(app.accounts.store, app.clock),
        app.archive.append,
        agent,
        label,
        scopes or ("read",),
        mailboxes,
        days=days,
        by=by,
        source="command",
    )
    if as_json:
        print_json({**_plain(made), "token": text})
        return
    click.echo(text)
    click.echo(f"It is shown this once. To take it back: docket token revoke {made.id}", err=True)


@token.command(name="list")
@json_option
@pass_place
def list_(place: Place, as_json: bool) -> None:
    """List the tokens, without the tokens."""
    app = place.app()
    for one in Tokens(app.accounts.store, app.clock).list():
        if as_json:
            print_json(_plain(one))
            continue
        used = f"used {when(one.used_at)}" if one.used_at else "never used"
        until = f"until {when(one.expires_at)}" if one.expires_at else "for ever"
        boxes = " ".join(one.mailboxes) or "every mailbox of the agent"
        click.echo(f"{one.id}\t{one.agent}\t{' '.join(one.scopes)}\t{boxes}\t{until}\t{used}\t{one.label}")


@token.command()
@click.argument("id_", metavar="ID")
@agent_option
@pass_place
def revoke(place: Place, id_: str, agent: str) -> None:
    """Take the token ID back."""
    app = place.app()
    tokens = Tokens(app.accounts.store, app.clock)
    gone = withdraw(tokens, app.archive.append, id_, by=agent, source="command")
    click.echo(f"The token {gone.id} of {gone.agent} opens nothing any more.")


def _plain(one: Token) -> dict[str, object]:
    return {
        "id": one.id,
        "agent": one.agent,
        "label": one.label,
        "scopes": one.scopes,
        "mailboxes": one.mailboxes,
        "made": when(one.made_at),
        "expires": when(one.expires_at) if one.expires_at else None,
        "used": when(one.used_at) if one.used_at else None,
    }


COMMANDS = (token,)

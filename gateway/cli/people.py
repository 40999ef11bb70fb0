"""``docket agent``: who may log in. Passwords come from a prompt or standard input, never from the command line."""

import getpass
import sys
from collections.abc import Callable
from typing import get_args

import click

from gateway.app import App
from gateway.cli.frame import Place, json_option, pass_place, print_json, when
from gateway.errors import WrongUse
from gateway.store.accounts import Accounts
from gateway.store.agents import Role
from gateway.store.passwords import fault_of_password
from gateway.store.people import person_draft
from gateway.store.spelling import folded

_INVITED_DAYS = 7


def _described(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that say who somebody new is and what they may."""
    for option in (
        click.option(
            "--role",
            type=click.Choice(get_args(Role)),
            default="agent",
            help="What they may: docs/operate/people.md.",
        ),
        click.option(
            "--mailbox",
            "mailboxes",
            multiple=True,
            help="A support address they may write from; default: all.",
        ),
        click.option("--full-name", default="", help="The name shown in timelines."),
    ):
        command = option(command)
    return command


@click.group()
def agent() -> None:
    """Add, list and remove the people who answer mail."""


@agent.command()
@click.argument("name")
@_described
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@pass_place
def add(
    place: Place, name: str, full_name: str, mailboxes: tuple[str, ...], role: Role, password_stdin: bool
) -> None:
    """Add an agent NAME; the password is asked for."""
    app = place.app()
    _check_known(app, mailboxes)
    secret = None if app.config.web.sso.only else _password(name, from_stdin=password_stdin)
    accounts = _recorded(app, "added", name, role=role, mailboxes=mailboxes)
    accounts.add(name, secret, full_name=full_name, mailboxes=mailboxes, role=role)
    click.echo(f"Agent {name} may now log in.")


@agent.command()
@click.argument("name")
@_described
@pass_place
def invite(place: Place, name: str, full_name: str, mailboxes: tuple[str, ...], role: Role) -> None:
    """Print a link with which NAME sets a password of their own; who is there already loses the one they have."""
    app = place.app()
    if app.config.web.sso.only:
        raise WrongUse("people log in at the company's login alone; add them with: docket agent add")
    _check_known(app, mailboxes)
    if app.accounts.agent(name) is None:
        accounts = _recorded(app, "added", name, role=role, mailboxes=mailboxes)
        accounts.add(name, None, full_name=full_name, mailboxes=mailboxes, role=role)
    code = _recorded(app, "invited", name).invite(name, _INVITED_DAYS)
    click.echo(f"{app.config.web_url}/welcome#{code}")
    click.echo(f"Good for {_INVITED_DAYS} days, once. Hand it over by a way that you trust.", err=True)


@agent.command(name="list")
@json_option
@pass_place
def list_(place: Place, as_json: bool) -> None:
    """List the agents."""
    for one in place.app().accounts.list():
        if as_json:
            print_json(
                {"name": one.name, "full_name": one.full_name, "mailboxes": one.mailboxes, "role": one.role}
            )
        else:
            boxes = " ".join(one.mailboxes) or "every mailbox"
            click.echo(f"{one.name}\t{one.full_name}\t{boxes}\t{one.role}")


@agent.command()
@click.argument("name")
@click.option("--role", type=click.Choice(get_args(Role)), help="What they may: docs/operate/people.md.")
@click.option("--mailbox", "mailboxes", multiple=True, help="A support address they see and write from.")
@click.option("--every-mailbox", is_flag=True, help="They see and write from all, those to come too.")
@pass_place
def change(
    place: Place, name: str, role: Role | None, mailboxes: tuple[str, ...], every_mailbox: bool
) -> None:
    """Change what the agent NAME may and which mailboxes they have; their sessions end."""
    if mailboxes and every_mailbox:
        raise WrongUse("give --mailbox or --every-mailbox, not both")
    app = place.app()
    _check_known(app, mailboxes)
    known = app.accounts.agent(name)
    if known is None:
        raise WrongUse(f"there is no agent {name!r}; to see them all: docket agent list")
    role, boxes = role or known.role, mailboxes or (() if every_mailbox else known.mailboxes)
    accounts = _recorded(app, "changed", known.name, role=role, mailboxes=boxes)
    accounts.assign(known.name, role=role, mailboxes=boxes)
    click.echo(f"{known.name} is {role} of {' '.join(boxes) or 'every mailbox'}.")


@agent.command()
@click.argument("name")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@pass_place
def passwd(place: Place, name: str, password_stdin: bool) -> None:
    """Set a new password for the agent NAME and end their sessions."""
    app = place.app()
    accounts = _recorded(app, "password changed", name)
    accounts.passwd(name, _password(name, from_stdin=password_stdin))
    click.echo(f"The password of {name} is changed.")


@agent.command(name="app-password")
@click.argument("name")
@click.option("--label", default="", help="What it is for: the computer, the telephone.")
@pass_place
def app_password(place: Place, name: str, label: str) -> None:
    """Make a password for one mail client of the agent NAME and print it, this once."""
    app = place.app()
    id_, password = app.accounts.make_app_password(
        name, label, record=lambda id_: _record(app, "app password made", name, what=id_)
    )
    click.echo(password)
    click.echo(f"It is shown this once. To take it back: docket agent revoke {name} {id_}", err=True)


@agent.command(name="app-passwords")
@click.argument("name")
@json_option
@pass_place
def app_passwords(place: Place, name: str, as_json: bool) -> None:
    """List the app passwords of the agent NAME, without the passwords."""
    for one in place.app().accounts.app_passwords_of(name):
        used = when(one.used_at) if one.used_at else ""
        if as_json:
            print_json({"id": one.id, "label": one.label, "made": when(one.made_at), "used": used})
        else:
            click.echo(f"{one.id}\t{one.label}\tmade {when(one.made_at)}\tused {used or 'never'}")


@agent.command()
@click.argument("name")
@click.argument("id_", metavar="ID")
@pass_place
def revoke(place: Place, name: str, id_: str) -> None:
    """Take back the app password ID of the agent NAME."""
    app = place.app()
    _recorded(app, "app password revoked", name, what=id_).revoke_app_password(name, id_)
    click.echo(f"The app password {id_} of {name} opens nothing any more.")


@agent.command()
@click.argument("name")
@pass_place
def remove(place: Place, name: str) -> None:
    """Remove the agent NAME; what they did stays in the record."""
    _recorded(place.app(), "removed", name).remove(name)
    click.echo(f"Agent {name} may no longer log in.")


def _check_known(app: App, mailboxes: tuple[str, ...]) -> None:
    unknown = [box for box in mailboxes if app.mailbox_of(box) is None]
    if unknown:
        raise WrongUse(f"no mailbox {unknown[0]!r} in the settings")


def _recorded(
    app: App, did: str, name: str, *, role: str = "", mailboxes: tuple[str, ...] = (), what: str = ""
) -> Accounts:
    """Return the accounts, changed once it is on record: what the log cannot take is not done."""
    return app.accounts.recorded(
        lambda: _record(app, did, name, role=role, mailboxes=tuple(sorted(mailboxes)), what=what)
    )


def _record(
    app: App, did: str, name: str, *, role: str = "", mailboxes: tuple[str, ...] = (), what: str = ""
) -> None:
    draft = person_draft(
        did, folded(name), by=getpass.getuser(), source="command", role=role, mailboxes=mailboxes, what=what
    )
    app.archive.append(draft)


def _password(name: str, *, from_stdin: bool) -> str:
    if from_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    elif not sys.stdin.isatty():
        raise WrongUse("a password is asked for on a terminal only; without one, use --password-stdin")
    else:
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    if fault := fault_of_password(password, name):
        raise WrongUse(fault)
    return str(password)


COMMANDS = (agent,)

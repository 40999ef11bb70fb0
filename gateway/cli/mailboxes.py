"""Commands for the mailboxes that are captured: fetch, reconcile, authorize."""

import time

import click

from gateway.app import App
from gateway.births import collect_seldom
from gateway.capture.consent import Consent
from gateway.capture.fetch import Fetched
from gateway.capture.folders import find_folders
from gateway.capture.oauth import Client, Token, await_token, invite
from gateway.capture.reconcile import Comparison
from gateway.capture.watch import AccountWatch
from gateway.cli.frame import Place, json_option, pass_place, print_json
from gateway.cli.keep import Progress
from gateway.clock import Clock
from gateway.errors import Temporary, WrongUse
from gateway.inlets import client_of, session_of, tokens_of
from gateway.supervise import beside_worker
from gateway.watches import captures_of, watches_of


@click.group()
def mailbox() -> None:
    """Mailboxes on other servers: take in what is in them."""


@mailbox.command()
@click.argument("address")
@click.option("--no-index", is_flag=True, help="Only archive; a later serve or import does the rest.")
@json_option
@pass_place
def fetch(place: Place, address: str, no_index: bool, as_json: bool) -> None:
    """Take in what is in a mailbox's IMAP folders now, once; `docket serve` does so all the time."""
    app = place.app()
    box = captured(app, address)
    progress = Progress()
    failed: list[str] = []
    with beside_worker(app, wanted=not no_index) as worker:
        collect_seldom()
        for watch in watches_of(app, box):
            began = time.monotonic()
            counts: dict[str, _Count] = {}
            try:
                for folder, step in watch.once():
                    counts.setdefault(folder, _Count()).add(step)
                    read = sum(one.archived + one.existing for one in counts.values())
                    worker.keep_pace(read)
                    progress.say(
                        f"{watch.standing.account}/{folder}: {read} fetched, {watch.standing.behind} to go"
                    )
            except Temporary as wrong:
                failed.append(str(wrong))
            progress.end()
            _tell(watch, counts, round(time.monotonic() - began, 3), as_json=as_json)
            failed.extend(
                f"{watch.standing.account}/{folder}: UID {uid} {why}"
                for folder, count in counts.items()
                for uid, why in count.unread
            )
        for lag in worker.catch_up():
            progress.say(f"{lag} entries to understand and index")
    progress.end()
    app.archive.close()
    _end(failed)


@mailbox.command()
@click.argument("address")
@click.option("--deep", is_flag=True, help="Fetch everything again and compare the bytes themselves.")
@json_option
@pass_place
def reconcile(place: Place, address: str, deep: bool, as_json: bool) -> None:
    """Compare a mailbox's folders with the archive, message by message, and fetch what is missing."""
    app = place.app()
    box = captured(app, address)
    progress = Progress()
    failed: list[str] = []
    with beside_worker(app, wanted=True) as worker:
        # What is archived and not yet folded in would look as if it were missing.
        for lag in worker.catch_up():
            progress.say(f"{lag} entries to understand and index")
        for watch in watches_of(app, box):
            try:
                for found, step in watch.reconcile(deep=deep):
                    if step is None:
                        progress.end()
                        _tell_comparison(found, as_json=as_json)
                        failed.extend(
                            f"{found.opened.source.place}: UID {uid} {why}"
                            for uid, why in found.unread.items()
                        )
                    else:
                        progress.say(
                            f"{found.opened.source.place}: {found.missing} of {found.messages} were missing"
                        )
            except Temporary as wrong:
                failed.append(str(wrong))
        for lag in worker.catch_up():
            progress.say(f"{lag} entries to understand and index")
    progress.end()
    app.archive.close()
    _end(failed)


@mailbox.command()
@click.argument("address")
@click.option(
    "--paste", is_flag=True, help="The browser is on another machine: ask for the address it ends at."
)
@pass_place
def authorize(place: Place, address: str, paste: bool) -> None:
    """Sign in to a mailbox whose provider takes no password (OAuth 2), once, on any device with a browser."""
    app = place.app()
    box = captured(app, address)
    wanted = [one for one in captures_of(app, box) if one.oauth.client_id]
    if not wanted:
        raise WrongUse(f"{box} has no client_id under oauth in the settings: its accounts have passwords")
    for one in wanted:
        client, tokens = client_of(one, box), tokens_of(one, box, app.config.secrets, app.clock)
        assert tokens is not None
        tokens.keep(_signed_in(client, one.account, app.clock, paste=paste))
        with session_of(one, box, tokens)() as session:
            find_folders(session, ())
        click.echo(f"{one.account}: signed in. A running docket serve goes on by itself.")


def _tell_comparison(found: Comparison, *, as_json: bool) -> None:
    if as_json:
        print_json(found.told())
        return
    counts = (
        (found.missing, "fetched that the archive did not have"),
        (found.elsewhere, "known from elsewhere"),
        (len(found.unread), "that cannot be had"),
        (found.gone, "in the archive and no longer here"),
    )
    said = "".join(f", {count} {what}" for count, what in counts if count)
    whole = "; the archive has them all" if not found.unread else ""
    click.echo(f"{found.opened.source.place}: {found.messages} here{said}{whole}.")


def _signed_in(client: Client, account: str, clock: Clock, *, paste: bool) -> Token:
    """Have a person sign in, in the way that the provider offers."""
    if not client.auth_url:
        invitation = invite(client, clock)
        click.echo(f"{account}: open {invitation.url} on any device and enter the code {invitation.code}")
        click.echo("Waiting for you to sign in there ...", err=True)
        return await_token(client, invitation, clock)
    with Consent(client, clock) as consent:
        click.echo(
            f"{account}: open this address in a browser{'' if paste else ' on this machine'}:\n{consent.url}"
        )
        if paste:
            return consent.read(click.prompt("The address it ends at, which does not open there", err=True))
        click.echo("Waiting for the browser to come back ...", err=True)
        return consent.wait()


def _end(failed: list[str]) -> None:
    for said in failed:
        click.echo(f"docket: {said}", err=True)
    if failed:
        raise click.exceptions.Exit(1)


def captured(app: App, address: str) -> str:
    """Return the mailbox an address belongs to; raises WrongUse where nothing is captured for it."""
    box = app.mailbox_of(address)
    if box is None:
        raise WrongUse(f"no mailbox {address!r} in the settings")
    if not any(one.capture for one in app.config.mailbox if one.address.lower() == box):
        raise WrongUse(f"nothing is captured for {box}; see [[mailbox.capture]] in config.example.toml")
    return box


class _Count:
    def __init__(self) -> None:
        self.archived = self.existing = 0
        self.unread: list[tuple[int, str]] = []

    def add(self, step: Fetched) -> None:
        self.archived += step.archived
        self.existing += step.existing
        self.unread += step.unread


def _tell(watch: AccountWatch, counts: dict[str, _Count], seconds: float, *, as_json: bool) -> None:
    """Print a line for each folder, and for each message that could not be had."""
    for folder, stands in watch.standing.folders.items():
        count = counts.get(folder, _Count())
        if as_json:
            print_json(
                {
                    "mailbox": watch.standing.mailbox,
                    "account": watch.standing.account,
                    "folder": folder,
                    "archived": count.archived,
                    "existing": count.existing,
                    "unread": [{"uid": uid, "reason": reason} for uid, reason in count.unread],
                    "uidvalidity": stands.uidvalidity,
                    "next_uid": stands.next_uid,
                    "seconds": seconds,
                }
            )
            continue
        click.echo(
            f"{watch.standing.account}/{folder}: {count.archived} archived, {count.existing} already there, "
            f"{len(count.unread)} not given, in {seconds} s."
        )


COMMANDS = (mailbox,)

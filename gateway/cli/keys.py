"""The keys that guard the record: what there is, and how the one that wraps all others is changed."""

import contextlib
from pathlib import Path

import click

from gateway.archive.database import connect
from gateway.archive.kek import add_line, new_line
from gateway.archive.keyguard import keys_held
from gateway.archive.keys import Wrapper, load_verifier
from gateway.archive.rewrap import count_wrapped, rewrap
from gateway.archive.rotation import finish, hand_on, prepare
from gateway.cli.act import agent_option
from gateway.cli.frame import Place, json_option, pass_place, print_json
from gateway.cli.keep import Progress
from gateway.config import Config
from gateway.errors import WrongUse
from gateway.mail.canonical import canonical
from gateway.mail.entry import Draft

_LOG = 0


@click.group()
def keys() -> None:
    """The keys that guard the record."""


@keys.command()
@json_option
@pass_place
def show(place: Place, as_json: bool) -> None:
    """Show which key signs the log, and under which keys the entries' own are wrapped. No secret is shown."""
    app = place.app()
    source = app.config.keys.source.said(app.config.secrets)
    with contextlib.closing(app.archive) as archive:
        given = list(app.config.keys.source.read(app.config.secrets))
        wrapped = _counted(app.config)
        vkey, fingerprint = archive.verifier.vkey(), archive.verifier.fingerprint
    if as_json:
        told = {"signer": vkey, "fingerprint": fingerprint, "source": source, "given": given}
        print_json(told | {"current": given[-1], "wrapped": wrapped})
    else:
        click.echo(
            f"The log is signed with {vkey}\nfingerprint {fingerprint}\nEntries' keys are wrapped by {source}:"
        )
        for kek in dict.fromkeys([*given, *wrapped]):
            state = "wraps what is new" if kek == given[-1] else "given" if kek in given else "MISSING"
            click.echo(f"  {kek}  {wrapped.get(kek, 0)} keys  {state}")
    if wrapped.keys() - set(given):
        raise click.exceptions.Exit(1)


@keys.command()
@click.argument("file", type=click.Path(path_type=Path))
def new(file: Path) -> None:
    """Write a new key-encryption key to FILE, for a credential, a secret store, or the setting [keys] file."""
    if file.exists():
        raise WrongUse(f"{file} is there already; a key is never overwritten")
    add_line(file, new_line())
    click.echo(
        f"{file} holds a new key, readable by you alone. Who loses it cannot read the archive: keep a copy elsewhere."
    )


@keys.command("rewrap")
@click.option("--new", "fresh", is_flag=True, help="Make a new key first, where keys come from a file.")
@agent_option
@json_option
@pass_place
def wrap_anew(place: Place, fresh: bool, agent: str, as_json: bool) -> None:
    """Wrap every entry's key under the newest key-encryption key. ``docket serve`` must not run; a break is no harm: run it again."""
    app = place.app()
    config, source, secrets = app.config, app.config.keys.source, app.config.secrets
    with contextlib.closing(app.archive):
        before = _counted(config)
    if fresh:
        file = source.place(secrets)
        if file is None:
            raise WrongUse(
                f"keys come from {source.said(secrets)}: add the line of a new one there at the end (docket keys new FILE), then run this without --new"
            )
        with keys_held(secrets, alone=True):
            add_line(file, new_line())
    given = list(source.read(secrets))
    old = sorted(before.keys() - {given[-1]})
    count = 0
    if old:
        payload = {"agent": agent, "did": "rewrap", "from": old, "to": given[-1]}
        with keys_held(secrets, alone=True):
            pass  # before it is on record, since it cannot be done while others are at work
        with contextlib.closing(place.app().archive) as archive:
            archive.append(Draft(type="keys", payload=canonical(payload), meta={"source": "command"}))
        progress = Progress()
        with keys_held(secrets, alone=True), contextlib.ExitStack() as stack:
            keyring = connect(config.url("keys"))
            stack.callback(keyring.dispose)
            wrapper = Wrapper(source.read(secrets))
            count = rewrap(keyring, _LOG, wrapper, lambda done: progress.say(f"{done} keys wrapped anew"))
        progress.end()
    idle = [kek for kek in given if kek != given[-1]]
    if as_json:
        print_json({"rewrapped": count, "current": given[-1], "idle": idle})
        return
    click.echo(f"{count} keys were wrapped anew; all are under {given[-1]}.")
    if idle:
        click.echo(
            f"Nothing needs {', '.join(idle)} any more but older backups of the keys: take it from {source.said(secrets)} when they are gone."
        )


@keys.command("rotate")
@agent_option
@json_option
@pass_place
def exchange(place: Place, agent: str, as_json: bool) -> None:
    """Have another key sign the log from now on; the one before signs for it. ``docket serve`` must not run; broken off, run it again."""
    app = place.app()
    config, secrets = app.config, app.config.secrets
    with keys_held(secrets, alone=True):
        finished = finish(secrets)
        old = load_verifier(secrets)
        new = old if finished else prepare(secrets)
    if not finished:
        payload = {"agent": agent, "did": "rotate", "from": old.vkey(), "to": new.vkey()}
        with contextlib.closing(place.app().archive) as archive:
            archive.append(
                Draft(type="keys", payload=canonical(payload), meta={"source": "command"}, once=True)
            )
        with keys_held(secrets, alone=True), contextlib.ExitStack() as stack:
            engine = connect(config.url("archive"))
            stack.callback(engine.dispose)
            new = hand_on(secrets, engine, log=_LOG)
    told = {
        "signer": new.vkey(),
        "fingerprint": new.fingerprint,
        "before": [one.vkey() for one, _, _ in new.earlier],
    }
    if as_json:
        print_json(told)
        return
    click.echo(f"The log is signed with {new.vkey()}\nfingerprint {new.fingerprint}")
    click.echo(
        "Give the fingerprint to those who have the old one; whoever trusts that can still verify, by the handover in log.chain. "
        "Make a copy of the secrets folder: older copies sign nothing that counts."
    )


def _counted(config: Config) -> dict[str, int]:
    keyring = connect(config.url("keys"))
    try:
        return count_wrapped(keyring, _LOG)
    finally:
        keyring.dispose()


COMMANDS = (keys,)

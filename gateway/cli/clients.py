"""``docket clients``: what sets up agents' mail clients, as text or as files for a web server of one's own."""

from pathlib import Path
from typing import Any

import click

from gateway.cli.frame import Place, json_option, pass_place, print_json
from gateway.clients import apple, codes
from gateway.clients.outlook import autodiscover
from gateway.clients.records import is_reachable, records
from gateway.clients.services import Account, Box, Services
from gateway.clients.steps import complete, guides
from gateway.clients.thunderbird import autoconfig
from gateway.errors import WrongUse
from gateway.introduction import accounts, services_of


@click.command()
@click.argument("agent", required=False)
@click.option(
    "-o",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write the files there, for a web server.",
)
@json_option
@pass_place
def clients(place: Place, agent: str | None, folder: Path | None, as_json: bool) -> None:
    """Say how mail clients are set up: the servers and DNS records, or each step for the agent AGENT."""
    app = place.app()
    services = services_of(app)
    theirs = accounts(app, services, agent) if agent else ()
    ready = [one for one in theirs if complete(one)]
    first = next((box for box in services.boxes if box.imap and services.smtp), None)
    if first is None:
        raise WrongUse(
            "the settings name no servers for mail clients: each mailbox needs [mailbox.imap] (or a [mailbox.deliver] of kind"
            " imap), and [listen] submissions or submission with a port that is not 0"
        )
    written = _write(folder, services, first, ready) if folder is not None else []
    if as_json:
        for one in ready:
            print_json(_plain(one))
        if not agent:
            print_json({"servers": [_box(services, box) for box in services.boxes], "dns": records(services)})
    elif not written:
        _tell(services, ready, agent)
    else:
        for path in written:
            click.echo(str(path))


def _write(folder: Path, services: Services, first: Box, theirs: list[Account]) -> list[Path]:
    """Write every file and return where they are; the paths are those that clients ask for."""
    static: dict[str, bytes] = {
        ".well-known/autoconfig/mail/config-v1.1.xml": autoconfig(services, first),
        "mail/config-v1.1.xml": autoconfig(services, first),
        "autodiscover/autodiscover.xml": autodiscover(services, first),
        "dns.txt": ("\n".join(records(services)) + "\n").encode(),
    }
    for one in theirs:
        name = _file_name(f"{one.name}-{one.box.address}")
        static[f"{name}.mobileconfig"] = apple.profile(one)
        static[f"{name}.txt"] = ("\n".join(_lines(one)) + "\n").encode()
        if is_reachable(one.box.imap[0].host):
            static[f"{name}-android.svg"] = codes.drawn(codes.for_thunderbird(one)).encode()
    for name, data in static.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return [folder / name for name in static]


def _tell(services: Services, theirs: list[Account], agent: str | None) -> None:
    for one in theirs:
        for line in _lines(one):
            click.echo(line)
    if agent and not theirs:
        click.echo(f"No mailbox of {agent} has a server to read at.", err=True)
    if not agent:
        for box in services.boxes:
            through = "through Docket" if box.own else "at its own server"
            click.echo(f"{box.address}: " + (f"read {through}" if box.imap else "no server to read at"))
            for server in (*box.imap, *services.smtp):
                click.echo(f"  {server.host}:{server.port}  {server.security}")
        click.echo("\nDNS:")
        for line in records(services):
            click.echo(line)


def _lines(account: Account) -> list[str]:
    lines = [f"{account.box.address}, {account.name}"]
    for guide in guides(account):
        if not guide.code and not guide.file:
            lines += ["", guide.client, *(f"{number}. {step}" for number, step in enumerate(guide.steps, 1))]
    return lines


def _plain(account: Account) -> dict[str, Any]:
    return {
        "agent": account.name,
        "mailbox": account.box.address,
        "address_to_type": account.typed,
        "imap_login": account.imap_login,
        "smtp_login": account.name,
        "imap": [_server(one) for one in account.box.imap],
        "smtp": [_server(one) for one in account.smtp],
        "android": codes.for_thunderbird(account),
    }


def _box(services: Services, box: Box) -> dict[str, Any]:
    return {
        "mailbox": box.address,
        "through_docket": box.own,
        "imap": [_server(one) for one in box.imap],
        "smtp": [_server(one) for one in services.smtp],
    }


def _server(server: Any) -> dict[str, Any]:
    return {"host": server.host, "port": server.port, "security": server.security}


def _file_name(text: str) -> str:
    return "".join(each if each.isalnum() or each in "@.-_" else "_" for each in text)


COMMANDS = (clients,)

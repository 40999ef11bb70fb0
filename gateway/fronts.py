"""The ports where agents' mail clients read their mail: one for each address in the settings, if any mailbox is to be had there."""

import ssl
from collections.abc import Callable, Iterator

import msgspec

from gateway.app import App
from gateway.clock import Clock
from gateway.door.doorkeeper import Doorkeeper
from gateway.door.standing import Standing
from gateway.door.throttle import Gate
from gateway.errors import ArchiveBroken
from gateway.ids import ulid
from gateway.imap_proxy.front import Front, House, Mailbox, Route
from gateway.imap_proxy.record import Journal
from gateway.inlets import tokens_of, upstream_of
from gateway.servers import Imap, Views


def fronts_of(
    app: App,
    doorkeeper: Doorkeeper,
    standing: Standing,
    tls: ssl.SSLContext,
    on_broken: Callable[[ArchiveBroken], None],
) -> Iterator[tuple[str, str, Front]]:
    """Yield each front with its kind and the address it is to listen on."""
    limits = app.config.limits
    house = House(
        doorkeeper=doorkeeper,
        standing=standing,
        route=route_of(app),
        journal=Journal(app.archive, app.store),
        limits=limits,
        gate=Gate(
            msgspec.structs.replace(
                limits,
                connections=limits.imap_connections,
                connections_per_peer=limits.imap_connections_per_peer,
            )
        ),
        hostname=app.config.hostname,
        new_id=_ids(app.clock),
        on_broken=on_broken,
    )
    for kind, addresses in (("imap", app.config.listen.imap), ("imaps", app.config.listen.imaps)):
        for address in addresses:
            yield kind, address, Front(house, tls=tls, implicit=kind == "imaps")


def route_of(app: App) -> Route:
    """Say where an agent's mailbox is: the one that is named with the login, else their first that has an account."""
    boxes = {
        box.address.lower(): Mailbox(
            address=box.address.lower(),
            upstream=upstream_of(
                box.imap, box.address, tokens_of(box.imap, box.address, app.config.secrets, app.clock)
            ),
            protected=protected_of(box.imap, box.views),
        )
        for box in app.config.mailbox
        if box.imap.host
    }

    def route(agent: str, wanted: str) -> Mailbox | None:
        held = app.accounts.mailboxes_of(agent)
        if held is None:
            return None
        theirs = [box for address, box in boxes.items() if not held or address in held]
        if wanted:
            address = app.mailbox_of(wanted)
            theirs = [box for box in theirs if box.address == address]
        return theirs[0] if theirs else None

    return route


def protected_of(imap: Imap, views: Views) -> tuple[str, ...]:
    """Return the folders that agents can neither rename nor delete: those named, and the one that Docket's own stand in."""
    return (*imap.protected, *([views.folder] if views.kind == "copies" else []))


def _ids(clock: Clock) -> Callable[[], str]:
    return lambda: ulid(clock.now())

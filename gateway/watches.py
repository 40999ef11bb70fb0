"""The watches of an installation: one for each IMAP account that its settings have captured."""

from gateway.app import App
from gateway.capture.own import KnowingOwn
from gateway.capture.record import Record
from gateway.capture.sent import KnowingSent
from gateway.capture.standing import Board
from gateway.capture.watch import AccountWatch
from gateway.inlets import teller, watch_of
from gateway.pipeline import Intake
from gateway.servers import Capture


def captures_of(app: App, mailbox: str) -> list[Capture]:
    """Return how the settings describe the accounts that are captured for a mailbox."""
    return [one for box in app.config.mailbox if box.address.lower() == mailbox for one in box.capture]


def watches_of(app: App, mailbox: str = "", *, board: Board | None = None) -> list[AccountWatch]:
    """Make what captures each account; of one mailbox, or of all."""
    config, archive = app.config, app.archive
    sent = KnowingSent(archive, app.store, Intake(archive).accept)
    accept = KnowingOwn(archive, sent, hostname=config.hostname)
    record = Record(archive, app.store)
    return [
        watch_of(
            one,
            box.address,
            accept,
            record,
            board or Board(),
            clock=app.clock,
            secrets=config.secrets,
            deliver=box.deliver.kind != "none",
            tell=teller(app.post(box), config.alerts, hostname=config.hostname, clock=app.clock),
        )
        for box in config.mailbox
        if mailbox in {"", box.address.lower()}
        for one in box.capture
    ]

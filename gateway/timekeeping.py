"""What has the log stamped, made from the settings."""

from gateway.app import App
from gateway.inlets import teller
from gateway.stamping import Stamping


def stamping_of(app: App) -> Stamping:
    """Make it; who is in charge of the first mailbox is told of a clock that is wrong."""
    tell = None
    if app.config.mailbox:
        post = app.post(app.config.mailbox[0])
        tell = teller(post, app.config.alerts, hostname=app.config.hostname, clock=app.clock)
    return Stamping(app.archive, app.authorities, off_most_s=app.config.timestamps.clock_s, tell=tell)

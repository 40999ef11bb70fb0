"""The programs that Docket tells of new entries, and the services whose posts it takes, made from the settings."""

from functools import partial

from gateway.app import App
from gateway.hooks import TOLD, Hooks, Receiver
from gateway.programs import secret_in
from gateway.store.hooks import HookPlaces
from gateway.web.site import Tracker


def hooks_of(app: App) -> Hooks:
    """Make what tells the receivers; their secrets are read again at each call."""
    receivers = [
        Receiver(
            name=one.name,
            url=one.url,
            secret=partial(secret_in, one.secret_file),
            types=frozenset(one.types) or TOLD,
            mailboxes=frozenset(box.lower() for box in one.mailboxes),
            timeout_s=one.timeout_s,
        )
        for one in app.config.hook
    ]
    return Hooks(
        app.store, HookPlaces(app.accounts.store), app.clock, receivers, f"{app.config.web_url}/api/v1"
    )


def trackers_of(app: App) -> dict[str, Tracker]:
    return {
        one.name: Tracker(shape=one.shape, secret=partial(secret_in, one.secret_file))
        for one in app.config.parcel_source
    }

"""What is wrong with an installation, and how to mend it: settings, files, ports, TLS, the DNS, clocks and live servers."""

from collections.abc import Iterator

from gateway.app import App
from gateway.checkup.finding import Finding
from gateway.doctor.clocks import clocks
from gateway.doctor.doors import doors
from gateway.doctor.house import files, parts, people
from gateway.doctor.mailboxes import mailboxes

__all__ = ["Finding", "examine"]


def examine(app: App) -> Iterator[Finding]:
    """Look at everything that can be looked at without changing anything."""
    yield from files(app)
    yield from parts(app)
    yield from doors(app)
    yield from mailboxes(app)
    yield from clocks(app)
    yield people(app)

"""A server that mail is handed to, after a login that stopped before the first message."""

from collections.abc import Iterator

from gateway.checkup.clocks import compared, date_in
from gateway.checkup.finding import Finding
from gateway.clock import Clock
from gateway.relay.smtp import Survey
from gateway.relay.tls import is_loopback

_LEAST = 10_000_000  # what marketplaces take; a server that takes less refuses what they would have taken


def judged(survey: Survey, what: str, *, host: str, message_bytes: int, clock: Clock) -> Iterator[Finding]:
    """Say what a server's own words mean for what agents send."""
    if survey.tls:
        yield Finding(what=f"{what}: TLS", mend=survey.tls.partition(" ")[0])
    elif is_loopback(host):
        yield Finding(what=f"{what}: TLS", mend="none, and none is needed on this machine")
    else:
        yield Finding(
            what=f"{what}: TLS", ok=False, mend='everybody on the way can read along; set tls = "required"'
        )
    yield _size(survey, f"{what}: size", message_bytes)
    if (said := date_in(survey.greeting)) is not None:
        yield compared(said, clock.now(), host)


def _size(survey: Survey, what: str, message_bytes: int) -> Finding:
    told = survey.extensions.get("SIZE", "")
    if not told.isdigit() or not int(told):
        return Finding(what=what, mend="it names no limit")
    size = int(told)
    if size < _LEAST:
        return Finding(
            what=what,
            ok=False,
            mend=f"it takes {size:,} bytes at most; let it take {_LEAST:,}, or relay by another server",
        )
    if size < message_bytes:
        return Finding(
            what=what,
            mend=f"it takes {size:,} bytes at most; a larger answer comes back (Docket takes {message_bytes:,})",
        )
    return Finding(what=what, mend=f"it takes {size:,} bytes")

"""The clock of this machine against everybody who says what time it is: time-stamp authorities, sign-in servers, the log."""

import secrets
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from gateway.app import App
from gateway.checkup.clocks import against_log, compared
from gateway.checkup.finding import Finding
from gateway.errors import DocketError
from gateway.inlets import client_of
from gateway.servers import Capture, Imap

_TIMEOUT_S = 10.0


def clocks(app: App) -> Iterator[Finding]:
    if app.config.secrets.is_dir():
        try:
            head = app.archive.head()
            newest = app.archive.entry(head - 1).at if head else None
        except (DocketError, ValueError, OSError):
            newest = None  # the archive's own finding says it
        if newest is not None:
            yield against_log(newest, app.clock.now())
    yield from _authorities(app)
    for host, url in _sign_ins(app).items():
        said = _date_of(url)
        if said is not None:
            yield compared(said, app.clock.now(), host)


def _authorities(app: App) -> Iterator[Finding]:
    """Ask each for a time-stamp over bytes that mean nothing, and compare what it states."""
    try:
        authorities = app.authorities
    except DocketError as wrong:
        yield Finding(what="time-stamp authorities", ok=False, mend=str(wrong))
        return
    for one in authorities:
        what = f"time-stamp authority {one.name}"
        try:
            at = one.stamp(secrets.token_bytes(32)).at
        except DocketError as wrong:
            yield Finding(
                what=what, ok=False, mend=f"{wrong} (settings url, certificate, roots under [timestamps])"
            )
            continue
        yield Finding(what=what, mend="its time-stamp holds")
        yield compared(at, app.clock.now(), one.name)


def _sign_ins(app: App) -> dict[str, str]:
    """Return where accounts with OAuth get their tokens, by host: these servers say the time in every answer."""
    found = {}
    for box in app.config.mailbox:
        accounts: list[Capture | Imap] = [*box.capture, box.imap]
        for one in accounts:
            if one.oauth.client_id:
                url = client_of(one, box.address).token_url
                found[urlsplit(url).hostname or ""] = url
    return found


def _date_of(url: str) -> datetime | None:
    """Return the time in an answer's Date field (RFC 9110 section 6.6.1), whatever else the answer says."""
    request = urllib.request.Request(url, method="HEAD")  # noqa: S310 - the settings took https and loopback only
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310
            headers = answer.headers
    except urllib.error.HTTPError as refused:
        headers = refused.headers
    except (OSError, ValueError):
        return None  # the account's own finding says it
    try:
        said = parsedate_to_datetime(headers.get("Date", ""))
    except (TypeError, ValueError):
        return None
    return said if said.tzinfo else None

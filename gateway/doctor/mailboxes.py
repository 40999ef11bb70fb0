"""Each mailbox's servers, tried by the code that the service uses: where its mail is, goes to, and leaves by."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import msgspec
from imapclient import IMAPClient

from gateway.app import App
from gateway.capture.folders import find_folders
from gateway.capture.session import Account, open_session
from gateway.checkup.accounts import appends, capabilities
from gateway.checkup.discovery import discovered
from gateway.checkup.finding import Finding
from gateway.checkup.relays import judged
from gateway.checkup.senders import sender_records
from gateway.errors import DocketError, WrongUse
from gateway.inlets import session_of, tokens_of, wanted_of
from gateway.introduction import services_of
from gateway.mail.authenticity.answers import Lookup
from gateway.relay.smtp import SmtpTransport
from gateway.servers import Capture, Imap, Server, read_password

_TIMEOUT_S = 10.0
_CHECK = "check host, port, tls, user and password_file"


def mailboxes(app: App) -> Iterator[Finding]:
    if not app.config.mailbox:
        yield Finding(what="mailboxes", ok=False, mend="the settings name none; add a [[mailbox]]")
    for box in app.config.mailbox:
        yield from _handed_on(app, box.deliver, box.address, "deliver")
        yield from _handed_on(app, box.relay, box.address, "relay")
        for one in box.capture:
            yield from _captured(app, one, box.address)
        if box.imap.host:
            yield from _read(app, box.imap, box.address)
        if box.relay.kind != "none":
            yield from _sender(app, box.sender, box.relay, box.dkim_selectors)
    if (lookup := _lookup(app)) is not None:
        yield from discovered(services_of(app), lookup)
    yield from _standings(app)


def _handed_on(app: App, server: Server, address: str, way: str) -> Iterator[Finding]:
    what = f"{address}: {way} by {server.kind}"
    if server.kind == "none":
        mend = (
            "answers cannot leave; set [mailbox.relay]"
            if way == "relay"
            else "mail is kept in the archive only"
        )
        yield Finding(what=what, ok=way != "relay", mend=mend)
        return
    if server.kind == "mx":
        yield Finding(what=what, mend="goes to each recipient's own server")
        return
    what = f"{what} at {server.host}:{server.port}"
    server = msgspec.structs.replace(server, timeout_s=min(server.timeout_s, _TIMEOUT_S))
    try:
        if server.kind == "imap":
            yield from _delivered(app, server, address, what)
            return
        transport = app.transport(server, address)
    except WrongUse as wrong:
        yield Finding(what=what, ok=False, mend=str(wrong))
        return
    assert isinstance(transport, SmtpTransport)
    survey = transport.survey()
    if survey.fault:
        yield Finding(what=what, ok=False, mend=f"{survey.fault}; {_CHECK}")
        return
    yield Finding(what=what, mend="logged in" if server.user else "greeted")
    message_bytes = app.config.limits.message_bytes
    yield from judged(survey, what, host=server.host, message_bytes=message_bytes, clock=app.clock)


def _delivered(app: App, server: Server, address: str, what: str) -> Iterator[Finding]:
    account = Account(
        name=address,
        host=server.host,
        port=server.port or 993,
        user=server.user,
        password=read_password(server.password_file, address),
        tls=server.tls,
        ca_file=server.ca_file,
        timeout_s=server.timeout_s,
    )

    def look(client: IMAPClient) -> Iterator[Finding]:
        yield from appends(client, server.folder, what, message_bytes=app.config.limits.message_bytes)

    yield from _inside(lambda: open_session(account), what, look, mend=f"; {_CHECK}")


def _inside(
    open_: Callable[[], AbstractContextManager[IMAPClient]],
    what: str,
    look: Callable[[IMAPClient], Iterator[Finding]],
    *,
    mend: str = "",
) -> Iterator[Finding]:
    """Log in and look; what fails is a finding."""
    try:
        with open_() as client:
            found = [Finding(what=what, mend="logged in"), *look(client)]
    except WrongUse as wrong:
        found = [Finding(what=what, ok=False, mend=str(wrong))]
    except (DocketError, OSError) as wrong:
        found = [Finding(what=what, ok=False, mend=f"{wrong}{mend}")]
    yield from found


def _captured(app: App, capture: Capture, address: str) -> Iterator[Finding]:
    """Log in to an account that is captured and look for its folders, as the service does."""
    what = f"{address}: capture of {capture.account}"

    def look(client: IMAPClient) -> Iterator[Finding]:
        found, missing = find_folders(client, wanted_of(capture))
        if missing:
            yield Finding(
                what=f"{what}: folders", ok=False, mend=f"{'; '.join(missing)} (settings folders, sent)"
            )
        else:
            yield Finding(what=f"{what}: folders", mend=", ".join(found))
        yield capabilities(client, what, agents=False)

    yield from _inside(_session(app, capture, address), what, look)


def _read(app: App, imap: Imap, address: str) -> Iterator[Finding]:
    """Log in to the account that agents read through Docket."""
    what = f"{address}: agents read {imap.account}"

    def look(client: IMAPClient) -> Iterator[Finding]:
        yield capabilities(client, what, agents=True)

    yield from _inside(_session(app, imap, address), what, look)


def _session(
    app: App, account: Capture | Imap, address: str
) -> Callable[[], AbstractContextManager[IMAPClient]]:
    quick = msgspec.structs.replace(account, timeout_s=min(account.timeout_s, _TIMEOUT_S))
    return session_of(quick, address, tokens_of(account, address, app.config.secrets, app.clock))


def _sender(app: App, sender: str, relay: Server, selectors: tuple[str, ...]) -> Iterator[Finding]:
    lookup = _lookup(app)
    if lookup is None:
        yield Finding(
            what=f"{sender}: SPF, DKIM, DMARC", mend="not looked at: dns is off under [authenticity]"
        )
        return
    yield from sender_records(sender, relay.host if relay.kind == "smtp" else "", selectors, lookup)


def _lookup(app: App) -> Lookup | None:
    """Return what asks the DNS, in bounded time; None where nobody is asked."""
    resolver, until = app.resolver, time.monotonic() + 3 * _TIMEOUT_S
    return None if resolver is None else lambda name, kind: resolver.ask(name, kind, until)


def _standings(app: App) -> Iterator[Finding]:
    for one in app.standings():
        for trouble in one.troubles:
            if (
                trouble != one.error or one.state == "failing"
            ):  # a folder that is not there was looked for just now
                yield Finding(what=f"{one.mailbox}: {one.account}", ok=False, mend=trouble)

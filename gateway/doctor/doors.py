"""Where agents and strangers come in: ports, and the certificate that mail clients see there."""

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509

from gateway.app import App
from gateway.checkup.certificates import SOON_DAYS, Way, is_for, judged, names_in, served_at
from gateway.checkup.finding import Finding
from gateway.checkup.ports import answers, fault_of_listening
from gateway.clients.records import is_reachable
from gateway.door.address import split_address
from gateway.supervise import is_serving

_TIMEOUT_S = 10.0


def doors(app: App) -> Iterator[Finding]:
    yield from _certificate(app)
    serving = app.config.secrets.is_dir() and is_serving(app.config)
    for name in _names(app):
        yield _port(name, serving=serving)
    if serving:
        yield from _served(app)
    yield from _web(app)


def _own(app: App) -> x509.Certificate:
    """Return the certificate of the settings; raises OSError or ValueError where it cannot be used."""
    tls = app.config.tls
    ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(tls.certificate, tls.key)
    return x509.load_pem_x509_certificate(Path(tls.certificate).read_bytes())


def _certificate(app: App) -> Iterator[Finding]:
    tls, what = app.config.tls, "certificate for mail clients"
    if not _clients(app):
        return
    if not tls.certificate or not tls.key:
        yield Finding(what=what, ok=False, mend="submission needs one; set certificate and key under [tls]")
        return
    try:
        leaf = _own(app)
    except (OSError, ValueError) as wrong:
        yield Finding(what=what, ok=False, mend=f"{tls.certificate}: {wrong}")
        return
    days = (leaf.not_valid_after_utc - datetime.now(UTC)).days
    if days < SOON_DAYS:
        yield Finding(what=what, ok=False, mend=f"{tls.certificate} ends in {days} days; renew it")
    else:
        yield Finding(what=what, mend=f"valid for {days} days")
    host = app.config.clients.host or app.config.hostname
    if is_reachable(host) and not is_for(host, leaf):
        held = ", ".join(names_in(leaf)) or "no name"
        yield Finding(
            what=what,
            ok=False,
            mend=f"it is for {held}; mail clients are sent to {host} (clients, host; else hostname)",
        )


def _clients(app: App) -> list[tuple[str, Way]]:
    """Return where mail clients come in, and how TLS begins there."""
    listen = app.config.listen
    found: list[tuple[str, Way]] = [(one, "smtp") for one in listen.submission]
    found += [(one, "tls") for one in listen.submissions]
    if any(box.imap.host for box in app.config.mailbox):
        found += [(one, "imap") for one in listen.imap]
        found += [(one, "tls") for one in listen.imaps]
    return found


def _names(app: App) -> list[str]:
    listen = app.config.listen
    names = (*listen.smtp, *listen.lmtp, *(name for name, _ in _clients(app)), listen.web)
    return [name for name in names if name and not name.startswith("unix:")]


def _port(name: str, *, serving: bool) -> Finding:
    what = f"port {name}"
    host, port = split_address(name)
    if not port:
        return Finding(what=what, mend="any free one, which is chosen at the start")
    used = answers(host, port, _TIMEOUT_S)
    if used and not serving:
        return Finding(what=what, ok=False, mend="another program listens there; choose another port")
    if serving and not used:
        return Finding(what=what, ok=False, mend="Docket runs but does not answer there; see its log")
    if used:
        return Finding(what=what, mend="answers")
    fault = fault_of_listening(host, port)
    return Finding(what=what, ok=not fault, mend=fault or "free")


def _served(app: App) -> Iterator[Finding]:
    """Look at what the running service serves: a certificate that was renewed is taken up at its start only."""
    try:
        own = _own(app)
    except (OSError, ValueError):
        return  # said already
    for name, way in _clients(app):
        host, port = split_address(name)
        if not port:
            continue
        what = f"certificate at {name}"
        try:
            served = served_at(host.replace("0.0.0.0", "127.0.0.1"), port, way, _TIMEOUT_S)  # noqa: S104 - it means every address
        except OSError as wrong:
            yield Finding(what=what, ok=False, mend=f"no TLS there: {wrong}; see Docket's log")
        else:
            yield judged(served, own, what, datetime.now(UTC))


def _web(app: App) -> Iterator[Finding]:
    """Look at the certificate in front of the web view, which browsers and telephones see."""
    url = urlsplit(app.config.web.url)
    if url.scheme != "https" or not url.hostname:
        return
    what = f"certificate of {app.config.web.url}"
    try:
        served = served_at(url.hostname, url.port or 443, "tls", _TIMEOUT_S)
    except OSError as wrong:
        yield Finding(what=what, ok=False, mend=f"it does not answer from here: {wrong}")
        return
    if not is_for(url.hostname, served):
        yield Finding(what=what, ok=False, mend=f"it is for {', '.join(names_in(served)) or 'no name'}")
        return
    yield judged(served, None, what, datetime.now(UTC))

"""What is wrong with an installation, and how to mend it: settings, files, ports, TLS and live servers."""

import socket
import ssl
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import msgspec
from cryptography import x509

from gateway.app import App
from gateway.capture.folders import find_folders
from gateway.config import Mailbox
from gateway.door.address import split_address
from gateway.errors import DocketError, WrongUse
from gateway.inlets import session_of, tokens_of, wanted_of
from gateway.relay.imap import ImapTransport
from gateway.relay.smtp import SmtpTransport
from gateway.servers import Server
from gateway.supervise import is_at_work
from index.errors import IndexFault

_TIMEOUT_S = 10.0
_SOON_DAYS = 21


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing looked at. ``mend`` says what is wrong and what to do; it may also remark on what is well."""

    what: str
    ok: bool = True
    mend: str = ""


def examine(app: App) -> Iterator[Finding]:
    """Look at everything that can be looked at without changing anything."""
    yield from _files(app)
    yield from _parts(app)
    yield from _certificate(app)
    yield from _ports(app)
    if not app.config.mailbox:
        yield Finding(what="mailboxes", ok=False, mend="the settings name none; add a [[mailbox]]")
    for box in app.config.mailbox:
        yield from _mailbox(app, box)
        yield from _captures(app, box)
    yield from _standings(app)
    yield _alerts(app)


def _book(app: App) -> None:
    """Raise for the first file that is broken: the last good version is in force, and somebody must mend this one."""
    for one in app.shelf.broken:
        raise WrongUse(str(one))


def _store(app: App) -> None:
    app.store.check()


def _files(app: App) -> Iterator[Finding]:
    secrets = app.config.secrets
    if not secrets.is_dir():
        yield Finding(
            what=f"archive in {app.config.folder}", ok=False, mend="there is none yet; run: docket init"
        )
        return
    for path in (secrets, *sorted(secrets.iterdir())):
        if path.suffix == ".vkey":
            continue
        open_to_others = path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)
        mend = f"others may read it; run: chmod go= {path}" if open_to_others else ""
        yield Finding(what=f"{path}", ok=not open_to_others, mend=mend)


def _parts(app: App) -> Iterator[Finding]:
    for what, part in (
        ("archive", app.archive_head),
        ("store", partial(_store, app)),
        ("accounts", app.agents),
        ("search index", lambda: app.index().close()),
        ("rule book and marketplaces", partial(_book, app)),
    ):
        if not app.config.secrets.is_dir() and what != "rule book and marketplaces":
            continue
        try:
            part()
        except (DocketError, IndexFault, ValueError, OSError) as wrong:
            yield Finding(what=what, ok=False, mend=str(wrong))
        else:
            yield Finding(what=what)
            if what == "accounts" and not app.agents():
                yield Finding(
                    what="agents", ok=False, mend="nobody can log in yet; run: docket agent add NAME"
                )


def _certificate(app: App) -> Iterator[Finding]:
    tls, what = app.config.tls, "certificate for mail clients"
    if not app.config.listen.submission and not app.config.listen.submissions:
        return
    if not tls.certificate or not tls.key:
        yield Finding(what=what, ok=False, mend="submission needs one; set certificate and key under [tls]")
        return
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(tls.certificate, tls.key)
        leaf = x509.load_pem_x509_certificate(Path(tls.certificate).read_bytes())
    except (OSError, ValueError) as wrong:
        yield Finding(what=what, ok=False, mend=f"{tls.certificate}: {wrong}")
        return
    days = (leaf.not_valid_after_utc - datetime.now(UTC)).days
    if days < _SOON_DAYS:
        yield Finding(what=what, ok=False, mend=f"{tls.certificate} ends in {days} days; renew it")
    else:
        yield Finding(what=what, mend=f"valid for {days} days")


def _ports(app: App) -> Iterator[Finding]:
    listen = app.config.listen
    serving = app.config.secrets.is_dir() and is_at_work(app.config)
    for name in (*listen.smtp, *listen.lmtp, *listen.submission, *listen.submissions, listen.web):
        if not name or name.startswith("unix:"):
            continue
        host, port = split_address(name)
        used = _answers(host, port)
        if used and not serving:
            yield Finding(
                what=f"port {name}", ok=False, mend="another program listens there; choose another port"
            )
        elif serving and not used:
            yield Finding(
                what=f"port {name}", ok=False, mend="Docket runs but does not answer there; see its log"
            )
        elif used:
            yield Finding(what=f"port {name}", mend="answers")
        else:
            fault = _fault_of_listening(host, port)
            yield Finding(what=f"port {name}", ok=not fault, mend=fault or "free")


def _answers(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=_TIMEOUT_S).close()
    except OSError:
        return False
    return True


def _fault_of_listening(host: str, port: int) -> str:
    """Return why nobody can listen there, or an empty string."""
    try:
        family, kind, number, _, where = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, number) as door:
            door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            door.bind(where)
    except PermissionError:
        return "ports below 1024 are the system's: choose a higher one, or let docket have it (CAP_NET_BIND_SERVICE)"
    except OSError as wrong:
        return f"cannot be listened on: {wrong.strerror}"
    return ""


def _mailbox(app: App, box: Mailbox) -> Iterator[Finding]:
    for way, server in (("deliver", box.deliver), ("relay", box.relay)):
        what = f"{box.address}: {way} by {server.kind}"
        if server.kind == "none":
            mend = (
                "answers cannot leave; set [mailbox.relay]"
                if way == "relay"
                else "mail is kept in the archive only"
            )
            yield Finding(what=what, ok=way != "relay", mend=mend)
        elif server.kind == "mx":
            yield Finding(what=what, mend="goes to each recipient's own server")
        else:
            wrong = _wrong_with(app, server, box.address)
            yield Finding(what=f"{what} at {server.host}:{server.port}", ok=not wrong, mend=wrong)


def _captures(app: App, box: Mailbox) -> Iterator[Finding]:
    """Log in to each account that is captured and look for its folders, as the service does."""
    for one in box.capture:
        what = f"{box.address}: capture of {one.account}"
        quick = msgspec.structs.replace(one, timeout_s=min(one.timeout_s, _TIMEOUT_S))
        try:
            with session_of(
                quick, box.address, tokens_of(one, box.address, app.config.secrets, app.clock)
            )() as client:
                found, missing = find_folders(client, wanted_of(one))
        except (DocketError, OSError) as wrong:
            yield Finding(what=what, ok=False, mend=str(wrong))
            continue
        if missing:
            yield Finding(what=what, ok=False, mend=f"{'; '.join(missing)} (settings folders, sent)")
        else:
            yield Finding(what=what, mend=", ".join(found))


def _standings(app: App) -> Iterator[Finding]:
    for one in app.standings():
        for trouble in one.troubles:
            if (
                trouble != one.error or one.state == "failing"
            ):  # a folder that is not there was looked for just now
                yield Finding(what=f"{one.mailbox}: {one.account}", ok=False, mend=trouble)


def _alerts(app: App) -> Finding:
    people = ", ".join(app.config.alerts)
    return Finding(
        what="who is told of failures", mend=people or "each mailbox itself; alerts = [...] names others"
    )


def _wrong_with(app: App, server: Server, address: str) -> str:
    """Log in as the service would, by the code it uses; return what failed and what to do, or an empty string."""
    try:
        way = app.transport(
            msgspec.structs.replace(server, timeout_s=min(server.timeout_s, _TIMEOUT_S)), address
        )
    except WrongUse as wrong:
        return str(wrong)
    if not isinstance(way, SmtpTransport | ImapTransport):
        return ""
    said = way.try_out()
    return f"{said}; check host, port, tls, user and password_file" if said else ""

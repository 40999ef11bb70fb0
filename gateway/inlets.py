"""The accounts that mail is fetched from, made from the settings: one watch for each."""

import contextlib
import hashlib
import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from imapclient import IMAPClient

from gateway.capture.alarm import Tell
from gateway.capture.folders import Wanted
from gateway.capture.oauth import Client
from gateway.capture.record import Record
from gateway.capture.session import Account, open_session
from gateway.capture.standing import Board
from gateway.capture.tokens import TokenFile
from gateway.capture.watch import AccountWatch
from gateway.clock import Clock
from gateway.delivery import Post
from gateway.imap_proxy.upstream import Upstream
from gateway.receipt import Accept
from gateway.relay.imap_login import LoginRefused
from gateway.relay.notice import Letterhead, capture_notice
from gateway.relay.transport import Deferred
from gateway.servers import Capture, Imap, read_password

_MICROSOFT = "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/{what}"
log = logging.getLogger(__name__)


def session_of(
    capture: Capture | Imap, address: str, tokens: TokenFile | None
) -> Callable[[], AbstractContextManager[IMAPClient]]:
    """Return what logs in to an account. The password is read each time: a new one needs no restart."""

    @contextlib.contextmanager
    def open_() -> Iterator[IMAPClient]:
        account = Account(
            name=capture.account,
            host=capture.host,
            port=capture.port,
            user=capture.user,
            password=read_password(capture.password_file, address),
            token=tokens.access() if tokens is not None else "",
            tls=capture.tls,
            ca_file=capture.ca_file,
            timeout_s=capture.timeout_s,
        )
        try:
            with open_session(account) as client:
                yield client
        except LoginRefused:
            if tokens is not None:
                tokens.distrust()  # it may have been taken back before its time
            raise

    return open_


def upstream_of(imap: Imap, address: str, tokens: TokenFile | None) -> Upstream:
    """Return the account that the agents of the mailbox ``address`` reach, and how Docket logs in to it."""
    secret = (lambda: read_password(imap.password_file, address)) if tokens is None else tokens.access
    return Upstream(
        host=imap.host,
        port=imap.port,
        user=imap.user,
        secret=secret,
        by_token=tokens is not None,
        distrust=(lambda: None) if tokens is None else tokens.distrust,
        tls=imap.tls,
        ca_file=imap.ca_file,
        timeout_s=imap.timeout_s,
    )


def tokens_of(capture: Capture | Imap, address: str, folder: Path, clock: Clock) -> TokenFile | None:
    """Return where an account's tokens are kept; None where it has a password. ``folder`` is for secrets."""
    if not capture.oauth.client_id:
        return None
    name = hashlib.sha256(capture.account.encode()).hexdigest()[:32]
    hint = f"run: docket mailbox authorize {address}"
    return TokenFile(folder / "tokens" / f"{name}.json", client_of(capture, address), clock, hint=hint)


def client_of(capture: Capture | Imap, address: str) -> Client:
    """Return who we are to an account's provider: Microsoft, where the settings name no other."""
    told = capture.oauth
    return Client(
        auth_url=told.auth_url,
        device_url=told.device_url or _MICROSOFT.format(tenant=told.tenant, what="devicecode"),
        token_url=told.token_url or _MICROSOFT.format(tenant=told.tenant, what="token"),
        scope=told.scope,
        client_id=told.client_id,
        client_secret=read_password(told.client_secret_file, address),
    )


def wanted_of(capture: Capture) -> tuple[Wanted, ...]:
    """Return the folders that the settings name, those of received mail first."""
    return (*map(Wanted, capture.folders), *(Wanted(name, sent=True) for name in capture.sent))


def teller(post: Post, people: tuple[str, ...], *, hostname: str, clock: Clock) -> Tell:
    """Return what sends a notice to the people in charge, or to the mailbox itself where none are named."""

    def tell(subject: str, words: str) -> bool:
        to, now = people or (post.address,), clock.now()
        way = post.relay if people else post.deliver or post.relay
        if way is None:
            log.warning("capture-notice-not-sent mailbox=%s why=no-way-out", post.address)
            return True  # there is nothing to try again; the status says it
        name = f"{now:%Y%m%d%H%M%S%f}-capture"
        head = Letterhead(sender=post.sender, to=to, name=name, hostname=hostname, at=now)
        raw = capture_notice(subject, words, head)
        outcomes = way.send(raw, post.sender, to)
        return not any(isinstance(one, Deferred) for one in outcomes)

    return tell


def watch_of(
    capture: Capture,
    address: str,
    accept: Accept,
    record: Record,
    board: Board,
    *,
    clock: Clock,
    tell: Tell,
    secrets: Path,
    deliver: bool,
) -> AccountWatch:
    """Make what captures an account for the mailbox ``address``."""
    return AccountWatch(
        session_of(capture, address, tokens_of(capture, address, secrets, clock)),
        accept,
        record,
        board,
        account=capture.account,
        mailbox=address.lower(),
        wanted=wanted_of(capture),
        agent=capture.agent,
        deliver=deliver,
        clock=clock,
        poll_s=capture.poll_s,
        silence_hours=capture.silence_hours,
        tell=tell,
    )

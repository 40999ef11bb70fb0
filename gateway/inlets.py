"""The accounts that mail is fetched from, made from the settings: one watch for each."""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager

from imapclient import IMAPClient

from gateway.capture.alarm import Tell
from gateway.capture.folders import Wanted
from gateway.capture.record import Record
from gateway.capture.session import Account, open_session
from gateway.capture.standing import Board
from gateway.capture.watch import AccountWatch
from gateway.clock import Clock
from gateway.delivery import Post
from gateway.receipt import Accept
from gateway.relay.notice import capture_notice
from gateway.relay.transport import Deferred
from gateway.servers import Capture, read_password

log = logging.getLogger(__name__)


def session_of(capture: Capture, address: str) -> Callable[[], AbstractContextManager[IMAPClient]]:
    """Return what logs in to an account. The password is read each time: a new one needs no restart."""

    def open_() -> AbstractContextManager[IMAPClient]:
        return open_session(
            Account(
                name=capture.account,
                host=capture.host,
                port=capture.port,
                user=capture.user,
                password=read_password(capture.password_file, address),
                tls=capture.tls,
                ca_file=capture.ca_file,
                timeout_s=capture.timeout_s,
            )
        )

    return open_


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
        raw = capture_notice(subject, words, sender=post.sender, to=to, hostname=hostname, at=now)
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
) -> AccountWatch:
    """Make what captures an account for the mailbox ``address``."""
    return AccountWatch(
        session_of(capture, address),
        accept,
        record,
        board,
        account=capture.account,
        mailbox=address.lower(),
        wanted=wanted_of(capture),
        agent=capture.agent,
        clock=clock,
        poll_s=capture.poll_s,
        silence_hours=capture.silence_hours,
        tell=tell,
    )

"""The accounts that mail is fetched from, made from the settings: one watch for each."""

from collections.abc import Callable
from contextlib import AbstractContextManager

from imapclient import IMAPClient

from gateway.capture.folders import Wanted
from gateway.capture.record import Record
from gateway.capture.session import Account, open_session
from gateway.capture.standing import Board
from gateway.capture.watch import AccountWatch
from gateway.clock import Clock
from gateway.receipt import Accept
from gateway.servers import Capture, read_password


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


def watch_of(
    capture: Capture, address: str, accept: Accept, record: Record, board: Board, *, clock: Clock
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
    )

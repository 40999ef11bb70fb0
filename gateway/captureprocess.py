"""The process that captures IMAP accounts and keeps views on them: a thread for each, beside the listeners, so that neither delays the other.

``serve`` keeps it alive. It appends to the archive itself, as any process may; the worker finds what it took.
"""

import logging
import select
import signal
import socket
import sys
import threading
import time

from gateway.app import App
from gateway.births import collect_seldom
from gateway.capture.standing import Board
from gateway.capture.watch import AccountWatch
from gateway.errors import ArchiveBroken, DocketError
from gateway.keepers import keepers_of
from gateway.logs import set_up
from gateway.views.keeper import Keeper
from gateway.watches import watches_of
from gateway.workprocess import EXIT_BROKEN, read_orders

log = logging.getLogger("gateway.captureprocess")  # run as a program it is __main__, which nobody listens to

_LOOK_S = 0.5
_REST_S = 30.0  # after a fault of our own
_FAREWELL_S = 3.0  # for a batch that is being written; nothing is lost by not waiting


def capture(app: App, stop: threading.Event, parent: socket.socket) -> int:
    """Watch all accounts until ``stop``, or until whoever started us is gone; return the exit code."""
    board = Board(app.standings_place)
    watches = watches_of(app, board=board)
    board.keep_only({watch.standing.account for watch in watches})
    ends: list[ArchiveBroken] = []
    threads = [
        threading.Thread(target=_live, args=(watch, stop, ends), name=watch.standing.account, daemon=True)
        for watch in watches
    ]
    threads += [
        threading.Thread(target=_keep, args=(keeper, stop), name=f"views {keeper.mailbox}", daemon=True)
        for keeper in keepers_of(app)
    ]
    for thread in threads:
        thread.start()
    while not stop.is_set():
        ready, _, _ = select.select([parent], [], [], _LOOK_S)
        if ready and not parent.recv(4096):
            stop.set()
    until = time.monotonic() + _FAREWELL_S
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
    return EXIT_BROKEN if ends else 0


def _live(watch: AccountWatch, stop: threading.Event, ends: list[ArchiveBroken]) -> None:
    """Watch one account; what goes wrong with it must not end the others, but for an archive that takes nothing more."""
    while not stop.is_set():
        try:
            watch.run(stop)
        except ArchiveBroken as wrong:
            log.critical("archive-broken error=%s", wrong)
            ends.append(wrong)
            stop.set()
        except Exception:
            log.exception("capture-failed account=%s", watch.standing.account)
            stop.wait(_REST_S)


def _keep(keeper: Keeper, stop: threading.Event) -> None:
    """Keep one mailbox's views; a fault of ours in them must end nothing else."""
    while not stop.is_set():
        try:
            keeper.run(stop)
        except Exception:
            log.exception("views-failed mailbox=%s", keeper.mailbox)
            stop.wait(_REST_S)


def live(connection: socket.socket) -> int:
    """Read how to work, then capture; return the exit code."""
    orders = read_orders(connection)
    set_up(orders.config.log_format, verbose=not orders.quiet)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    collect_seldom()
    app = App(config=orders.config)
    try:
        code = capture(app, stop, connection)
    except DocketError as wrong:
        log.error("capture-ended error=%s", wrong)
        return 1
    app.archive.close()
    return code


if __name__ == "__main__":
    with socket.socket(fileno=0) as standard_input:
        sys.exit(live(standard_input))

"""The worker's own process: orders in over its connection, then a byte for every wake-up, until its end.

Started by ``serve`` and by commands that need the work done. Whoever holds the lock
is the one worker; a second one waits for nothing and ends.
"""

import contextlib
import logging
import os
import shutil
import signal
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import msgspec

from gateway.app import App
from gateway.births import collect_seldom
from gateway.config import Config
from gateway.errors import ArchiveBroken, DocketError
from gateway.lanes import Lanes
from gateway.logs import set_up
from gateway.pipeline import Gateway
from gateway.shelf import Watch
from gateway.store import fold
from gateway.worker import Locked, Worker, hold_lock

log = logging.getLogger("gateway.workprocess")  # run as a program it is __main__, which nobody listens to

EXIT_LOCKED = 3
EXIT_BROKEN = 4
_NICENESS = 10  # taking mail comes first
_SWITCH_S = 0.0003  # threads that only hand bytes on must not wait Python's 5 ms behind each that computes


class Orders(msgspec.Struct, frozen=True):
    """What a worker is told at its start."""

    config: Config
    quiet: bool = False
    nice: bool = False


def lock_of(config: Config) -> Path:
    return config.folder / "worker.lock"


def serve_lock_of(config: Config) -> Path:
    return config.folder / "serve.lock"


def lanes_of(config: Config) -> Lanes:
    """Make what bounds the senders at one server: without a smart host each domain has a server of its own."""
    spread = [box.address.lower() for box in config.mailbox if box.relay.kind == "mx"]
    return Lanes(config.work.connections, spread)


def rebuild_request(config: Config) -> Path:
    """Where a command leaves word that store and index are to be built anew."""
    return config.folder / "rebuild.request"


def cleaning_request(config: Config) -> Path:
    """Where a command leaves word that erasures are to be finished."""
    return config.folder / "clean.request"


def work(
    app: App,
    stop: threading.Event,
    wake: int | None,
    again: threading.Event | None = None,
    ready: Callable[[], object] = lambda: None,
) -> int:
    """Hold the lock and work; build the store and the index anew whenever that is asked for.

    A rule book or data file that changes, or ``again``, puts the new version in force between two messages. Only data
    files make everything begin anew, since the readers read by them; a rule book merely takes the other's place.

    ``ready`` is called each time that store and index are open. Returns how many sends are still under way in threads that
    nothing waits for.
    """
    left = 0
    request = rebuild_request(app.config)
    cleaning = cleaning_request(app.config)
    watch = app.watch()
    _tell(app)
    with hold_lock(lock_of(app.config)):
        if not request.exists() and (wrong := rolled_back(app)):
            raise ArchiveBroken(wrong)
        while not stop.is_set():
            if request.exists():
                build_anew(app)
                request.unlink()
            finish_erasures(app)
            with (
                contextlib.closing(app.gateway(reading=True)) as gateway,
                app.indexer() as indexer,
                contextlib.closing(
                    Worker(
                        gateway,
                        indexer,
                        senders=app.config.work.senders,
                        lanes=lanes_of(app.config),
                        wake=wake,
                    )
                ) as worker,
            ):
                ready()
                left += worker.run(
                    lambda: (
                        stop.is_set()
                        or request.exists()
                        or cleaning.exists()
                        or _outdated(app, gateway, watch, again)
                    ),
                    stop.is_set,
                )
            if worker.orphaned:
                break
    return left


def _outdated(app: App, gateway: Gateway, watch: Watch, again: threading.Event | None) -> bool:
    """Put in force what has changed; tell whether everything must begin anew for it."""
    asked = again is not None and again.is_set()
    if not watch.changed() and not asked:
        return False
    if again is not None:
        again.clear()
    before = app.shelf.texts
    if app.renew_shelf().texts == before:
        gateway.rule_by(app.book)
    _tell(app)
    return app.shelf.texts != before


def _tell(app: App) -> None:
    """Say what is in force, and what is broken."""
    log.info("rules-in-force rules=%d book=%s", len(app.book.ruleset.rules), app.book.ruleset.sha256)
    for one in app.shelf.broken:
        log.error("rules-broken file=%s error=%s", one.file, " ".join(str(one).split()))


def build_anew(app: App) -> None:
    """Delete the store and the index and fold every entry into them again. The caller holds the lock."""
    log.info("rebuild-start")
    app.store.clear()
    gateway = app.gateway()
    gateway.resume(to_head=True)
    gateway.close()
    app.rebuild_index()
    log.info("rebuild-done")


def rolled_back(app: App) -> str:
    """Say that the archive is an older copy than the store, where it is; "" where nothing tells so."""
    with app.store.read() as conn:
        position = fold.position(conn)
    head = app.archive.head()
    if position <= head:
        return ""
    return (
        f"the archive ends at entry {head}, and the store has seen {position}: archive.db is an older copy. Put the newer one back;"
        " where it is lost, docket rebuild goes on with the old one, without what came after it"
    )


def finish_erasures(app: App) -> None:
    """Do what is left of erasures: keys, store, index, files, certificates. The caller holds the lock.

    A store that was put back from an old copy has folded no erasure yet, and is made clean once it has.
    """
    with app.store.read() as conn:
        position = fold.position(conn)
    behind = any(by >= position for by in app.archive.seqs_of_type("erasure"))
    done = app.eraser.finish(lambda: _clean(app))
    if behind and not done:
        _clean(app)
    cleaning_request(app.config).unlink(missing_ok=True)
    for path in done:
        log.info("erasure-done certificate=%s", path)


def _clean(app: App) -> None:
    """Make store, index and files anew without what the archive says was erased."""
    gateway = app.gateway()
    gateway.resume(to_head=True)
    gateway.close()
    app.store.compact()
    app.rebuild_index()
    for pack in (app.config.folder / "packs").glob("*"):
        shutil.rmtree(pack, ignore_errors=True) if pack.is_dir() else pack.unlink(missing_ok=True)


def live(connection: socket.socket) -> int:
    """Read how to work, then work, with whatever comes behind that as wake-ups; return the exit code."""
    orders = read_orders(connection)
    set_up(orders.config.log_format, verbose=not orders.quiet)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    again = threading.Event()
    signal.signal(signal.SIGHUP, lambda *_: again.set())
    if orders.nice:
        os.nice(_NICENESS)
    sys.setswitchinterval(_SWITCH_S)
    collect_seldom()
    try:
        unfinished = work(
            App(config=orders.config),
            stop,
            wake=connection.fileno(),
            again=again,
            ready=lambda: _say(connection),
        )
    except Locked:
        return EXIT_LOCKED
    except ArchiveBroken as wrong:
        log.critical("archive-broken error=%s", wrong)
        return EXIT_BROKEN
    except DocketError as wrong:
        log.error("worker-ended error=%s", wrong)
        return 1
    if unfinished:
        logging.shutdown()
        os._exit(0)  # the interpreter would wait for the threads that talk to slow servers
    return 0


def _say(connection: socket.socket) -> None:
    """Tell whoever started us that store and index are there; nobody need listen."""
    with contextlib.suppress(OSError):
        connection.send(b".", socket.MSG_DONTWAIT)


def read_orders(connection: socket.socket) -> Orders:
    """Read what whoever started us says first."""
    return msgspec.json.decode(_read(connection, int.from_bytes(_read(connection, 8), "big")), type=Orders)


def _read(connection: socket.socket, count: int) -> bytes:
    """Read so many bytes and no more: what follows the orders are wake-ups, and must stay to be seen."""
    return connection.recv(count, socket.MSG_WAITALL)


if __name__ == "__main__":
    with socket.socket(fileno=0) as standard_input:
        sys.exit(live(standard_input))

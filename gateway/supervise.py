"""The worker process as others see it: start it, wake it, wait for it, or find that one is at work already."""

import contextlib
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from gateway.app import App
from gateway.births import start
from gateway.config import Config
from gateway.errors import Temporary, WrongUse
from gateway.store import fold
from gateway.store.faults import StoreDamaged
from gateway.worker import Locked, hold_lock
from gateway.workprocess import (
    EXIT_LOCKED,
    Orders,
    build_anew,
    cleaning_request,
    finish_erasures,
    lock_of,
    rebuild_request,
    serve_lock_of,
)

_POLL_S = 0.1
_PACE_S = 0.05
_STRIDE = 256  # messages between two looks at how far the worker is
_AHEAD = 1536  # entries that the archive may be ahead of the store while more is taken in


class WorkerProcess:
    """A running worker process, or another that takes the same orders. ``wake`` never blocks: a full connection has wake-ups enough."""

    def __init__(
        self,
        config: Config,
        *,
        quiet: bool = False,
        nice: bool = False,
        anew: bool = False,
        module: str = "gateway.workprocess",
    ) -> None:
        self._connection, theirs = socket.socketpair()
        with theirs:
            self.process = start(module, theirs, anew=anew)
        orders = msgspec.json.encode(Orders(config=config, quiet=quiet, nice=nice))
        with contextlib.suppress(OSError):  # its exit code says why it ended so soon
            self._connection.sendall(len(orders).to_bytes(8, "big") + orders)
        self._connection.setblocking(False)

    def wake(self) -> None:
        with contextlib.suppress(BlockingIOError, BrokenPipeError, ConnectionResetError):
            self._connection.send(b"!")

    def wait_ready(self) -> None:
        """Wait until it has made or found store and index, or has ended."""
        self._connection.setblocking(True)
        with contextlib.suppress(ConnectionResetError):
            self._connection.recv(1)
        self._connection.setblocking(False)

    def stop(self, timeout_s: float = 15.0) -> int:
        """Ask it to end, wait, and return its exit code; after the time-out it is killed, which loses nothing."""
        self.process.terminate()
        self.wake()  # it may be waiting for something to do
        try:
            code = self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        self._connection.close()
        return code


@dataclass(slots=True, kw_only=True)
class Beside:
    """The worker that does the work while a command runs: ours, or one that ran before, for as long as that runs."""

    app: App
    own: WorkerProcess | None
    wanted: bool
    _looked: int = 0
    _ready: bool = False

    def keep_pace(self, taken: int) -> None:
        """Wait while the worker is far behind what was ``taken`` in.

        Its decisions then lie in the log between the messages, not behind the last, so that the index follows at once
        instead of beginning when all is archived; and what is under way stays small, however much history there is.
        """
        if not self.wanted or taken < self._looked + _STRIDE:
            return
        self._looked = taken
        self._wait_ready()
        while self._behind() > _AHEAD:
            self._keep_one_at_work()
            time.sleep(_PACE_S)

    def _wait_ready(self) -> None:
        if self.own is not None and not self._ready:
            self.own.wait_ready()
            self._keep_one_at_work()
        self._ready = True

    def _behind(self) -> int:
        with self.app.store.read() as conn:
            return self.app.archive.head() - fold.position(conn)

    def catch_up(self) -> Iterator[int]:
        """Yield how many entries the store or the index still lack, until there are none."""
        if not self.wanted:
            return
        self._wait_ready()
        index = self.app.index()
        try:
            while True:
                index.refresh()
                with self.app.store.read() as conn:
                    reached = min(fold.position(conn), index.position())
                    # the store may stand at the head while messages wait for their decision
                    waiting = fold.undecided_count(conn)
                lag = self.app.archive.head() - reached
                if lag <= 0 and not waiting:
                    return
                yield lag
                self._keep_one_at_work()
                time.sleep(_POLL_S)
        finally:
            index.close()

    def _keep_one_at_work(self) -> None:
        code = None if self.own is None else self.own.process.poll()
        if code == EXIT_LOCKED:
            self.own = None  # another was faster
        elif code is not None:
            raise Temporary(f"the worker process ended with code {code}; its log says why")
        elif self.own is None and not is_at_work(self.app.config):
            self.own = WorkerProcess(self.app.config, quiet=True)


@contextlib.contextmanager
def beside_worker(app: App, *, wanted: bool) -> Iterator[Beside]:
    """Make sure that a worker is at work: the running service's, or one for as long as this command lasts."""
    own = None
    if wanted and not is_at_work(app.config):
        own = WorkerProcess(app.config, quiet=True)  # before anything is open here: it may be forked
    beside = Beside(app=app, own=own, wanted=wanted)
    try:
        yield beside
    finally:
        if beside.own is not None:
            beside.own.stop()


def bring_up(app: App) -> None:
    """Wait until the store and the index know all that the archive has: what holds and what is due rests on it."""
    with beside_worker(app, wanted=True) as worker:
        for _ in worker.catch_up():
            pass


def is_at_work(config: Config) -> bool:
    """Say whether a worker holds the lock."""
    return _is_held(lock_of(config))


def is_serving(config: Config) -> bool:
    """Say whether the service runs; an import has a worker without it."""
    return _is_held(serve_lock_of(config))


def _is_held(place: Path) -> bool:
    try:
        with hold_lock(place):
            return False
    except Locked:
        return True


def ask_rebuild(app: App) -> Iterator[int]:
    """Build store and index anew, here or by the worker that runs; yields how many entries are to go."""
    _discard_damaged(app)
    request = rebuild_request(app.config)
    request.touch()
    while request.exists():
        try:
            with hold_lock(lock_of(app.config)):
                build_anew(app)
                request.unlink(missing_ok=True)
        except Locked:
            with app.store.read() as conn:
                yield app.archive.head() - fold.position(conn)
            time.sleep(_POLL_S)


def ask_cleaning(app: App) -> Iterator[int]:
    """Finish erasures, here or by the worker that runs; yields how many are to go."""
    request = cleaning_request(app.config)
    request.touch()
    while request.exists():
        try:
            with hold_lock(lock_of(app.config)):
                finish_erasures(app)
        except Locked:
            yield len(app.eraser.unfinished())
            time.sleep(_POLL_S)


def _discard_damaged(app: App) -> None:
    """Delete a store whose file is damaged; raises WrongUse while the service has it open."""
    try:
        app.store.check()
    except StoreDamaged as wrong:
        try:
            with hold_lock(serve_lock_of(app.config)):
                app.discard_store()
        except Locked as held:
            raise WrongUse(
                f"{wrong}. docket serve has it open: stop it, run docket rebuild, start it again"
            ) from held

"""The worker process as others see it: start it, wake it, wait for it, or find that one is at work already."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from gateway.app import App
from gateway.config import Config
from gateway.errors import Temporary
from gateway.store import fold
from gateway.worker import Locked, hold_lock
from gateway.workprocess import EXIT_LOCKED, build_anew, lock_of, rebuild_request

_POLL_S = 0.1


class WorkerProcess:
    """A running worker process. ``wake`` never blocks: a full pipe has wake-ups enough."""

    def __init__(self, config: Config, *, quiet: bool = False, nice: bool = False) -> None:
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "gateway.workprocess",
                *(["--quiet"] if quiet else []),
                *(["--nice"] if nice else []),
            ],
            stdin=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            process_group=0,  # Ctrl-C is for us to answer: the worker is told when it is to end
        )
        assert self.process.stdin is not None
        self._pipe = self.process.stdin.fileno()
        text = msgspec.json.encode(config)
        with contextlib.suppress(BrokenPipeError):  # its exit code says why it ended so soon
            os.write(self._pipe, len(text).to_bytes(8, "big"))
            os.write(self._pipe, text)
        os.set_blocking(self._pipe, False)

    def wake(self) -> None:
        with contextlib.suppress(BlockingIOError, BrokenPipeError):
            os.write(self._pipe, b"!")

    def stop(self, timeout_s: float = 15.0) -> int:
        """Ask it to end, wait, and return its exit code; after the time-out it is killed, which loses nothing."""
        self.process.terminate()
        try:
            code = self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        assert self.process.stdin is not None
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        return code


@dataclass(slots=True, kw_only=True)
class Beside:
    """The worker that does the work while a command runs: ours, or one that ran before, for as long as that runs."""

    app: App
    own: WorkerProcess | None
    wanted: bool

    def catch_up(self) -> Iterator[int]:
        """Yield how many entries the store or the index still lack, until there are none."""
        if not self.wanted:
            return
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
        _ = app.store  # make the store before a second process wants it too
        app.index(writer=True).close()
        own = WorkerProcess(app.config, quiet=True)
    beside = Beside(app=app, own=own, wanted=wanted)
    try:
        yield beside
    finally:
        if beside.own is not None:
            beside.own.stop()


def is_at_work(config: Config) -> bool:
    """Say whether a worker holds the lock."""
    try:
        with hold_lock(lock_of(config)):
            return False
    except Locked:
        return True


def ask_rebuild(app: App) -> Iterator[int]:
    """Build store and index anew, here or by the worker that runs; yields how many entries are to go."""
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

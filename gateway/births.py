"""Processes of our own: forked where nothing speaks against it, since all they need is loaded there, else begun anew.

Loading takes half a second, and a command that takes one mail in has to wait for it. To fork is safe where there are no
other threads: one might hold a lock that nobody in the child would ever give back.
"""

import contextlib
import gc
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from importlib import import_module
from typing import NoReturn, Protocol

_FIRST_OPEN = 3  # the descriptor behind standard error
_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)


class Process(Protocol):
    """What we ask of a process; the words are those of ``subprocess.Popen``."""

    pid: int

    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def terminate(self) -> None: ...
    def kill(self) -> None: ...


class Forked:
    """A child that was forked."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.descriptor = os.pidfd_open(pid)  # a number could be another's by the time of a kill
        self._code: int | None = None

    def poll(self) -> int | None:
        """Return its exit code, negative for the signal that ended it, or None while it runs."""
        return self._reap(0.0)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its exit code; raises subprocess.TimeoutExpired as Popen does."""
        code = self._reap(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0.0)
        return code

    def terminate(self) -> None:
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        self._send(signal.SIGKILL)

    def _send(self, number: signal.Signals) -> None:
        if self._code is None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self.descriptor, number)

    def _reap(self, timeout: float | None) -> int | None:
        if self._code is None and select.select([self.descriptor], [], [], timeout)[0]:
            self._code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
            os.close(self.descriptor)
        return self._code


def start(module: str, connection: socket.socket, *, anew: bool = False) -> Process:
    """Begin a process that runs the ``live`` of a module with ``connection`` and nothing else that we have open.

    It is forked where that is safe, and never when ``anew``; else ``python -m module`` gets the connection as its standard
    input. Ctrl-C is for us alone to answer.
    """
    if not anew and threading.active_count() == 1:
        return fork(lambda ours: int(import_module(module).live(ours)), connection)
    return subprocess.Popen(
        [sys.executable, "-m", module],
        stdin=connection.fileno(),
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        process_group=0,
    )


def fork(live: Callable[[socket.socket], int], connection: socket.socket) -> Forked:
    """Fork a child that does nothing but ``live``; the caller must have no threads."""
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        _become(live, connection)
    return Forked(pid)


def _become(live: Callable[[socket.socket], int], connection: socket.socket) -> NoReturn:
    code = 1
    try:
        gc.freeze()  # what our parent had is not ours to tidy up
        os.setpgid(0, 0)
        if connection.fileno() != 0:
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.closerange(_FIRST_OPEN, connection.fileno())
        os.closerange(max(_FIRST_OPEN, connection.fileno() + 1), os.sysconf("SC_OPEN_MAX"))
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        code = live(connection)
    except BaseException:  # whatever it is, it must not come up where our parent was
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def collect_seldom() -> None:
    """Look for garbage seldom, and never among what is loaded by now.

    A decoded message is a few thousand small objects and no cycles; by Python's default they are looked through again and
    again, which takes a tenth of the time.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)

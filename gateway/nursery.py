"""Where readers are born: one process loads once what all of them need, and forks a ready child whenever it is asked.

A reader that died has its successor within milliseconds, and the rules are in memory once, however many read. Nothing
that strangers wrote ever comes near the nursery itself. Over a Unix socket each request is one byte with the child's end
of a socket pair, each answer one byte with a descriptor of its process.
"""

import contextlib
import gc
import os
import signal
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO

from gateway.births import Process, fork, start


@dataclass(slots=True)
class Child:
    """One forked process and the two ends of talking to it, in frames."""

    answers: IO[bytes]
    _connection: socket.socket
    _process: int | None  # its pidfd; None where it was never born

    def write(self, frame: bytes) -> None:
        """Send one frame. To a child that died nothing is sent: its answers have ended."""
        with contextlib.suppress(OSError):
            self._connection.sendall(len(frame).to_bytes(8, "big") + frame)

    def read(self) -> bytes | None:
        """Return its next frame, or None when it ended instead."""
        try:
            return read_frame(self.answers)
        except (OSError, ValueError):  # reset by its death, or closed by us
            return None

    def end(self) -> None:
        """Kill it; its nursery buries it."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._process, signal.SIGKILL)
            os.close(self._process)
            self._process = None
        self.answers.close()
        self._connection.close()


class Nursery:
    """A process that runs ``module``, which is given ``first`` and then asked for children; begun for the first of them."""

    def __init__(self, module: str, first: bytes) -> None:
        self._module = module
        self._first = first
        self._process: Process | None = None
        self._door: socket.socket | None = None
        self._asking = threading.Lock()

    def child(self) -> Child:
        """Return a new child. Where none can be had, it is one that has died already."""
        ours, theirs = socket.socketpair()
        with theirs, self._asking:
            process = self._ask(theirs)
            if process is None:  # the nursery may have died since the last one
                self.close()
                process = self._ask(theirs)
        return Child(ours.makefile("rb"), ours, process)

    def open(self) -> None:
        """Begin the process, if it has not begun, so that it loads while others do something else."""
        if self._door is not None:
            return
        self._door, theirs = socket.socketpair()
        with theirs:
            self._process = start(self._module, theirs)
        with contextlib.suppress(OSError):
            self._door.sendall(len(self._first).to_bytes(8, "big") + self._first)

    def close(self) -> None:
        """End the process. Its children end with their connections."""
        if self._door is not None and self._process is not None:
            self._door.close()
            self._process.kill()
            self._process.wait()
        self._process = self._door = None

    def _ask(self, theirs: socket.socket) -> int | None:
        self.open()
        assert self._door is not None
        try:
            socket.send_fds(self._door, [b"!"], [theirs.fileno()])
            _, descriptors, _, _ = socket.recv_fds(self._door, 1, 1)
        except OSError:
            return None
        return descriptors[0] if descriptors else None


def first_frame(door: socket.socket) -> bytes | None:
    """Return the frame that a nursery begins with; not a byte of what follows, which comes with descriptors."""
    size = int.from_bytes(door.recv(8, socket.MSG_WAITALL), "big")
    frame = door.recv(size, socket.MSG_WAITALL) if size else b""
    return frame if frame and len(frame) == size else None


def serve_births(door: socket.socket, live: Callable[[socket.socket], int]) -> None:
    """Fork a child that ``live``s with a connection of its own for each request, until whoever asks is gone."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the system buries them
    gc.freeze()  # what is loaded by now is never garbage, and a look at it would copy its pages
    while True:
        asked, descriptors, _, _ = socket.recv_fds(door, 1, 1)
        if not asked:
            return
        with socket.socket(fileno=descriptors[0]) as connection:
            born = fork(live, connection)
        socket.send_fds(door, [b"."], [born.descriptor])
        os.close(born.descriptor)


def read_frame(source: IO[bytes]) -> bytes | None:
    """Return the next frame, or None at the end, also where that was the other's death."""
    try:
        head = source.read(8)
        size = int.from_bytes(head, "big")
        frame = source.read(size) if len(head) == 8 else b""
    except ConnectionResetError:
        return None
    return frame if len(head) == 8 and len(frame) == size else None

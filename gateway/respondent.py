"""A child process that answers: a frame asked, a frame back before a deadline; and the child's own side, with its limits."""

import contextlib
import os
import resource
import select
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from gateway.births import Process, start
from gateway.nursery import read_frame


@dataclass(frozen=True, slots=True)
class Respondent:
    """The child as whoever asks it knows it. One thing at a time is asked."""

    process: Process
    connection: socket.socket

    def write(self, frame: bytes) -> None:
        with contextlib.suppress(OSError):  # a dead child shows at once as an ended answer
            self.connection.sendall(len(frame).to_bytes(8, "big") + frame)

    def answer(self, deadline: float) -> bytes | None:
        """Return its answer, or None when it ended, or does not answer in time."""
        head = self._exactly(8, deadline)
        return None if head is None else self._exactly(int.from_bytes(head, "big"), deadline)

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        self.connection.close()

    def _exactly(self, count: int, deadline: float) -> bytes | None:
        kept = bytearray()
        while len(kept) < count:
            ready, _, _ = select.select([self.connection], [], [], max(0.0, deadline - time.monotonic()))
            try:
                piece = self.connection.recv(min(count - len(kept), 1 << 20)) if ready else b""
            except OSError:
                return None
            if not piece:
                return None
            kept += piece
        return bytes(kept)


def begin(module: str) -> Respondent:
    """Start a child that runs a module, which ``respond``s."""
    ours, theirs = socket.socketpair()
    with theirs:
        return Respondent(start(module, theirs), ours)


def hush() -> None:
    """Be a child that ends when its parent says so, by closing its end, and whose libraries keep their complaints to themselves."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)


def respond(
    connection: socket.socket,
    source: IO[bytes],
    answer: Callable[[bytes], bytes],
    *,
    seconds: float,
    memory_bytes: int,
) -> int:
    """Answer each frame until nobody asks any more; what takes more memory, or much more time, ends this process."""
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # nothing that reads a file has to write one
    while (frame := read_frame(source)) is not None:
        _allow(seconds)
        said = answer(frame)
        connection.sendall(len(said).to_bytes(8, "big") + said)
    return 0


def _allow(seconds: float) -> None:
    """Let this process run so much longer: when whoever asked is gone, a file that never ends must still end it."""
    spent = resource.getrusage(resource.RUSAGE_SELF)
    most = int(spent.ru_utime + spent.ru_stime + seconds) + 2
    resource.setrlimit(resource.RLIMIT_CPU, (most, resource.RLIM_INFINITY))

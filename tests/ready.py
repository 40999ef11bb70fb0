"""The command, ready to run: each call is a process of its own, forked from one that has loaded everything.

Loading takes a second, and the tests run hundreds of commands. The process that forks runs nothing itself and has no threads.
Run as a program it takes requests from its standard input, a Unix socket: the arguments, with the descriptors of standard input,
output and error and of a pipe for the process's number and its exit code.
"""

import atexit
import contextlib
import gc
import importlib
import json
import os
import pkgutil
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
from typing import Any

_LONGEST = 64 * 1024
_kept: list[tuple[int, socket.socket, subprocess.Popen[bytes]]] = []


def run(
    arguments: list[str], *, env: dict[str, str], said: str | bytes | None, text: bool, timeout: float
) -> subprocess.CompletedProcess[Any]:
    """Run one command to its end, as ``subprocess.run`` would with ``capture_output``, in the folder ``/``."""
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        given.write(said.encode() if isinstance(said, str) else said or b"")
        given.seek(0)
        told, tell = os.pipe()
        with open(told, "rb") as told_file:
            try:
                descriptors = [given.fileno(), out.fileno(), err.fileno(), tell]
                socket.send_fds(_door(env), [json.dumps(arguments).encode()], descriptors)
            finally:
                os.close(tell)
            pid = int(told_file.readline())
            if not select.select([told_file], [], [], timeout)[0]:
                os.kill(pid, signal.SIGKILL)
                raise subprocess.TimeoutExpired(arguments, timeout)
            code = int(told_file.readline())
        texts = []
        for file in (out, err):
            file.seek(0)
            raw = file.read()
            texts.append(raw.decode() if text else raw)
    return subprocess.CompletedProcess(arguments, code, *texts)


def _door(env: dict[str, str]) -> socket.socket:
    """Return the way to the process that forks; a test process that was itself forked begins one of its own."""
    for owner, door, _ in _kept:
        if owner == os.getpid():
            return door
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        program = [sys.executable, "-m", "tests.ready"]
        process = subprocess.Popen(program, stdin=theirs, stdout=subprocess.DEVNULL, env=env, cwd="/")
    _kept.append((os.getpid(), ours, process))
    return ours


@atexit.register
def _end() -> None:
    for owner, door, process in _kept:
        if owner == os.getpid():
            door.close()
            process.wait(10)


def serve(door: socket.socket) -> list[str] | None:
    """Fork for each request. Returns the arguments in the process that is to run them, None where no more come."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the system buries the watchers
    while True:
        request, descriptors, _, _ = socket.recv_fds(door, _LONGEST, 4)
        if not request:
            return None
        if os.fork() == 0:
            door.close()
            if _is_child(descriptors):
                return list(json.loads(request))
        for one in descriptors:
            os.close(one)


def _is_child(descriptors: list[int]) -> bool:
    """Fork once more: the child is to run the command, its parent waits and tells how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    *standard, tell = descriptors
    pid = os.fork()
    if pid:
        os.write(tell, b"%d\n" % pid)
        _, status = os.waitpid(pid, 0)
        os.write(tell, b"%d\n" % os.waitstatus_to_exitcode(status))
        os._exit(0)
    os.close(tell)
    for number, one in enumerate(standard):
        os.dup2(one, number)
        os.close(one)
    for name, number, mode in (("stdin", 0, "r"), ("stdout", 1, "w"), ("stderr", 2, "w")):
        stream = open(number, mode, closefd=False, buffering=1 if number == 2 else -1)  # noqa: SIM115
        setattr(sys, name, stream)
    return True


def _load() -> None:
    import gateway.cli

    for one in pkgutil.iter_modules(gateway.cli.__path__):
        if one.name != "__main__":
            importlib.import_module(f"gateway.cli.{one.name}")
    for name in ("gateway.serve", "gateway.worker", "gateway.workprocess"):
        importlib.import_module(name)
    gc.collect()
    gc.freeze()


if __name__ == "__main__":
    _load()
    with socket.socket(fileno=os.dup(0)) as requests:
        asked = serve(requests)
    if asked is not None:
        sys.argv = ["docket", *asked]
        with contextlib.suppress(BrokenPipeError):
            runpy.run_module("gateway.cli", run_name="__main__", alter_sys=True)

"""Setting a report in a child process with limits: mail that is built to kill what draws it costs a report and nothing else."""

import contextlib
import select
import socket
import time
from collections.abc import Mapping

import msgspec

from gateway.births import start
from gateway.errors import Temporary
from gateway.report.sheet import Job, Printed, Sheet

_GRACE = 2.0  # seconds for a child to say itself that its time is over


def set_in_type(sheet: Sheet, payloads: Mapping[int, bytes], *, seconds: float, memory_bytes: int) -> Printed:
    """Return a report as PDF/A-3; raises Temporary, in words, where it cannot be made within its limits."""
    job = Job(sheet=sheet, payloads=dict(payloads), seconds=seconds, memory_bytes=memory_bytes)
    ours, theirs = socket.socketpair()
    with theirs:
        child = start("gateway.report.printer", theirs)
    deadline = time.monotonic() + seconds + _GRACE
    try:
        frame = msgspec.msgpack.encode(job)
        with contextlib.suppress(OSError):  # a dead child shows at once as an ended answer
            ours.settimeout(max(0.1, deadline - time.monotonic()))
            ours.sendall(len(frame).to_bytes(8, "big") + frame)
        answer = _answer(ours, deadline)
    finally:
        child.kill()
        child.wait()
        ours.close()
    if answer is None:
        over = time.monotonic() >= deadline - _GRACE
        why = (
            f"it takes longer than {seconds:g} s" if over else f"it needs more than {memory_bytes >> 20} MiB"
        )
        raise Temporary(
            f"the report was not made: {why}. Make an evidence pack instead (docket export), "
            f"or raise report.{'seconds' if over else 'memory_bytes'} in the settings"
        )
    if answer.wrong:
        raise Temporary(f"the report was not made: {answer.wrong}")
    return answer


def _answer(connection: socket.socket, deadline: float) -> Printed | None:
    head = _exactly(connection, 8, deadline)
    frame = None if head is None else _exactly(connection, int.from_bytes(head, "big"), deadline)
    try:
        return None if frame is None else msgspec.msgpack.decode(frame, type=Printed)
    except msgspec.DecodeError:
        return None


def _exactly(connection: socket.socket, count: int, deadline: float) -> bytes | None:
    kept = bytearray()
    while len(kept) < count:
        ready, _, _ = select.select([connection], [], [], max(0.0, deadline - time.monotonic()))
        try:
            piece = connection.recv(min(count - len(kept), 1 << 20)) if ready else b""
        except OSError:
            return None
        if not piece:
            return None
        kept += piece
    return bytes(kept)

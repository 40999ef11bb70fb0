"""The child that opens attached files: frames of files in on standard input, what they say out on standard output."""

import contextlib
import resource
import signal
import sys
from typing import BinaryIO

import msgspec

from gateway.extraction import Extract, File, Opening
from gateway.mail.attachment_kinds import has_bars, is_readable
from gateway.mail.attachment_text import Unreadable, text_of_file
from gateway.mail.barcodes import barcodes_in


def extract(file: File) -> Extract:
    """Return what a file says; what cannot be read is a defect. Never raises, but may end the process."""
    text = wrong = ""
    codes: tuple[tuple[str, str], ...] = ()
    try:
        if file.text and is_readable(file.content_type, file.filename):
            text = text_of_file(file.content, file.content_type, file.filename)
        if file.barcodes and has_bars(file.content_type):
            codes = barcodes_in(file.content)
    except Unreadable as why:
        wrong = str(why)
    except MemoryError:
        wrong = "asks for more memory than it gets"
    except Exception as why:  # whatever libraries raise for a file that is broken
        wrong = f"cannot be read ({type(why).__name__})"
    return Extract(text=text, barcodes=codes, wrong=wrong)


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent says when to end, by closing our input
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    frame = _frame(source)
    if frame is None:
        return
    opening = msgspec.msgpack.decode(frame, type=Opening)
    resource.setrlimit(resource.RLIMIT_AS, (opening.memory_bytes, opening.memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # nothing that reads a file has to write one
    while (frame := _frame(source)) is not None:
        _allow(opening.seconds)
        answer = msgspec.msgpack.encode(extract(msgspec.msgpack.decode(frame, type=File)))
        sink.write(len(answer).to_bytes(8, "big") + answer)
        sink.flush()


def _allow(seconds: float) -> None:
    """Let this process run so much longer: when whoever asked is gone, a file that never ends must still end it."""
    spent = resource.getrusage(resource.RUSAGE_SELF)
    most = int(spent.ru_utime + spent.ru_stime + seconds) + 2
    resource.setrlimit(resource.RLIMIT_CPU, (most, resource.RLIM_INFINITY))


def _frame(source: BinaryIO) -> bytes | None:
    head = source.read(8)
    return source.read(int.from_bytes(head, "big")) if len(head) == 8 else None


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        main()

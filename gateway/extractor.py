"""The child that opens attached files: frames of files in in, what they say out."""

import contextlib
import os
import resource
import signal
import socket
import sys
from pathlib import Path

import msgspec

from gateway.extraction import Extract, File, Opening
from gateway.mail.attachment_kinds import has_bars, is_readable
from gateway.mail.attachment_text import Unreadable, text_of_file
from gateway.mail.barcodes import barcodes_in
from gateway.mail.pictures import KINDS, page_drawn, redrawn
from gateway.nursery import read_frame


def extract(file: File) -> Extract:
    """Return what a file says; what cannot be read is a defect. Never raises, but may end the process."""
    text = wrong = ""
    codes: tuple[tuple[str, str], ...] = ()
    picture, pages = b"", 0
    try:
        if file.page:
            picture, pages = drawn(file.content, file.content_type, file.page)
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
    return Extract(text=text, barcodes=codes, wrong=wrong, picture=picture, pages=pages)


def drawn(content: bytes, content_type: str, page: int) -> tuple[bytes, int]:
    """Return a page of a file as a picture, and how many there are; nothing of what is neither picture nor PDF."""
    if content.startswith(b"%PDF-"):
        return page_drawn(content, page) or (b"", 0)
    picture = redrawn(content) if content_type in KINDS and page == 1 else None
    return (picture, 1) if picture else (b"", 0)


def live(connection: socket.socket) -> int:
    """Answer each frame of a file with what it says, until nobody asks any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent says when to end, by closing its end
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)  # libraries complain of broken files at length
    source = connection.makefile("rb")
    if (frame := read_frame(source)) is None:
        return 0
    opening = msgspec.msgpack.decode(frame, type=Opening)
    resource.setrlimit(resource.RLIMIT_AS, (opening.memory_bytes, opening.memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # nothing that reads a file has to write one
    while (frame := read_frame(source)) is not None:
        _allow(opening.seconds)
        answer = msgspec.msgpack.encode(extract(msgspec.msgpack.decode(frame, type=File)))
        connection.sendall(len(answer).to_bytes(8, "big") + answer)
    return 0


def _allow(seconds: float) -> None:
    """Let this process run so much longer: when whoever asked is gone, a file that never ends must still end it."""
    spent = resource.getrusage(resource.RUSAGE_SELF)
    most = int(spent.ru_utime + spent.ru_stime + seconds) + 2
    resource.setrlimit(resource.RLIMIT_CPU, (most, resource.RLIM_INFINITY))


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError), socket.socket(fileno=0) as standard_input:
        sys.exit(live(standard_input))

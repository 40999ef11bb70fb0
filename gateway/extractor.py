"""The child that opens attached files: frames of files in in, what they say out."""

import contextlib
import socket
import sys

import msgspec

from gateway.extraction import Extract, File, Opening
from gateway.mail.attachment_kinds import has_bars, is_readable
from gateway.mail.attachment_text import Unreadable, text_of_file
from gateway.mail.barcodes import barcodes_in
from gateway.mail.pictures import KINDS, page_drawn, redrawn
from gateway.nursery import read_frame
from gateway.respondent import hush, respond


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
    hush()
    source = connection.makefile("rb")
    if (frame := read_frame(source)) is None:
        return 0
    opening = msgspec.msgpack.decode(frame, type=Opening)
    return respond(connection, source, _answer, seconds=opening.seconds, memory_bytes=opening.memory_bytes)


def _answer(frame: bytes) -> bytes:
    return msgspec.msgpack.encode(extract(msgspec.msgpack.decode(frame, type=File)))


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError), socket.socket(fileno=0) as standard_input:
        sys.exit(live(standard_input))

"""The child that makes HTML harmless: frames of messages in, what may be shown of them out."""

import contextlib
import socket
import sys
from urllib.parse import unquote

import msgspec

from gateway.mail.message import ParsedMail
from gateway.mail.nesting import nests_too_deep
from gateway.mail.parse import attachments_of, parse
from gateway.respondent import hush, respond
from gateway.web.cleaning import SECONDS, Cleaned, Wanted
from gateway.web.sanitise import Picture, clean

_MEMORY = 2 * 1024**3
_PICTURES = 200  # of a message that are put in their places
_MOST_CHARS = 20_000_000  # with pictures; a browser would choke on more


def cleaned(raw: bytes, pictures: bool) -> Cleaned:
    """Return a message's HTML made harmless, where ``pictures`` says so with its own in it."""
    mail = parse(raw)
    if not mail.html:
        return Cleaned()
    if nests_too_deep(mail.html):
        return Cleaned(has_html=True, tangled=True)
    found = clean(mail.html, _pictures(raw, mail) if pictures else {})
    if len(found.html) > _MOST_CHARS:
        return Cleaned(has_html=True, tangled=True)
    return Cleaned(has_html=True, html=found.html, remote_images=found.remote_images, links=mail.links)


def _pictures(raw: bytes, mail: ParsedMail) -> dict[str, Picture]:
    """Return the files that the HTML shows, by Content-ID."""
    html = unquote(mail.html)
    named = [file for file in mail.attachments if file.content_id][:_PICTURES]
    shown = {file.part: file for file in named if f"cid:{file.content_id}" in html}
    return {
        shown[part].content_id: Picture(content_type=shown[part].content_type, data=data)
        for part, data in attachments_of(raw, frozenset(shown))
    }


def _answer(frame: bytes) -> bytes:
    wanted = msgspec.msgpack.decode(frame, type=Wanted)
    return msgspec.msgpack.encode(cleaned(wanted.raw, wanted.pictures))


def live(connection: socket.socket) -> int:
    """Answer each frame of a message with its HTML, until nobody asks any more."""
    hush()
    source = connection.makefile("rb")
    return respond(connection, source, _answer, seconds=SECONDS, memory_bytes=_MEMORY)


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError), socket.socket(fileno=0) as standard_input:
        sys.exit(live(standard_input))

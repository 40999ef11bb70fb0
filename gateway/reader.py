"""The readers' nursery, and what a reader does: frames of messages in, what they say out."""

import contextlib
import resource
import signal
import socket
import sys
from dataclasses import replace

import msgspec

from gateway.births import collect_seldom
from gateway.extraction import Extractor
from gateway.mail.parse import parse
from gateway.nursery import first_frame, read_frame, serve_births
from gateway.readers import Item, Start, Understood
from gateway.shape import facts_of, search_text_of
from index.analyzer import analyze
from rules.marketplace import Marketplaces, load_marketplaces
from rules.read import read


def understand(item: Item, marketplaces: Marketplaces, extractor: Extractor) -> Understood:
    """Return what one message says; its HTML stays behind unless it is asked for, the page that shows it reads it again."""
    mail = extractor.extend(parse(item.raw), item.raw)
    reading = read(facts_of(mail, item.envelope, outbound=item.outbound), marketplaces)
    kept = mail if item.html else replace(mail, html="")
    return Understood(mail=kept, reading=reading, analysis=analyze(search_text_of(mail)))


def live(door: socket.socket) -> int:
    """Load the rules and then bear readers, until nobody asks for one any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent says when to end, by closing its end
    if (frame := first_frame(door)) is not None:
        begun = msgspec.msgpack.decode(frame, type=Start)
        marketplaces = load_marketplaces(begun.marketplaces)
        serve_births(door, lambda connection: _read_on(connection, begun, marketplaces))
    return 0


def _read_on(connection: socket.socket, begun: Start, marketplaces: Marketplaces) -> int:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_AS, (begun.memory_bytes, begun.memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    collect_seldom()
    extractor = Extractor(begun.opening)
    source = connection.makefile("rb")
    while (frame := read_frame(source)) is not None:
        items = msgspec.msgpack.decode(frame, type=list[Item])
        answer = msgspec.msgpack.encode([understand(item, marketplaces, extractor) for item in items])
        with contextlib.suppress(
            BrokenPipeError
        ):  # nobody waits for it any more, and the next frame is the end
            connection.sendall(len(answer).to_bytes(8, "big") + answer)
    return 0


if __name__ == "__main__":
    with socket.socket(fileno=0) as standard_input:
        sys.exit(live(standard_input))

"""One child of the reader pool: frames of messages in on standard input, what they say out on standard output."""

import contextlib
import resource
import signal
import sys
from dataclasses import replace
from typing import BinaryIO

import msgspec

from gateway.extraction import Extractor
from gateway.mail.parse import parse
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


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent says when to end, by closing our input
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    frame = _frame(source)
    if frame is None:
        return
    start = msgspec.msgpack.decode(frame, type=Start)
    resource.setrlimit(resource.RLIMIT_AS, (start.memory_bytes, start.memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    marketplaces = load_marketplaces(start.marketplaces)
    extractor = Extractor(start.opening)
    while (frame := _frame(source)) is not None:
        items = msgspec.msgpack.decode(frame, type=list[Item])
        answer = msgspec.msgpack.encode([understand(item, marketplaces, extractor) for item in items])
        sink.write(len(answer).to_bytes(8, "big") + answer)
        sink.flush()


def _frame(source: BinaryIO) -> bytes | None:
    head = source.read(8)
    return source.read(int.from_bytes(head, "big")) if len(head) == 8 else None


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        main()

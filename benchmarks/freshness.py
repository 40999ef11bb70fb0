"""How soon mail is found: ``docket serve`` is fed at a steady rate, and each message is searched for until it is there.

``python -m benchmarks.freshness --rate 100 --seconds 30``. The clock of a message starts when its 250 arrives and ends when
a search in another process, on a refreshed index, finds it. Each has a word of its own and about 2 KB of others.
"""

import argparse
import random
import smtplib
import statistics
import tempfile
import threading
import time
from collections import deque
from pathlib import Path

from benchmarks.accept import TO, docket
from benchmarks.corpus import Corpus
from index.query import parse_query
from index.registry import open_index

SESSIONS = 4
LOOK_S = 0.005


class Feed:
    """Messages sent at a rate from a few sessions; ``waiting`` holds each accepted one's word and the time of its 250."""

    def __init__(self, port: int, rate: float, seconds: float) -> None:
        self.waiting: deque[tuple[str, float]] = deque()
        self.late = 0
        self._bodies = [document.text for document in Corpus().documents(200)]
        self._begin = time.monotonic() + 0.5
        self._threads = [
            threading.Thread(target=self._send, args=(port, rate / SESSIONS, seconds, session))
            for session in range(SESSIONS)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def at_work(self) -> bool:
        return any(thread.is_alive() for thread in self._threads)

    def _send(self, port: int, rate: float, seconds: float, session: int) -> None:
        rng = random.Random(session)
        with smtplib.SMTP("127.0.0.1", port, timeout=60) as client:
            for number in range(int(rate * seconds)):
                due = self._begin + (number + session / SESSIONS) / rate
                if (left := due - time.monotonic()) > 0:
                    time.sleep(left)
                elif left < -1.0:
                    self.late += 1
                word = f"fresh{session}x{number}"
                raw = f"Subject: {word}\r\nFrom: Buyer <b{number}@shop.example>\r\nTo: {TO}\r\n"
                raw += f"Message-ID: <{word}@shop.example>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
                raw += rng.choice(self._bodies).replace("\n", "\r\n") + "\r\n"
                client.sendmail("buyer@shop.example", [TO], raw.encode(), ["BODY=8BITMIME"])
                self.waiting.append((word, time.monotonic()))


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--rate", type=float, default=100.0, help="messages a second")
    asked.add_argument("--seconds", type=float, default=30.0)
    args = asked.parse_args()
    with tempfile.TemporaryDirectory() as name, docket(Path(name) / "docket") as port:
        index = open_index("tantivy", Path(name) / "docket" / "index", writer=False)
        feed = Feed(port, args.rate, args.seconds)
        feed.start()
        taken: list[float] = []
        while feed.at_work() or feed.waiting:
            index.refresh()
            for _ in range(len(feed.waiting)):
                word, accepted = feed.waiting.popleft()
                if index.search(parse_query(f"subject:{word}"), limit=1).total:
                    taken.append((time.monotonic() - accepted) * 1000)
                else:
                    feed.waiting.append((word, accepted))
            time.sleep(LOOK_S)
        index.close()
    cuts = statistics.quantiles(taken, n=100)
    print(
        f"{len(taken)} messages at {args.rate:.0f}/s ({feed.late} sent over a second late): found after "
        f"p50 {cuts[49]:.0f} ms, p95 {cuts[94]:.0f} ms, p99 {cuts[98]:.0f} ms, longest {max(taken):.0f} ms"
    )


if __name__ == "__main__":
    main()

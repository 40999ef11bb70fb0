"""Mail from the wire in to the wire out: Docket's courier against Postfix's smtp client, to the same sink, in the same run.

``python -m benchmarks.courier --count 2000 --pairs 5``. Postfix's ``smtp-source`` hands the same number of messages in over eight connections, and the clock
stops when ``smtp-sink`` has had the last of them. Docket archives, seals, decides, stamps, indexes and records each outcome on that way; Postfix queues and
forwards. A second figure is the delay that Docket adds to a message that comes alone. Needs root and Postfix.
"""

import argparse
import contextlib
import os
import re
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from tests.installation import MAILBOX, Installation, free_ports
from tests.postfix import postfix

_COUNT = re.compile(rb"mesg=(\d+)")
_PATIENCE_S = 600.0


class Sink:
    """Postfix's own sink: takes mail and forgets it; knows how many it has had."""

    def __init__(self, port: int) -> None:
        program = ["/usr/sbin/smtp-sink", "-c", "-u", "nobody", f"127.0.0.1:{port}", "200"]
        self.count, self._more = 0, threading.Condition()
        self._process = subprocess.Popen(program, stdout=subprocess.PIPE)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        while data := os.read(self._process.stdout.fileno(), 65536):
            if found := _COUNT.findall(data):
                with self._more:
                    self.count = int(found[-1])
                    self._more.notify_all()

    def wait(self, count: int) -> None:
        with self._more:
            if not self._more.wait_for(lambda: self.count >= count, _PATIENCE_S):
                raise TimeoutError(f"{self.count} of {count} arrived")

    def close(self) -> None:
        self._process.terminate()
        self._process.wait()


@contextlib.contextmanager
def docket_to(port: int) -> Iterator[int]:
    """Run an installation whose agents' mail goes to a port; return the port that it takes mail at."""
    with tempfile.TemporaryDirectory(prefix="docket-courier-") as folder:
        way = f'kind = "smtp"\nhost = "127.0.0.1"\nport = {port}\ntls = "none"'
        place = Installation(Path(folder) / "data").create(
            deliver=way, more="[limits]\nconnections_per_peer = 64\n"
        )
        place.start()
        try:
            yield place.ports["smtp"]
        finally:
            place.stop()


def send(port: int, count: int, sessions: int = 8) -> None:
    """Hand in so many messages of 4 KiB as other servers do."""
    program = ["/usr/sbin/smtp-source", "-s", str(sessions), "-m", str(count), "-l", "4096"]
    to = ["-f", "buyer@x.example", "-t", MAILBOX, f"127.0.0.1:{port}"]
    subprocess.run([*program, *to], check=True, stdout=subprocess.DEVNULL)


def through(port: int, sink: Sink, count: int) -> float:
    """Return how many messages a second came out at the other end."""
    begun, before = time.perf_counter(), sink.count
    send(port, count)
    sink.wait(before + count)
    return count / (time.perf_counter() - begun)


def alone(port: int, sink: Sink, times: int) -> list[float]:
    """Return how many milliseconds single messages took."""
    found = []
    for _ in range(times):
        begun, before = time.perf_counter(), sink.count
        send(port, 1, sessions=1)
        sink.wait(before + 1)
        found.append(1000 * (time.perf_counter() - begun))
    return sorted(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--alone", type=int, default=60)
    asked = parser.parse_args()
    ports = list(free_ports().values())
    relaying = {"relayhost": f"[127.0.0.1]:{ports[0]}", "smtpd_recipient_restrictions": "permit_mynetworks"}
    with contextlib.ExitStack() as stack:
        sink = Sink(ports[0])
        stack.callback(sink.close)
        peer = stack.enter_context(postfix(ports[1], more=relaying))
        ways = {"docket": stack.enter_context(docket_to(ports[0])), "postfix": peer.port}
        for way in ways.values():
            through(way, sink, 100)
        rates: dict[str, list[float]] = {name: [] for name in ways}
        for number in range(asked.pairs):
            for name in sorted(ways, reverse=bool(number % 2)):
                rates[name].append(through(ways[name], sink, asked.count))
        for name, found in rates.items():
            print(f"{name:8} {statistics.median(found):7.0f} /s  ({min(found):.0f}-{max(found):.0f})")
        shares = [a / b for a, b in zip(rates["docket"], rates["postfix"], strict=True)]
        print(f"docket/postfix {statistics.median(shares):.2f} ({min(shares):.2f}-{max(shares):.2f})")
        for name, way in ways.items():
            found = alone(way, sink, asked.alone)
            print(
                f"{name:8} alone: {statistics.median(found):.0f} ms, p95 {found[int(0.95 * len(found))]:.0f} ms"
            )


if __name__ == "__main__":
    main()

"""Reading through the agents' port against the same Dovecot directly, in the same run.

``python -m benchmarks.reading --count 20000 --pairs 10 --idle 200``. Each pair fetches every message of a folder whole, once each way
and every second pair the other way round, by a client that costs nothing and by imaplib; then FLAGS of all, a login, and a change that is recorded before it is answered, many times. Last so
many clients log in, select and idle, and the port's process is weighed. The port runs in a process of its own, as ``serve`` does. Needs Dovecot.
"""

import argparse
import contextlib
import imaplib
import multiprocessing
import os
import socket
import statistics
import tempfile
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

from benchmarks.fetching import PASSWORD, USER, fill
from gateway.demo.dovecot import Dovecot
from gateway.imap_proxy.upstream import Upstream
from tests.agents_port import AGENT, agents_port


class Roomy(Dovecot):
    """A Dovecot that lets one user hold many connections."""

    def _prepare(self, program: str) -> None:
        super()._prepare(program)
        with (self.folder / "dovecot.conf").open("a") as settings:
            settings.write("mail_max_userip_connections = 5000\n")


class Client:
    """A client that costs next to nothing itself."""

    def __init__(self, address: tuple[str, int], user: str, password: str) -> None:
        self.socket = socket.create_connection(address)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.recv(4096)
        self.ask(f'LOGIN "{user}" "{password}"')

    def ask(self, command: str) -> int:
        """Send a command and read its answer to the end; return how many bytes that had."""
        self.socket.sendall(f"bench {command}\r\n".encode())
        size, tail = 0, b""
        while b"\r\nbench " not in tail[-400:] and not tail.startswith(b"bench "):
            data = self.socket.recv(1 << 18)
            if not data:
                raise ConnectionError(command)
            size, tail = size + len(data), (tail + data)[-4096:]
        if b"bench OK" not in tail:
            raise ConnectionError(f"{command}: {tail[-200:]!r}")
        return size

    def close(self) -> None:
        self.socket.close()


def serve(pipe: Connection, place: Path, host: str, port: int) -> None:
    """Run the port until the other side says so; tell where it is and, when asked, how large this process is."""
    way = Upstream(host=host, port=port, user=USER, secret=lambda: PASSWORD, tls="none")
    with agents_port(place, way, connections=10_000, connections_per_peer=10_000) as running:
        _, word = running.accounts.make_app_password(AGENT, "benchmark")
        pipe.send((running.clear, word))
        while pipe.recv() == "weigh":
            pages = int(Path("/proc/self/statm").read_text().split()[1])
            pipe.send(pages * os.sysconf("SC_PAGE_SIZE"))


def seconds(what: Callable[[], object]) -> float:
    begin = time.perf_counter()
    what()
    return time.perf_counter() - begin


def compare(name: str, direct: list[float], through: list[float], unit: float = 1.0) -> None:
    """Print both medians, and the share of the direct rate that is reached, pair by pair."""
    shares = sorted(one / other for one, other in zip(direct, through, strict=True))
    print(
        f"{name:<28} direct {statistics.median(direct) * unit:9.3f}   through {statistics.median(through) * unit:9.3f}"
        f"   share {statistics.median(shares):.2f} ({shares[0]:.2f}-{shares[-1]:.2f}, {len(shares)} pairs)",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--pairs", type=int, default=6)
    parser.add_argument("--idle", type=int, default=200)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="docket-bench-") as folder:
        place = Path(folder)
        place.chmod(0o755)
        ports = []
        for _ in range(2):
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                ports.append(probe.getsockname()[1])
        server = Roomy(place / "dovecot", {USER: PASSWORD}, imap_port=ports[0], lmtp_port=ports[1])
        server.folder.mkdir()
        server.start()
        ours, theirs = multiprocessing.get_context("spawn").Pipe()
        (place / "port").mkdir()
        process = multiprocessing.get_context("spawn").Process(
            target=serve, args=(theirs, place / "port", server.host, server.imap_port)
        )
        process.start()
        try:
            count = fill(server, place / "none", asked.count)
            address, word = ours.recv()
            ways = (((server.host, server.imap_port), USER, PASSWORD), (address, AGENT, word))
            print(f"{count} messages, {asked.pairs} pairs")
            _measure(ways, asked.pairs)
            before = _weigh(ours)
            with contextlib.ExitStack() as stack:
                for _ in range(asked.idle):
                    one = Client(*ways[1])
                    stack.callback(one.close)
                    one.ask("SELECT INBOX")
                    one.socket.sendall(b"i IDLE\r\n")
                    one.socket.recv(100)
                print(
                    f"{asked.idle} idle clients: {_weigh(ours) / 2**20:.0f} MiB, {before / 2**20:.0f} MiB before"
                )
        finally:
            ours.send("stop")
            process.join(30)
            server.stop()


def _measure(ways: tuple[tuple[tuple[str, int], str, str], ...], pairs: int) -> None:
    clients = [Client(*way) for way in ways]
    readers = [imaplib.IMAP4(*way[0]) for way in ways]
    for reader, (_, user, password) in zip(readers, ways, strict=True):
        reader.login(user, password)
        reader.select("INBOX")
    for one in clients:
        one.ask("SELECT INBOX")
        one.ask("UID FETCH 1:* (BODY.PEEK[])")  # the first pays for reading the files
    times: dict[str, tuple[list[float], list[float]]] = {}
    for number in range(pairs):
        for place in (0, 1) if number % 2 == 0 else (1, 0):
            one = clients[place]
            for name, what in (
                ("all bodies, s", lambda one=one: one.ask("UID FETCH 1:* (FLAGS BODY.PEEK[])")),
                (
                    "all bodies, imaplib, s",
                    lambda whole=readers[place]: whole.uid("FETCH", "1:*", "(FLAGS BODY.PEEK[])"),
                ),
                ("all flags, s", lambda one=one: one.ask("UID FETCH 1:* (FLAGS)")),
                ("NOOP x 500, s", lambda one=one: [one.ask("NOOP") for _ in range(500)]),
                (
                    "STORE x 100, s",
                    lambda one=one: [one.ask(f"UID STORE {uid} +FLAGS (a)") for uid in range(1, 101)],
                ),
                ("login x 20, s", lambda place=place: [Client(*ways[place]).close() for _ in range(20)]),
            ):
                times.setdefault(name, ([], []))[place].append(seconds(what))
    for name, (direct, through) in times.items():
        compare(name, direct, through)
    for one in (*clients, *readers):
        one.close() if isinstance(one, Client) else one.logout()


def _weigh(pipe: Connection) -> int:
    pipe.send("weigh")
    size: int = pipe.recv()
    return size


if __name__ == "__main__":
    main()

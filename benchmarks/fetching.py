"""Fetching a mailbox: ``docket mailbox fetch`` against getmail6, fetchmail and mbsync, from one Dovecot in the same run.

``python -m benchmarks.fetching --count 20000 --rounds 3``. All begin with nothing and read the same folder, one after the other in
every round; every second round runs the other way round. Starting the program is on the clock, making its settings is not.
The peers write Maildir (fetchmail: one BSMTP file, since it starts a program for each message else). Docket archives: compressed,
encrypted, sealed, signed, synced; ``docket`` is that alone (``--no-index``), ``docket+index`` also reads, decides and indexes.
Each must have every message at the end. Needs Dovecot; peers that are absent are left out and named.
"""

import argparse
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from imapclient import IMAPClient

from benchmarks.importing import QUIET, REAL
from gateway.demo.dovecot import Dovecot, find_dovecot

USER, PASSWORD, BOX = "shop", "benchmark", "support@brand.example"
_BATCH = 100
Program = Callable[[Path, Dovecot], Iterator[int]]


def fill(server: Dovecot, mail: Path, count: int) -> int:
    """Put so many messages into INBOX: the mail in a folder, again and again with another word, or made-up mail."""
    files = (
        sorted(path for path in mail.rglob("*") if path.is_file() and path.name != "cmds")
        if mail.is_dir()
        else []
    )
    with IMAPClient(server.host, server.imap_port, ssl=False) as client:
        client.socket().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.login(USER, PASSWORD)
        for first in range(0, count, _BATCH):
            numbers = range(first, min(first + _BATCH, count))
            client.multiappend("INBOX", [_message(files, number) for number in numbers])
        return int(client.folder_status("INBOX", ["MESSAGES"])[b"MESSAGES"])


def _message(files: list[Path], number: int) -> bytes:
    if files:
        raw = files[number % len(files)].read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        return raw.replace(b"\0", b"") + b"\r\nnumber %d\r\n" % number
    words = b"Where is my parcel? It should have been here on Monday.\r\n" * 60
    return b"From: b%d@shop.example\r\nSubject: Order 302-%07d-1234567\r\n\r\n%s" % (
        number,
        number % 10**7,
        words,
    )


def docket(place: Path, server: Dovecot, *more: str) -> Iterator[int]:
    command = [sys.executable, "-m", "gateway.cli", "--data", str(place / "data")]
    subprocess.run([*command, "init", "--yes", "--address", BOX], **QUIET)
    (place / "password").write_text(PASSWORD)
    settings = place / "data" / "config.toml"
    block = f"""[[mailbox.capture]]
host = "{server.host}"
port = {server.imap_port}
user = "{USER}"
tls = "none"
password_file = "{place / "password"}"

[mailbox.relay]"""
    settings.write_text(settings.read_text().replace("[mailbox.relay]", block, 1))
    yield 0
    done = subprocess.run(
        [*command, "mailbox", "fetch", *more, "--json", BOX], capture_output=True, check=True
    )
    told = json.loads(done.stdout.splitlines()[0])
    yield told["archived"] + told["existing"]


def docket_archive(place: Path, server: Dovecot) -> Iterator[int]:
    return docket(place, server, "--no-index")


def getmail(place: Path, server: Dovecot) -> Iterator[int]:
    box = _maildir(place / "box")
    who = "nobody" if os.geteuid() == 0 else ""  # it refuses to deliver as root
    if who:
        for folder in (box, *box.iterdir()):
            shutil.chown(folder, who)
    (place / "getmailrc").write_text(
        f"[retriever]\ntype = SimpleIMAPRetriever\nserver = {server.host}\nport = {server.imap_port}\n"
        f"username = {USER}\npassword = {PASSWORD}\nmailboxes = ('INBOX',)\n"
        f"[destination]\ntype = Maildir\npath = {box}/\n{f'user = {who}' if who else ''}\n"
        "[options]\nread_all = true\ndelete = false\nverbose = 0\ndelivered_to = false\nreceived = false\n"
    )
    yield 0
    subprocess.run(["getmail", f"--getmaildir={place}", "--rcfile=getmailrc"], **QUIET)
    yield _count(box)


def mbsync(place: Path, server: Dovecot) -> Iterator[int]:
    box = _maildir(place / "box")
    settings = place / "mbsyncrc"
    settings.write_text(
        f"IMAPAccount a\nHost {server.host}\nPort {server.imap_port}\nUser {USER}\nPass {PASSWORD}\nSSLType None\n\n"
        f"IMAPStore far\nAccount a\n\nMaildirStore near\nPath {place}/\nInbox {box}\n\n"
        f"Channel c\nFar :far:\nNear :near:\nPatterns INBOX\nSync Pull\nCreate Near\nSyncState {place}/state\n"
    )
    yield 0
    subprocess.run(["mbsync", "-q", "-c", str(settings), "c"], **QUIET)
    yield _count(box)


def fetchmail(place: Path, server: Dovecot) -> Iterator[int]:
    settings, out = place / "fetchmailrc", place / "out.bsmtp"
    settings.write_text(
        f'poll {server.host} service {server.imap_port} protocol IMAP username "{USER}" password "{PASSWORD}"'
        f' is root here fetchall keep no rewrite sslproto "" bsmtp "{out}"\n'
    )
    settings.chmod(0o600)
    yield 0
    ids = ["-i", str(place / "ids"), "--pidfile", str(place / "pid")]
    subprocess.run(["fetchmail", "-s", "-f", str(settings), *ids], **QUIET)
    with out.open("rb") as lines:
        yield sum(line.startswith(b"MAIL FROM:") for line in lines)


def _maildir(box: Path) -> Path:
    for folder in ("cur", "new", "tmp"):
        (box / folder).mkdir(parents=True)
    return box


def _count(box: Path) -> int:
    return sum(1 for folder in ("cur", "new") for _ in (box / folder).iterdir())


PROGRAMS: dict[str, tuple[str, Program]] = {
    "docket": (sys.executable, docket_archive),
    "docket+index": (sys.executable, docket),
    "getmail6": ("getmail", getmail),
    "fetchmail": ("fetchmail", fetchmail),
    "mbsync": ("mbsync", mbsync),
}


def timed(program: Program, place: Path, server: Dovecot, count: int) -> float:
    """Return how long a program took from where it said that it is ready; fails where it has not every message."""
    place.mkdir()
    steps = program(place, server)
    next(steps)
    began = time.perf_counter()
    had = next(steps)
    took = time.perf_counter() - began
    shutil.rmtree(place)
    if had != count:
        raise SystemExit(f"{place.name} has {had} of {count} messages")
    return took


def _ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as other:
        for probe in (one, other):
            probe.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--mail", type=Path, default=REAL)
    asked.add_argument("--count", type=int, default=20_000)
    asked.add_argument("--rounds", type=int, default=3)
    asked.add_argument("--only", nargs="*", choices=PROGRAMS)
    args = asked.parse_args()
    if find_dovecot() is None:
        print("left out: no Dovecot is installed (package dovecot-imapd)")
        return
    programs = {name: one for name, (binary, one) in PROGRAMS.items() if shutil.which(binary)}
    if absent := PROGRAMS.keys() - programs:
        print(f"left out, not installed: {', '.join(sorted(absent))}")
    if args.only:
        programs = {name: programs[name] for name in args.only}
    rates: dict[str, list[float]] = {name: [] for name in programs}
    with tempfile.TemporaryDirectory(prefix="bench-") as root:
        imap, lmtp = _ports()
        server = Dovecot(Path(root) / "d", {USER: PASSWORD}, imap_port=imap, lmtp_port=lmtp)
        server.folder.mkdir()
        Path(root).chmod(0o755)  # Dovecot's own users must be able to enter
        server.start()
        try:
            count = fill(server, args.mail, args.count)
            for number in range(args.rounds):
                for name in list(programs) if number % 2 else reversed(programs):
                    took = timed(programs[name], Path(root) / f"{name}-{number}", server, count)
                    rates[name].append(count / took)
                    print(f"  {name:12} {rates[name][-1]:8.0f} messages/s", flush=True)
        finally:
            server.stop()
    first = next(iter(programs))
    for name in programs:
        ratios = sorted(a / b for a, b in zip(rates[first], rates[name], strict=True))
        print(
            f"{count} messages: {name} {statistics.median(rates[name]):.0f}/s, {first}/{name} median "
            f"{statistics.median(ratios):.2f} (from {ratios[0]:.2f} to {ratios[-1]:.2f}, {len(ratios)} rounds)"
        )


if __name__ == "__main__":
    main()

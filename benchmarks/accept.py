"""Durable SMTP accept: ``docket serve`` against Postfix accepting to its own queue, pair by pair on the same disk.

``python -m benchmarks.accept --sessions 16 --bytes 7168 --pairs 10``. The load is Postfix's own ``smtp-source``. Postfix
holds its queue (``defer_transports``), so that neither side is charged for delivery; both answer only after a sync.
Needs the postfix package and root (Postfix's master wants it).
"""

import argparse
import contextlib
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

SMTP_SOURCE = shutil.which("smtp-source", path="/usr/sbin:/usr/bin:" + os.environ["PATH"])
POSTFIX = shutil.which("postfix", path="/usr/sbin:/usr/bin:" + os.environ["PATH"])
TO = "support@brand.example"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int, seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise SystemExit(f"nothing answers on port {port}")


@contextlib.contextmanager
def postfix(place: Path) -> Iterator[int]:
    """A private Postfix that takes any mail for the support address and holds it in its queue."""
    port = free_port()
    config, queue, data = place / "etc", place / "queue", place / "data"
    for folder in (config, queue, data):
        folder.mkdir(parents=True)
    shutil.chown(data, "postfix", "postfix")
    (config / "main.cf").write_text(
        f"compatibility_level = 3.6\nqueue_directory = {queue}\ndata_directory = {data}\n"
        "command_directory = /usr/sbin\ndaemon_directory = /usr/lib/postfix/sbin\nmail_owner = postfix\n"
        "setgid_group = postdrop\ninet_interfaces = 127.0.0.1\ninet_protocols = ipv4\nmyhostname = bench.example\n"
        "mydestination =\nrelay_domains = brand.example\nrelay_transport = smtp:[127.0.0.1]:9\n"
        "relay_recipient_maps =\nlocal_recipient_maps =\ndefer_transports = smtp relay local virtual\n"
        "mynetworks = 127.0.0.0/8\nmaillog_file =\nsyslog_name = docketbench\nalias_maps =\n"
        "smtpd_peername_lookup = no\nmeta_directory = /etc/postfix\nshlib_directory = /usr/lib/postfix\n"
    )
    services = (Path("/usr/share/postfix/master.cf.dist")).read_text().splitlines()
    lines = [line for line in services if not line.startswith(("smtp      inet", "#"))]
    lines = [line.replace(" y ", " n ") if not line.startswith(" ") else line for line in lines]
    (config / "master.cf").write_text(f"127.0.0.1:{port} inet n - n - - smtpd\n" + "\n".join(lines) + "\n")
    run = {"check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run([POSTFIX, "-c", config, "start"], **run)
    try:
        wait_for(port)
        yield port
    finally:
        subprocess.run(
            [POSTFIX, "-c", config, "stop"], check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )


@contextlib.contextmanager
def docket(place: Path) -> Iterator[int]:
    """``docket serve`` as it is shipped, with one mailbox that keeps its mail in the archive."""
    port, command = free_port(), [sys.executable, "-m", "gateway.cli", "--data", str(place)]
    subprocess.run([*command, "init", "--yes", "--address", TO], check=True, stdout=subprocess.DEVNULL)
    settings = place / "config.toml"
    listen = f'\n[authenticity]\ndns = "off"\n[listen]\nsmtp = ["127.0.0.1:{port}"]\nsubmission = []\nsubmissions = []\nweb = "127.0.0.1:{free_port()}"\n'
    settings.write_text(settings.read_text() + listen)
    log = (place / "log").open("wb")
    process = subprocess.Popen([*command, "serve"], stdout=log, stderr=log)
    try:
        wait_for(port)
        yield port
    finally:
        process.send_signal(signal.SIGKILL if os.environ.get("BENCH_KILL") else signal.SIGTERM)
        process.wait(120)


def load(port: int, *, sessions: int, messages: int, size: int, reuse: bool) -> float:
    """Send and return messages a second."""
    command = [
        SMTP_SOURCE,
        "-s",
        str(sessions),
        "-m",
        str(messages),
        "-l",
        str(size),
        "-f",
        "buyer@example.org",
    ]
    command += ["-t", TO, *(["-d"] if reuse else []), f"inet:127.0.0.1:{port}"]
    began = time.perf_counter()
    subprocess.run(command, check=True)
    return messages / (time.perf_counter() - began)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--sessions", type=int, default=16)
    asked.add_argument("--messages", type=int, default=3000)
    asked.add_argument("--bytes", type=int, default=7168)
    asked.add_argument("--pairs", type=int, default=10)
    asked.add_argument("--one-each", action="store_true", help="one message a connection")
    asked.add_argument("--place", type=Path, default=None, help="where both keep their files")
    args = asked.parse_args()
    if SMTP_SOURCE is None or POSTFIX is None:
        raise SystemExit("this benchmark needs the postfix package")
    kind = {
        "sessions": args.sessions,
        "messages": args.messages,
        "size": args.bytes,
        "reuse": not args.one_each,
    }
    with tempfile.TemporaryDirectory(dir=args.place) as name:
        place = Path(name)
        place.chmod(0o755)
        with postfix(place / "postfix") as theirs, docket(place / "docket") as ours:
            for port in (theirs, ours):
                load(port, **{**kind, "messages": 500})
            pairs = []
            for number in range(args.pairs):
                order = (ours, theirs) if number % 2 else (theirs, ours)
                rates = {port: load(port, **kind) for port in order}
                pairs.append((rates[ours], rates[theirs]))
                print(f"  docket {rates[ours]:8.0f}/s   postfix {rates[theirs]:8.0f}/s", flush=True)
    ratios = sorted(mine / other for mine, other in pairs)
    print(
        f"{args.sessions} sessions, {args.bytes} bytes, {'one a connection' if args.one_each else 'connections reused'}: "
        f"docket {statistics.median(m for m, _ in pairs):.0f}/s, postfix {statistics.median(o for _, o in pairs):.0f}/s, "
        f"ratio median {statistics.median(ratios):.2f} (from {ratios[0]:.2f} to {ratios[-1]:.2f}, {len(ratios)} pairs)"
    )


if __name__ == "__main__":
    main()

"""The long run on real mail: every acknowledged message compared with the bytes that were sent, then bytes are changed.

``python -m benchmarks.soak --messages 1000 --mail DIR``. What goes over the wire is each file with its line ends made
CRLF; the client keeps that, as it is after dot-unstuffing, before it sends it, and every acknowledged message is compared
with what ``docket show SEQ --raw`` writes: the same call in this process, and the command itself with ``cmp`` for some.
"""

import argparse
import random
import re
import smtplib
import subprocess
import tempfile
import time
from collections import Counter
from pathlib import Path

from benchmarks.flips import flip_columns, flip_files, stand_still
from tests.installation import MAILBOX, Installation

_BY_COMMAND = 40  # of the messages, how many the command itself shows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=1000)
    parser.add_argument("--mail", type=Path, required=True, help="A folder of mail files.")
    parser.add_argument("--flips", type=int, default=400, help="Bytes to change in the files, one at a time.")
    parser.add_argument("--each", type=int, default=20, help="Bytes to change in each column that is kept.")
    asked = parser.parse_args()
    files = sorted(path for path in asked.mail.rglob("*") if path.is_file())
    random.Random(20261123).shuffle(files)
    with tempfile.TemporaryDirectory(prefix="docket-soak-") as folder:
        place = Installation(Path(folder) / "data").create()
        place.start()
        journal = Path(folder) / "journal"
        journal.mkdir()
        began = time.monotonic()
        refused = send_all(place, files[: asked.messages], journal)
        sent_s = time.monotonic() - began
        status = place.settled(seconds=600)
        settled_s = time.monotonic() - began
        differing = compare_all(place, journal)
        report = place.is_clean()
        stopped = place.stop()
        undone = status["store"]["undecided"]
        acknowledged = len(list(journal.iterdir()))
        print(f"{acknowledged} acknowledged in {sent_s:.1f} s, {sum(refused.values())} refused")
        for reply, count in refused.items():
            print(f"  {count} refused: {reply}")
        print(f"all decided and indexed after {settled_s:.1f} s; {undone} undecided; exit code {stopped}")
        print(f"{len(differing)} differ from what was sent {differing[:5]}")
        print(f"verify: {report['size']} entries, clean", flush=True)
        stand_still(place.data)
        missed = flip_columns(place.data, asked.each)
        missed += flip_files(place.data, asked.flips)
        for what in missed:
            print(f"  MISSED: {what}")
    return 1 if differing or missed or undone or stopped or not acknowledged else 0


def send_all(place: Installation, files: list[Path], journal: Path) -> Counter[str]:
    """Send each file by smtplib; write down what is sent, and keep it by its entry number when it is acknowledged."""
    refused: Counter[str] = Counter()
    with smtplib.SMTP("127.0.0.1", place.ports["smtp"], timeout=60) as client:
        client.ehlo("soak.example")
        for file in files:
            raw = re.sub(rb"\r\n|\r|\n", b"\r\n", file.read_bytes())
            raw += b"" if raw.endswith(b"\r\n") else b"\r\n"
            pending = journal.with_name("pending")
            pending.write_bytes(raw)
            client.mail("buyer@shop.example", ["BODY=8BITMIME"])
            client.rcpt(MAILBOX)
            client.docmd("DATA")
            client.sock.sendall(re.sub(rb"(?m)^\.", b"..", raw) + b".\r\n")
            code, reply = client.getreply()
            if code == 250:
                pending.rename(journal / reply.split()[-1].decode())
            else:
                refused[f"{code} {reply.decode()}"] += 1
    return refused


def compare_all(place: Installation, journal: Path) -> list[str]:
    """Return the entries whose bytes, as they are shown, are not what the client sent."""
    every = sorted(journal.iterdir(), key=lambda sent: int(sent.name))
    with place.archive() as archive:
        differing = [
            sent.name for sent in every if archive.entry(int(sent.name)).payload != sent.read_bytes()
        ]
    for sent in every[:: max(1, len(every) // _BY_COMMAND)]:
        shown = place.run("show", sent.name, "--raw", text=False)
        if subprocess.run(["cmp", "-s", sent, "-"], input=shown.stdout, check=False).returncode:
            differing.append(f"{sent.name} by the command")
    return differing


if __name__ == "__main__":
    raise SystemExit(main())

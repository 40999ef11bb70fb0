"""The long run on real mail: every acknowledged message compared with the bytes that were sent, then bytes are flipped.

``python -m benchmarks.soak --messages 1000 --mail DIR``. What goes over the wire is each file with its line ends made
CRLF; the client keeps that, after dot-unstuffing, and ``cmp`` compares it with ``docket show SEQ --raw``.
"""

import argparse
import json
import os
import random
import re
import shutil
import smtplib
import sqlite3
import subprocess
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.installation import MAILBOX, Installation, docket


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=1000)
    parser.add_argument("--mail", type=Path, required=True, help="A folder of mail files.")
    parser.add_argument("--flips", type=int, default=50, help="Bytes to change, one at a time, in copies.")
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
        print(
            f"{len(list(journal.iterdir()))} acknowledged in {sent_s:.1f} s, {sum(refused.values())} refused"
        )
        for reply, count in refused.items():
            print(f"  {count} refused: {reply}")
        print(f"all decided and indexed after {settled_s:.1f} s; {undone} undecided; exit code {stopped}")
        print(f"{len(differing)} differ from what was sent {differing[:5]}")
        print(f"verify: {report['size']} entries, clean")
        missed = flip(place, asked.flips, Path(folder) / "flipped")
    return 1 if differing or missed or undone or stopped else 0


def send_all(place: Installation, files: list[Path], journal: Path) -> Counter[str]:
    """Send each file by smtplib; write down what is acknowledged, by its entry number."""
    refused: Counter[str] = Counter()
    with smtplib.SMTP("127.0.0.1", place.ports["smtp"], timeout=60) as client:
        client.ehlo("soak.example")
        for file in files:
            raw = re.sub(rb"\r\n|\r|\n", b"\r\n", file.read_bytes())
            raw += b"" if raw.endswith(b"\r\n") else b"\r\n"
            client.mail("buyer@shop.example", ["BODY=8BITMIME"])
            client.rcpt(MAILBOX)
            client.docmd("DATA")
            client.sock.sendall(re.sub(rb"(?m)^\.", b"..", raw) + b".\r\n")
            code, reply = client.getreply()
            if code == 250:
                (journal / reply.split()[-1].decode()).write_bytes(raw)
            else:
                refused[f"{code} {reply.decode()}"] += 1
    return refused


def compare_all(place: Installation, journal: Path) -> list[str]:
    """Return the entries whose bytes, as the command shows them, are not what the client sent."""

    def differs(sent: Path) -> bool:
        shown = place.run("show", sent.name, "--raw", text=False)
        return subprocess.run(["cmp", "-s", sent, "-"], input=shown.stdout, check=False).returncode != 0

    every = sorted(journal.iterdir())
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return [sent.name for sent, is_other in zip(every, pool.map(differs, every), strict=True) if is_other]


def flip(place: Installation, count: int, copy: Path) -> int:
    """Change one byte in a copy, verify it, and again; return how many ended in a traceback."""
    for name in ("archive", "keys"):
        with sqlite3.connect(place.data / f"{name}.db") as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        database.close()
    shutil.copytree(place.data, copy, ignore=shutil.ignore_patterns("*.sock"))
    rng = random.Random(7)
    told: Counter[str] = Counter()
    for _ in range(count):
        name = rng.choice(["archive.db", "keys.db"])
        whole = (place.data / name).read_bytes()
        at = rng.randrange(len(whole))
        (copy / name).write_bytes(whole[:at] + bytes([whole[at] ^ (1 << rng.randrange(8))]) + whole[at + 1 :])
        done = docket("--config", place.data / "config.toml", "--data", copy, "verify", "--json")
        (copy / name).write_bytes(whole)
        if "Traceback" in done.stderr or done.returncode not in {0, 1, 2}:
            told["traceback"] += 1
        elif done.returncode:
            bad = json.loads(done.stdout)["bad"] if done.stdout else []
            named = any(each["seq"] is not None for each in bad)
            told["found, entry named" if named else "found, file damage"] += 1
        else:
            told["not found: free space, or a value that means the same"] += 1
    print(f"{count} bytes flipped: {dict(told)}")
    return told["traceback"]


if __name__ == "__main__":
    raise SystemExit(main())

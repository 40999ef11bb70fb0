"""The log at a million entries: how fast it grows, what a proof costs, how long it takes to verify all of it, and in how much memory.

``python -m benchmarks.entries --entries 1000000``. Entries are notes of 600 bytes, each encrypted, sealed and synced with 255 others,
as a busy service's groups are. Each tenth is timed: what costs more with a longer log shows there.
"""

import argparse
import random
import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path

from gateway.archive.archive import Archive, create_archive
from gateway.archive.verify import verify_archive
from gateway.clock import SystemClock
from gateway.mail.canonical import canonical
from gateway.mail.entry import Draft

_GROUP = 256
_PROOFS = 1000


def notes(start: int, rng: random.Random) -> list[Draft]:
    return [
        Draft(
            type="note",
            payload=canonical({"agent": "anna", "of": number, "text": rng.randbytes(250).hex()}),
            meta={"source": "web"},
        )
        for number in range(start, start + _GROUP)
    ]


def grow(archive: Archive, count: int) -> None:
    """Append entries and say how long each tenth took."""
    rng, tenth = random.Random(7), max(count // 10, _GROUP)
    began, told = time.perf_counter(), 0
    while (head := archive.head()) < count:
        archive.append_many(notes(head, rng))
        if head + _GROUP - told >= tenth:
            spent = time.perf_counter() - began
            print(f"{head + _GROUP:>9} entries: {(head + _GROUP - told) / spent:,.0f} a second", flush=True)
            began, told = time.perf_counter(), head + _GROUP


def prove(archive: Archive) -> None:
    """Say what a proof of one entry costs, as the custody page makes it, and one that the log only grew."""
    rng, head = random.Random(8), archive.head()
    for name, ask in (
        ("inclusion", lambda: archive.proof(rng.randrange(head))),
        ("consistency", lambda: archive.consistency(rng.randrange(1, head), head)),
    ):
        spent = []
        for _ in range(_PROOFS):
            began = time.perf_counter()
            ask()
            spent.append((time.perf_counter() - began) * 1000)
        spent.sort()
        print(f"{name} proof: {statistics.median(spent):.2f} ms, p95 {spent[int(_PROOFS * 0.95)]:.2f} ms")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=1_000_000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="docket-entries-") as folder:
        place = Path(folder)
        urls = f"sqlite:///{place}/archive.db", f"sqlite:///{place}/keys.db"
        create_archive(*urls, place / "secrets", "docket/bench.example", SystemClock())
        archive = Archive(*urls, place / "secrets", clock=SystemClock())
        grow(archive, asked.entries)
        prove(archive)
        archive.close()
        sizes = {path.name: path.stat().st_size for path in sorted(place.glob("*.db*"))}
        print("files: " + ", ".join(f"{name} {size / 1e6:,.0f} MB" for name, size in sizes.items()))
        began = time.perf_counter()
        report = verify_archive(*urls, place / "secrets")
        spent = time.perf_counter() - began
        print(f"verify: {spent:,.0f} s, {report.size / spent:,.0f} entries a second, {len(report.bad)} bad")
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"peak memory of all of it: {peak:,.0f} MiB")
    return 0 if report.ok else 1


if __name__ == "__main__":
    sys.exit(main())

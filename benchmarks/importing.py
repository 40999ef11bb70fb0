"""Import: ``docket import`` (read, archive, seal, parse, decide, store, index) against notmuch and mu on the same mail.

``python -m benchmarks.importing --mail FOLDER --pairs 5``. All three start from nothing and read the same Maildir, one after
the other in every round; every second round runs the other way round. What is made once in a place's life (``docket init``,
``mu init``) is not on the clock; starting the program is. notmuch and mu read and index; they keep no copy, no log and no
signature. Needs the packages notmuch and maildir-utils.
"""

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

REAL = Path(__file__).resolve().parents[2] / "shared" / "data" / "mail"
_MESSAGE_ID = re.compile(rb"^(message-id:\s*<)", re.IGNORECASE | re.MULTILINE)
QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "check": True}


def maildir(place: Path, mail: Path, limit: int, times: int = 1) -> int:
    """Make a Maildir of the mail in a folder, the whole of it ``times``: copies differ in their Message-ID and one word."""
    for folder in ("cur", "new", "tmp"):
        (place / folder).mkdir(parents=True)
    files = sorted(path for path in mail.rglob("*") if path.is_file() and path.name != "cmds")
    for time_ in range(times):
        for number, path in enumerate(files[:limit] if limit else files):
            raw = path.read_bytes()
            if time_:
                raw = _MESSAGE_ID.sub(rb"\g<1>copy%d." % time_, raw, count=1) + b"\ncopy%dof%d\n" % (
                    time_,
                    number,
                )
            (place / "cur" / f"{time_:03d}{number:07d}.bench:2,S").write_bytes(raw)
    return len(list((place / "cur").iterdir()))


def docket(place: Path, mail: Path) -> Iterator[None]:
    command = [sys.executable, "-m", "gateway.cli", "--data", str(place / "docket")]
    subprocess.run([*command, "init", "--yes"], **QUIET)
    yield
    subprocess.run([*command, "import", str(mail)], **QUIET)


def notmuch(place: Path, mail: Path) -> Iterator[None]:
    config = place / "notmuch.conf"
    config.write_text(
        f"[database]\npath={mail.parent}\n[user]\nname=b\nprimary_email=b@example.org\n[new]\ntags=new\n"
    )
    shutil.rmtree(mail.parent / ".notmuch", ignore_errors=True)
    yield
    subprocess.run(
        ["notmuch", "--config", str(config), "new"], **QUIET, env={**os.environ, "HOME": str(place)}
    )


def mu(place: Path, mail: Path) -> Iterator[None]:
    home = place / "mu"
    subprocess.run(["mu", "init", f"--muhome={home}", f"--maildir={mail.parent}"], **QUIET)
    yield
    subprocess.run(["mu", "index", f"--muhome={home}"], **QUIET)


def timed(program: Callable[[Path, Path], Iterator[None]], place: Path, mail: Path) -> float:
    """Return how long a program took from where it said that it is ready to its end."""
    place.mkdir()
    steps = program(place, mail)
    next(steps)
    began = time.perf_counter()
    next(steps, None)
    took = time.perf_counter() - began
    shutil.rmtree(place)
    return took


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--mail", type=Path, default=REAL)
    asked.add_argument("--pairs", type=int, default=5)
    asked.add_argument("--limit", type=int, default=0, help="so many messages at most")
    asked.add_argument(
        "--times", type=int, default=1, help="the same mail so many times, each a copy of its own"
    )
    args = asked.parse_args()
    if not args.mail.is_dir():
        raise SystemExit(f"no mail in {args.mail}; name a folder with --mail")
    programs = {"docket": docket}
    programs |= {name: each for name, each in (("notmuch", notmuch), ("mu", mu)) if shutil.which(name)}
    rates: dict[str, list[float]] = {name: [] for name in programs}
    with tempfile.TemporaryDirectory() as root:
        mail = Path(root) / "mail" / "box"
        count = maildir(mail, args.mail, args.limit, args.times)
        for number in range(args.pairs):
            for name in list(programs) if number % 2 else reversed(programs):
                took = timed(programs[name], Path(root) / f"{name}-{number}", mail)
                rates[name].append(count / took)
                print(f"  {name:8} {rates[name][-1]:8.0f} messages/s", flush=True)
    for name in programs:
        ratios = sorted(a / b for a, b in zip(rates["docket"], rates[name], strict=True))
        print(
            f"{count} messages: {name} {statistics.median(rates[name]):.0f}/s, docket/{name} median "
            f"{statistics.median(ratios):.2f} (from {ratios[0]:.2f} to {ratios[-1]:.2f}, {len(ratios)} pairs)"
        )


if __name__ == "__main__":
    main()

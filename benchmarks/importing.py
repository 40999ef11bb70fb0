"""Import: ``docket import`` (read, archive, seal, parse, decide, store, index) against notmuch and mu on the same mail.

``python -m benchmarks.importing --mail FOLDER --pairs 3``. All three start from nothing and read the same Maildir.
notmuch and mu read and index; they keep no copy, no log and no signature. Needs the packages notmuch and maildir-utils.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REAL = Path(__file__).resolve().parents[2] / "shared" / "data" / "mail"
QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "check": True}


def maildir(place: Path, mail: Path, limit: int) -> int:
    for folder in ("cur", "new", "tmp"):
        (place / folder).mkdir(parents=True)
    files = sorted(path for path in mail.rglob("*") if path.is_file() and path.name != "cmds")
    for number, path in enumerate(files[:limit] if limit else files):
        shutil.copyfile(path, place / "cur" / f"{number:07d}.bench:2,S")
    return len(list((place / "cur").iterdir()))


def docket(place: Path, mail: Path) -> None:
    command = [sys.executable, "-m", "gateway.cli", "--data", str(place / "docket")]
    subprocess.run([*command, "init", "--yes"], **QUIET)
    subprocess.run([*command, "import", str(mail)], **QUIET)


def notmuch(place: Path, mail: Path) -> None:
    config = place / "notmuch.conf"
    config.write_text(
        f"[database]\npath={mail.parent}\n[user]\nname=b\nprimary_email=b@example.org\n[new]\ntags=new\n"
    )
    shutil.rmtree(mail.parent / ".notmuch", ignore_errors=True)
    subprocess.run(
        ["notmuch", "--config", str(config), "new"], **QUIET, env={**os.environ, "HOME": str(place)}
    )


def mu(place: Path, mail: Path) -> None:
    home = place / "mu"
    subprocess.run(["mu", "init", f"--muhome={home}", f"--maildir={mail.parent}"], **QUIET)
    subprocess.run(["mu", "index", f"--muhome={home}"], **QUIET)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--mail", type=Path, default=REAL)
    asked.add_argument("--pairs", type=int, default=3)
    asked.add_argument("--limit", type=int, default=0, help="so many messages at most")
    args = asked.parse_args()
    if not args.mail.is_dir():
        raise SystemExit(f"no mail in {args.mail}; name a folder with --mail")
    programs = {"docket": docket}
    programs |= {name: each for name, each in (("notmuch", notmuch), ("mu", mu)) if shutil.which(name)}
    rates: dict[str, list[float]] = {name: [] for name in programs}
    with tempfile.TemporaryDirectory() as root:
        mail = Path(root) / "mail" / "box"
        count = maildir(mail, args.mail, args.limit)
        for number in range(args.pairs):
            for name, program in programs.items() if number % 2 else reversed(programs.items()):
                place = Path(root) / f"{name}-{number}"
                place.mkdir()
                began = time.perf_counter()
                program(place, mail)
                rates[name].append(count / (time.perf_counter() - began))
                print(f"  {name:8} {rates[name][-1]:8.0f} messages/s", flush=True)
                shutil.rmtree(place)
    for name in programs:
        ratio = statistics.median(a / b for a, b in zip(rates["docket"], rates[name], strict=True))
        print(f"{count} messages: {name} {statistics.median(rates[name]):.0f}/s, docket/{name} {ratio:.2f}")


if __name__ == "__main__":
    main()

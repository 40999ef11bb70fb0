"""Evidence packs to test with, and the hands of a forger: whatever is changed, all manifests can be made to fit again."""

import base64
import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.archive.archive import Archive
from gateway.evidence.contents import Asked
from gateway.evidence.pack import Exporter, Report
from gateway.evidence.selection import QUIET, Request, select_messages, select_order
from rules.facts import OrderRef
from tests.small_house import ORDER, House

REF = OrderRef(marketplace="amazon", value=ORDER)
VERIFIER = Path(__file__).resolve().parents[1] / "gateway" / "evidence" / "verify.py"
TAGS = ("README.txt", "bag-info.txt", "bagit.txt", "manifest-sha256.txt", "verify.py", "viewer.html")


def export(
    house: House,
    place: Path,
    *,
    ref: OrderRef | None = REF,
    withhold=(),
    exporter: Exporter | None = None,
    draw=None,
    **asked: Any,
) -> Report:
    """Export an order, or with ``ref`` None every message of the house."""
    request = Request(order=ref, query="" if ref else "*", withhold=tuple(withhold))
    exporter = exporter or Exporter(house.archive, house.store, house.clock)

    def choose():
        with house.store.read() as conn:
            if ref is not None:
                return select_order(conn, request, ref, house.archive.tail_of(QUIET))
            every = [entry.seq for entry in house.archive.entries(0, None, {"mail.in", "mail.out"})]
            return select_messages(conn, request, every, house.archive.tail_of(QUIET))

    return exporter.export(
        request, choose, place, Asked(**{"agent": "anna", "reason": "claim", **asked}), draw=draw
    )


def verify(
    place: Path, *arguments: object, script: Path = VERIFIER, python: str = sys.executable
) -> tuple[int, list[str]]:
    """Run the verifier as a stranger does: no environment, nothing but the standard library."""
    done = subprocess.run(
        ["/usr/bin/env", "-i", python, "-I", script, place, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        cwd="/",
    )
    assert not done.stderr, done.stderr
    return done.returncode, done.stdout.splitlines()


def pythons() -> list[str]:
    """Return every Python from 3.8 on that can be started here, the tests' own first."""
    folders = [Path("/usr/bin"), Path("/usr/local/bin"), *Path.home().glob(".pyenv/versions/*/bin")]
    found = [folder / f"python3.{minor}" for folder in folders for minor in range(8, 20)]
    return [sys.executable, *(str(path) for path in found if path.exists())]


def findings(lines: list[str]) -> dict[str, str]:
    """Return what is said of each item that failed."""
    return dict(line[5:].split(": ", 1) for line in lines if line.startswith("FAIL "))


@dataclass
class Forger:
    """One copy of a pack, and what can be done to it."""

    path: Path
    archive: Archive

    def read(self, name: str) -> bytes:
        return (self.path / name).read_bytes()

    def write(self, name: str, data: bytes) -> None:
        place = self.path / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)

    def edit(self, name: str, change: Callable[[bytes], bytes]) -> None:
        before = self.read(name)
        after = change(before)
        assert after != before
        self.write(name, after)

    def swap(self, one: str, other: str) -> None:
        first, second = self.read(one), self.read(other)
        self.write(one, second)
        self.write(other, first)

    def lines(self, name: str, change: Callable[[list[dict[str, Any]]], Any]) -> None:
        """Change a file of JSON lines and write it canonically again."""
        values = [json.loads(line) for line in self.read(name).splitlines()]
        values = change(values) or values
        self.write(name, b"".join(canonical(value) for value in values))

    def line(self, number: int, name: str = "data/entries.jsonl", **fields: Any) -> None:
        self.lines(name, lambda values: values[number].update(fields))

    def leaf(self, number: int, **fields: Any) -> None:
        """Change what the leaf of one line says."""

        def change(values: list[dict[str, Any]]) -> None:
            leaf = json.loads(values[number]["leaf"]) | fields
            values[number]["leaf"] = canonical(leaf)[:-1].decode()

        self.lines("data/entries.jsonl", change)

    def json(self, name: str, change: Callable[[Any], Any]) -> None:
        value = json.loads(self.read(name))
        change(value)
        self.write(name, canonical(value))

    def seal(self) -> None:
        """Make all manifests fit what lies there now."""
        names = [str(path.relative_to(self.path)) for path in self.path.rglob("*") if path.is_file()]
        for manifest, wanted in (
            ("manifest-sha256.txt", [name for name in names if name.startswith("data/")]),
            ("tagmanifest-sha256.txt", [name for name in names if not name.startswith("data/")]),
        ):
            hashes = {name: hashlib.sha256(self.read(name)).hexdigest() for name in wanted}
            hashes.pop("tagmanifest-sha256.txt", None)
            self.write(manifest, b"".join(f"{hashes[name]}  {name}\n".encode() for name in sorted(hashes)))

    def sign(self, text: str, signer: Any = None) -> None:
        """Write a checkpoint that says ``text``, signed by the log's own key or another."""
        signer = signer or self.archive._secrets.signer
        self.write("log/checkpoint.txt", signer.sign(text).encode())

    def copy(self, place: Path) -> "Forger":
        shutil.copytree(self.path, place, symlinks=True)
        return Forger(place, self.archive)


def canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode() + b"\n"


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()

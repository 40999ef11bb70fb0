"""What stands in a pack beside the entries' own files: the tables, the statement, what people read, and the hashes of it all."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from string import Template

from gateway import __version__
from gateway.evidence.bag import BAGIT, MANIFEST, bag_info, json_line, write_lines, write_manifest
from gateway.evidence.completeness import Lack, Tally, statement
from gateway.evidence.journal import Journal
from gateway.evidence.selection import Selection
from gateway.evidence.sheet import CUSTODY_COLUMNS, LOAD_COLUMNS, csv_line
from gateway.evidence.viewer import viewer_lines
from gateway.mail.visible import visible

TEXTS = 1000  # messages whose texts the viewer shows; more would make a page that no browser opens
_BOM = b"\xef\xbb\xbf"  # a spreadsheet takes the table for UTF-8 then


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Who wants a pack, and why."""

    agent: str
    reason: str = ""
    source: str = "command"


def write_contents(
    journal: Journal,
    selection: Selection,
    asked: Asked,
    origin: str,
    made_at: datetime,
    rollback: tuple[str, ...] = (),
) -> tuple[Tally, dict[str, str]]:
    """Write tables, manifest and what people read; return what was counted, and the hashes that the log shall record."""
    hashes, total = dict[str, str](), 0
    tally = Tally()
    for _, piece in journal.pieces():
        hashes.update(piece.files)
        total += piece.size_bytes
        if piece.line is None:
            tally.unreadable.append(Lack(piece.seq, "; ".join(piece.faults)))
            continue
        if "withheld" in piece.line:
            tally.withheld.append(Lack(piece.seq, piece.line["withheld"]))
        else:
            tally.opened += 1
        tally.attachments += sum(path.startswith("data/attachments/") for path in piece.files)
        tally.faults += [Lack(piece.seq, fault) for fault in piece.faults]
    said = statement(selection, tally, rollback)
    (journal.bag / "data").mkdir(exist_ok=True)
    for name, lines in _tables(journal, said):
        hashes[f"data/{name}"], size = write_lines(journal.bag / "data" / name, lines)
        total += size
    about = {
        "title": selection.request.title,
        "made_at": made_at.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "agent": asked.agent,
        "reason": " ".join(asked.reason.split()),
    }
    tags = {MANIFEST: write_manifest(journal.bag, MANIFEST, hashes)}
    for name, lines in (
        *_for_people(about, f"{total}.{len(hashes)}"),
        (
            "viewer.html",
            viewer_lines(
                journal,
                **about,
                origin=origin,
                tally=tally,
                says=said["says"],
                messages=selection.messages,
                with_text=selection.messages <= TEXTS,
            ),
        ),
    ):
        tags[name], _ = write_lines(journal.bag / name, lines)
    return tally, tags


def _for_people(about: Mapping[str, str], oxum: str) -> Iterator[tuple[str, Iterator[bytes]]]:
    ours = files("gateway.evidence")
    info = {
        "Bag-Software-Agent": f"Docket {__version__}",
        "Bagging-Date": about["made_at"][:10],
        "External-Identifier": about["title"],
        "Payload-Oxum": oxum,
    }
    reason = f"\nreason: {about['reason']}" if about["reason"] else ""
    readme = Template((ours / "readme.txt").read_text("utf-8")).substitute({**about, "reason": reason})
    yield "bagit.txt", iter([BAGIT])
    yield "bag-info.txt", iter([bag_info(info)])
    yield "README.txt", iter([visible(readme).encode("utf-8", "replace")])
    yield "verify.py", iter([(ours / "verify.py").read_bytes()])


def _tables(journal: Journal, said: Mapping[str, object]) -> Iterator[tuple[str, Iterator[bytes]]]:
    def entries() -> Iterator[bytes]:
        return (json_line(piece.line) for _, piece in journal.pieces() if piece.line is not None)

    def custody() -> Iterator[bytes]:
        yield _BOM + csv_line(CUSTODY_COLUMNS)
        yield from (csv_line(piece.custody) for _, piece in journal.pieces() if piece.custody)

    def load() -> Iterator[bytes]:
        yield _BOM + csv_line(LOAD_COLUMNS)
        yield from (csv_line(row) for _, piece in journal.pieces() for row in piece.load)

    yield "entries.jsonl", entries()
    yield "custody.csv", custody()
    yield "loadfile.csv", load()
    yield "completeness.json", iter([json.dumps(said, indent=1, sort_keys=True).encode() + b"\n"])

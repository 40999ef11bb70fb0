"""What can be said of a roll-back: whether one would be seen, and what people have stated of those that were."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import msgspec

from gateway.archive.archive import Archive

UNSEEN = (
    "No head of the log is kept outside the data folder and no witness keeps a checkpoint: "
    "whether the whole folder was put back from an older copy cannot be detected."
)
HEAD = "The log's last signed head is kept outside the data folder: an older copy of the folder would be refused."
WITNESSED = "Checkpoints of the log are kept by witnesses: docket witness check shows whether the log still contains them."


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """A person's statement that entries from ``found`` up to ``lost`` are not in the log any more."""

    seq: int
    at: datetime
    agent: str
    reason: str
    found: int
    lost: int


class _Size(msgspec.Struct, frozen=True):
    size: int


class _Gap(msgspec.Struct, frozen=True):
    found: _Size
    lost: _Size
    reason: str
    agent: str = ""


def statements(archive: Archive) -> Iterator[Stated]:
    """Yield what people have stated of lost entries; gaps in capture are another thing."""
    for entry in archive.entries_of_type("gap"):
        try:
            told = msgspec.json.decode(entry.payload, type=_Gap)
        except msgspec.DecodeError:
            continue
        yield Stated(
            seq=entry.seq,
            at=entry.at,
            agent=told.agent,
            reason=told.reason,
            found=told.found.size,
            lost=told.lost.size,
        )


def contradiction(archive: Archive) -> str:
    """Say how the log contradicts its head that is kept outside; empty where it does not, or none is kept."""
    note = archive.outside.last() if archive.outside is not None else None
    compared = archive.compare(note) if note is not None else None
    return "" if compared is None or compared.ok else f"by the head kept outside, {compared.what}"


def seen_by(archive: Archive, *, witnesses: bool) -> tuple[str, ...]:
    """Say in sentences what would show a roll-back of the whole data folder."""
    head = archive.outside is not None and archive.outside.last() is not None
    return (HEAD,) * head + (WITNESSED,) * witnesses or (UNSEEN,)

"""What was handed out: packs, reports, lists, answers, audits and access folders; which entries were in each, also where its own record is erased."""

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from gateway.archive.archive import Archive
from gateway.archive.destruction import Gone
from gateway.mail.uid_sets import Ranges, compact
from gateway.store.payloads import read_payload
from rules.facts import OrderRef

_TYPES = ("export", "answer", "access")  # the entries that say so


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """One thing that left the house. ``holds`` is None where nothing that can be read says which entries were in it."""

    seq: int  # of the entry that says so
    agent: str
    contents: str | None  # which entries were in it, as it is recorded
    words: str = ""  # that people typed: what it was searched for, and why
    order: OrderRef | None = None
    is_erased: bool = False

    @property
    def holds(self) -> Ranges | None:
        """Read anew each time, so that what stays in memory is no more than the record."""
        return None if self.contents is None else Ranges.read(self.contents)


class _About(msgspec.Struct, frozen=True):
    order: OrderRef | None = None


class _Told(msgspec.Struct, frozen=True):
    agent: str = ""
    holds: str | None = None
    entries: tuple[int, ...] | int = 0  # an answer names those that show what it says; others count theirs
    query: str = ""
    reason: str = ""
    order: OrderRef | None = None
    target: _About = _About()


class _Erasure(msgspec.Struct, frozen=True):
    exports: tuple[tuple[int, str], ...] = ()
    contents: tuple[tuple[int, str], ...] = ()


def handed_out(archive: Archive) -> Iterator[Handed]:
    """Yield all that was handed out, the oldest first."""
    earlier = [read_payload(archive.entry(seq).payload, _Erasure) for seq in archive.seqs_of_type("erasure")]
    agents = {seq: agent for one in earlier for seq, agent in one.exports}
    held = {seq: holds for one in earlier for seq, holds in one.contents}
    for seq in sorted(seq for type_ in _TYPES for seq in archive.seqs_of_type(type_)):
        try:
            told = read_payload(archive.entry(seq).payload, _Told)
        except Gone:
            yield Handed(seq=seq, agent=agents.get(seq, ""), contents=held.get(seq), is_erased=True)
        else:
            yield Handed(
                seq=seq,
                agent=told.agent,
                contents=compact(told.entries) if isinstance(told.entries, tuple) else told.holds,
                words=f"{told.query} {told.reason}",
                order=told.order or told.target.order,
            )

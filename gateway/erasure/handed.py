"""What was handed out: packs, reports and lists of messages; which entries were in each, also where its own record is erased."""

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from gateway.archive.archive import Archive
from gateway.archive.destruction import Gone
from gateway.mail.uid_sets import spread
from gateway.store.payloads import read_payload
from rules.facts import OrderRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """One thing that left the house. ``holds`` is None where nothing says which entries were in it."""

    seq: int  # of the entry that says so
    agent: str
    holds: frozenset[int] | None
    query: str = ""
    order: OrderRef | None = None
    is_erased: bool = False


class _Export(msgspec.Struct, frozen=True):
    agent: str = ""
    holds: str | None = None
    query: str = ""
    order: OrderRef | None = None


class _Erasure(msgspec.Struct, frozen=True):
    exports: tuple[tuple[int, str], ...] = ()
    contents: tuple[tuple[int, str], ...] = ()


def handed_out(archive: Archive) -> Iterator[Handed]:
    """Yield all that was handed out, the oldest first."""
    earlier = [read_payload(archive.entry(seq).payload, _Erasure) for seq in archive.seqs_of_type("erasure")]
    agents = {seq: agent for one in earlier for seq, agent in one.exports}
    held = {seq: holds for one in earlier for seq, holds in one.contents}
    for seq in archive.seqs_of_type("export"):
        try:
            told = read_payload(archive.entry(seq).payload, _Export)
        except Gone:
            yield Handed(seq=seq, agent=agents.get(seq, ""), holds=_entries(held.get(seq)), is_erased=True)
        else:
            yield Handed(
                seq=seq, agent=told.agent, holds=_entries(told.holds), query=told.query, order=told.order
            )


def _entries(told: str | None) -> frozenset[int] | None:
    return None if told is None else frozenset(spread(told.encode()))

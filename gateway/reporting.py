"""Order reports taken in: what is new becomes entries, what is known changes nothing, and the sum adds up."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from gateway.archive.archive import Archive
from gateway.ingest.orders import OrderLine, Report
from gateway.ingest.table import BadLine
from gateway.mail.canonical import canonical
from gateway.mail.entry import Draft
from gateway.store.engine import Store
from gateway.store.gathered import Gathered, covers, gathered
from gateway.store.payloads import ReportedDays, ReportedOrder
from rules.facts import OrderRef

_BATCH = 500  # lines of one entry
_NOTES = 1000
_KEPT = 20_000  # orders of this run held in memory until the store has them


@dataclass(slots=True)
class Taken:
    """What came of a file; ``read`` is always ``taken + same + len(skipped)``. Notes are about lines that were taken."""

    taken: int = 0
    same: int = 0
    skipped: list[tuple[int, str]] = field(default_factory=list)
    notes: list[tuple[int, str]] = field(default_factory=list)
    entries: int = 0

    @property
    def read(self) -> int:
        return self.taken + self.same + len(self.skipped)


class Reporting:
    """One run over one report. ``caught_up`` waits until the store has every entry of the archive."""

    def __init__(
        self,
        archive: Archive,
        store: Store,
        caught_up: Callable[[], object],
        *,
        agent: str,
        covers: bool | None,
    ) -> None:
        self._archive = archive
        self._store = store
        self._caught_up = caught_up
        self._agent = agent
        self._covers = covers
        self._known: dict[OrderRef, Gathered] = {}
        self.taken = Taken()

    def take(self, report: Report) -> Iterator[Taken]:
        """Take in a report; yields what came of it as it grows. Interrupted and begun again, it takes what is missing."""
        self._caught_up()
        days: dict[str, tuple[datetime, datetime]] = {}
        batch: list[OrderLine] = []
        for one in report.lines():
            if isinstance(one, BadLine):
                self.taken.skipped.append((one.line, one.reason))
                continue
            if len(self.taken.notes) < _NOTES:
                self.taken.notes.extend((one.line, said) for said in one.notes)
            if one.placed_at is not None:
                first, last = days.get(one.order.marketplace, (one.placed_at, one.placed_at))
                days[one.order.marketplace] = (min(first, one.placed_at), max(last, one.placed_at))
            batch.append(one)
            if len(batch) == _BATCH:
                self._add(report, batch)
                batch.clear()
                yield self.taken
        self._add(report, batch)
        if report.covers if self._covers is None else self._covers:
            self._cover(report, days)
        yield self.taken

    def _add(self, report: Report, lines: list[OrderLine]) -> None:
        """Append what these lines tell that is not known yet."""
        if len(self._known) > _KEPT:
            self._caught_up()
            self._known.clear()
        missing = {one.order for one in lines} - self._known.keys()
        with self._store.read() as conn:
            self._known.update(gathered(conn, sorted(missing)))
        new: dict[OrderRef, list[OrderLine]] = {}
        for one in lines:
            if self._known.setdefault(one.order, Gathered()).learn(**_told(one)):
                new.setdefault(one.order, []).append(one)
                self.taken.taken += 1
            else:
                self.taken.same += 1
        if new:
            self._append(report, orders=[_row(order, each) for order, each in new.items()])

    def _cover(self, report: Report, days: dict[str, tuple[datetime, datetime]]) -> None:
        """Say which days the report speaks for, now that all of it is taken."""
        with self._store.read() as conn:
            new = [
                ReportedDays(marketplace=name, first_at=first, last_at=last)
                for name, (first, last) in sorted(days.items())
                if not covers(conn, name, first, last)
            ]
        if new:
            self._append(report, days=new)

    def _append(self, report: Report, **told: Any) -> None:
        payload = {"format": report.format, "agent": self._agent, **msgspec.to_builtins(told)}
        meta = {"source": "command", "class": "orders"}
        self._archive.append(Draft(type="orders", payload=canonical(payload), meta=meta))
        self.taken.entries += 1


def _told(one: OrderLine) -> dict[str, Any]:
    return {
        "placed_at": one.placed_at,
        "alias": one.alias,
        "products": one.products,
        "parcels": one.parcels,
    }


def _row(order: OrderRef, lines: list[OrderLine]) -> ReportedOrder:
    """Return all that some lines tell of one order."""
    placed = [one.placed_at for one in lines if one.placed_at is not None]
    return ReportedOrder(
        order=order,
        placed_at=min(placed, default=None),
        alias=next((one.alias for one in reversed(lines) if one.alias), ""),
        products=tuple(dict.fromkeys(product for one in lines for product in one.products)),
        parcels=tuple(dict.fromkeys(parcel for one in lines for parcel in one.parcels)),
    )

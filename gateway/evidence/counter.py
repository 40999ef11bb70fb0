"""Packs handed out over the web: made one at a time, in a folder of their own, and gone from the disk once they are open."""

import shutil
import tempfile
import threading
from pathlib import Path
from typing import BinaryIO

from gateway.errors import Temporary
from gateway.evidence.contents import Asked
from gateway.evidence.pack import Exporter
from gateway.evidence.selection import QUIET, Request, Selection, narrowed, select_order
from gateway.store.engine import Store
from gateway.store.evidence import events_among
from rules.facts import OrderRef


class Counter:
    """Hands out packs of orders. What a crash left in ``folder`` is removed before the first."""

    def __init__(self, exporter: Exporter, folder: Path) -> None:
        self._exporter = exporter
        self._folder = folder
        self._busy = threading.Lock()
        shutil.rmtree(folder, ignore_errors=True)

    def choose(self, request: Request, order: OrderRef, sight: Store) -> Selection:
        """Choose what an order's pack holds; what ``sight`` does not see is shown to exist and stays closed.

        Raises WrongUse for an order of which nothing is known.
        """
        exporter = self._exporter
        size = exporter.archive.tail_of(QUIET)
        with exporter.store.read() as conn:
            chosen = select_order(conn, request, order, size)
        if sight is exporter.store:
            return chosen
        with sight.read() as conn:
            return narrowed(chosen, events_among(conn, [item.seq for item in chosen.items]))

    def hand_out(
        self, order: OrderRef, asked: Asked, sight: Store, *, withhold: tuple[str, ...] = ()
    ) -> BinaryIO:
        """Return an order's pack as an open ZIP file that has no name any more.

        ``withhold`` are types to keep closed, and so is what ``sight`` does not see: it is that of whoever takes the pack.
        Raises Temporary while another pack is being made, and where this one does not pass its own check; WrongUse for
        an order of which nothing is known.
        """
        if not self._busy.acquire(blocking=False):
            raise Temporary("another evidence pack is being made; try again in a minute")
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=self._folder) as place:
                request = Request(order=order, withhold=withhold)
                return self._make(request, order, asked, sight, Path(place) / "evidence.zip")
        finally:
            self._busy.release()

    def _make(self, request: Request, order: OrderRef, asked: Asked, sight: Store, place: Path) -> BinaryIO:
        selection = self.choose(request, order, sight)
        report = self._exporter.export(request, lambda: selection, place, asked)
        if report.findings:
            raise Temporary(f"the pack does not pass its own check: {report.findings[0]}; run docket verify")
        return place.open("rb")

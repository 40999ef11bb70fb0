"""The folders of one account as they are read: how far, what makes trouble in them, and what the standing says of it."""

import logging
from collections.abc import Iterator
from datetime import timedelta

from imapclient import IMAPClient

from gateway.capture.fetch import LAST_TRY, Fetched, fetch
from gateway.capture.folder import Opened, Source, open_folder, uids_of
from gateway.capture.reconcile import Comparison
from gateway.capture.record import Record
from gateway.capture.standing import Folder, Standing
from gateway.clock import Clock
from gateway.receipt import Accept

log = logging.getLogger(__name__)

_DAILY = timedelta(days=1)
_Place = tuple[str, int]  # account/folder, UIDVALIDITY


class Reading:
    """Fetches what is new in a folder, and compares folders with the archive. It outlives connections."""

    def __init__(self, accept: Accept, record: Record, standing: Standing, clock: Clock) -> None:
        self._accept, self._record, self._standing, self._clock = accept, record, standing, clock
        self._marks: dict[_Place, int] = {}
        self._trouble: dict[_Place, dict[int, int]] = {}
        self._retrying: set[_Place] = set()

    def take(self, client: IMAPClient, source: Source) -> Iterator[Fetched]:
        """Fetch what lies behind the mark; the mark moves with each batch that is on disk."""
        opened, place = self._opened(client, source)
        if place not in self._marks:
            self._marks[place] = self._record.mark(opened)
        uids = uids_of(client, opened, self._marks[place])
        shown = self._shown(opened)
        shown.next_uid, shown.behind = self._marks[place], len(uids)
        for step in fetch(client, opened, uids, self._accept, clock=self._clock):
            self._marks[place] = shown.next_uid = step.next_uid
            shown.behind -= step.archived + step.existing + len(step.unread)
            shown.newest_at = max(filter(None, (shown.newest_at, step.newest_at)), default=None)
            shown.unread.update(step.unread)
            yield step
        shown.behind = 0

    def compare(
        self, client: IMAPClient, source: Source, *, deep: bool = False
    ) -> Iterator[tuple[Comparison, Fetched | None]]:
        """Compare a folder with the archive, fetch what is missing, and archive what came of it; ends with a None."""
        opened, place = self._opened(client, source)
        if place not in self._retrying:  # what ended the connection before is tried once more each time
            self._retrying.add(place)
            opened.trouble.update(dict.fromkeys(opened.trouble, LAST_TRY))
        found = Comparison(opened=opened, known=self._record.known(opened), deep=deep)
        for step in found.run(client, self._accept, clock=self._clock):
            yield found, step
        shown = self._shown(opened)
        self._record.note_departures(opened, found.left, shown.reconciled_at)
        shown.unread, shown.reconciled_at = found.unread, self._clock.now()
        self._record.note_reconciliation(found.told(), shown.reconciled_at)
        self._retrying.discard(place)
        log.info("reconciled place=%s missing=%d unread=%d", source.place, found.missing, len(found.unread))
        yield found, None

    def is_due(self, source: Source) -> bool:
        """Say whether a folder was not compared for a day. While the store is behind nothing can be compared with it."""
        last = self._standing.folders[source.folder].reconciled_at
        return (last is None or self._clock.now() - last >= _DAILY) and self._record.is_current()

    def _opened(self, client: IMAPClient, source: Source) -> tuple[Opened, _Place]:
        opened = open_folder(client, source)
        place = source.place, opened.uidvalidity
        opened.trouble = self._trouble.setdefault(place, {})
        return opened, place

    def _shown(self, opened: Opened) -> Folder:
        """Return what the standing says of a folder, begun anew where the folder was."""
        folder = self._standing.folders.setdefault(opened.source.folder, Folder())
        if folder.uidvalidity not in {0, opened.uidvalidity}:
            log.warning("uidvalidity-changed place=%s; the folder is read again", opened.source.place)
            folder.unread = {}
        folder.uidvalidity, folder.messages = opened.uidvalidity, opened.messages
        folder.sent = opened.source.sent
        return folder

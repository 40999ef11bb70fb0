"""One account, watched for as long as the service runs: history first, then whatever comes, through every outage.

The server tells of new mail in the first folder (IDLE, RFC 2177); the others, and servers that cannot tell, are asked
every minute. Whatever goes wrong ends the connection and nothing else: the next one goes on from the mark.
"""

import logging
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import timedelta

from imapclient import IMAPClient

from gateway.capture.alarm import Alarm, Tell
from gateway.capture.fetch import TRIES, Fetched, Opened, Source, fetch, open_folder, uids_of
from gateway.capture.folders import Wanted, find_folders
from gateway.capture.reconcile import Comparison
from gateway.capture.record import Record
from gateway.capture.session import asking
from gateway.capture.standing import Board, Folder, Standing, State
from gateway.clock import Clock
from gateway.errors import DocketError, Temporary
from gateway.receipt import Accept

log = logging.getLogger(__name__)

_SLICE_S = 0.5  # between two looks at whether to stop
_LONGEST_S = 300.0
_GAP_S = 180.0  # without contact; a server that is restarted is no outage
_FIRST_S = 1.0
_DAILY = timedelta(days=1)

Open = Callable[[], AbstractContextManager[IMAPClient]]


class AccountWatch:
    """What is captured from one account. ``run`` is one thread's life; ``once`` is a single round.

    ``wanted`` are the folders, the most urgent first; ``agent`` wrote what lies in those of what was sent.
    """

    def __init__(
        self,
        open_: Open,
        accept: Accept,
        record: Record,
        board: Board,
        *,
        account: str,
        mailbox: str,
        wanted: tuple[Wanted, ...],
        agent: str = "",
        clock: Clock,
        poll_s: float = 60.0,
        gap_s: float = _GAP_S,
        silence_hours: float = 0.0,
        tell: Tell = lambda _subject, _words: True,
    ) -> None:
        self._open, self._accept, self._record, self._board = open_, accept, record, board
        self._account, self._mailbox, self._wanted, self._agent = account, mailbox, wanted, agent
        self._clock, self._poll_s, self._gap_s = clock, poll_s, gap_s
        self.standing: Standing = board.open(mailbox, account)
        self._marks: dict[tuple[str, int], int] = {}
        self._trouble: dict[tuple[str, int], dict[int, int]] = {}
        self._retrying: set[tuple[str, int]] = set()
        self._why = "Docket was not running"
        self._alarm = Alarm(
            self.standing,
            tell,
            lambda since, hours: record.note_silence(self._whose, since, hours),
            silence_hours=silence_hours,
            clock=clock,
        )

    @property
    def _whose(self) -> dict[str, str]:
        return {"mailbox": self._mailbox, "account": self._account}

    def run(self, stop: threading.Event) -> None:
        """Capture until ``stop`` is set. Raises only what the archive fails with for good."""
        failures = 0
        while not stop.is_set():
            try:
                with self._open() as client:
                    for _ in self._rounds(client, stop):
                        failures = 0
            except Temporary as wrong:
                failures += 1
                pause = min(_LONGEST_S, _FIRST_S * 2 ** (failures - 1)) * random.uniform(0.5, 1.0)  # noqa: S311 - jitter
                log.warning("capture-failed account=%s pause_s=%.0f error=%s", self._account, pause, wrong)
                self._why = str(wrong)
                self._show("failing", str(wrong))
                stop.wait(pause)
            except DocketError as wrong:
                self._show("failing", str(wrong))
                raise
        self._show("stopped")

    def once(self) -> Iterator[tuple[str, Fetched]]:
        """Take in what is there now, folder by folder; yields each batch. Raises Temporary where the server fails."""
        with self._open() as client:
            sources, missing = self._sources(client)
            for source in sources:
                for step in self._take(client, source):
                    yield source.folder, step
            if missing:
                raise Temporary("; ".join(missing))

    def reconcile(self, *, deep: bool = False) -> Iterator[tuple[Comparison, Fetched | None]]:
        """Compare each folder with the archive once; yields each batch, and None for a folder that is done.

        What was missing is fetched, and what came of it is archived. Raises Temporary where the server fails.
        """
        with self._open() as client:
            sources, missing = self._sources(client)
            for source in sources:
                opened = open_folder(client, source)
                yield from self._compare(client, opened, deep=deep)
            if missing:
                raise Temporary("; ".join(missing))

    def _compare(
        self, client: IMAPClient, opened: Opened, *, deep: bool = False
    ) -> Iterator[tuple[Comparison, Fetched | None]]:
        found = Comparison(opened=opened, known=self._record.known(opened), deep=deep)
        for step in found.run(client, self._accept, clock=self._clock):
            yield found, step
        folder = self.standing.folders.setdefault(opened.source.folder, Folder())
        folder.unread, folder.reconciled_at = found.unread, self._clock.now()
        self._record.note_reconciliation(found.told(), folder.reconciled_at)
        log.info(
            "reconciled place=%s missing=%d unread=%d", opened.source.place, found.missing, len(found.unread)
        )
        yield found, None

    def _reconcile_daily(self, client: IMAPClient, source: Source) -> None:
        """Compare a folder with the archive where that was not done for a day and the store is not behind."""
        last = self.standing.folders[source.folder].reconciled_at
        if (last is not None and self._clock.now() - last < _DAILY) or not self._record.is_current():
            return
        opened = open_folder(client, source)
        place = source.place, opened.uidvalidity
        opened.trouble = self._trouble.setdefault(place, {})
        if place not in self._retrying:  # what ended the connection yesterday is tried once more today
            self._retrying.add(place)
            opened.trouble.update(dict.fromkeys(opened.trouble, TRIES - 1))
        for _ in self._compare(client, opened):
            self._contact()
        self._retrying.discard(place)

    def _rounds(self, client: IMAPClient, stop: threading.Event) -> Iterator[None]:
        """Go round the folders again and again; yields each time that the server has done all it was asked."""
        sources, missing = self._sources(client)
        problem = "; ".join(missing)
        if not sources:
            raise Temporary(f"{problem} (settings folders, sent)")
        first = sources[0]
        can_tell = client.has_capability("IDLE")
        while not stop.is_set():
            for source in sources:
                self._all(client, source, stop)
            for source in sources:
                if not stop.is_set():
                    self._reconcile_daily(client, source)
            if len(sources) > 1:
                self._all(client, first, stop)  # this one stays open, to be told of
            self._contact()
            self._show("watching", problem)
            yield
            until = time.monotonic() + self._poll_s
            while not stop.is_set() and time.monotonic() < until:
                if not can_tell:
                    stop.wait(min(_SLICE_S, self._poll_s))
                elif self._is_told(client, stop, until):
                    self._all(client, first, stop)
                    self._contact()
                    self._show("watching", problem)
                else:
                    break

    def _sources(self, client: IMAPClient) -> tuple[list[Source], list[str]]:
        found, missing = find_folders(client, self._wanted)
        sources = [
            self._record.begun(
                Source(
                    account=self._account,
                    folder=name,
                    mailbox=self._mailbox,
                    sent=one.sent,
                    agent=self._agent,
                )
            )
            for name, one in found.items()
        ]
        self.standing.folders = {
            one.folder: self.standing.folders.get(one.folder, Folder()) for one in sources
        }
        return sources, missing

    def _all(self, client: IMAPClient, source: Source, stop: threading.Event) -> None:
        for _ in self._take(client, source):
            self._contact()
            if stop.is_set():
                return
            self._record.keep_pace()

    def _take(self, client: IMAPClient, source: Source) -> Iterator[Fetched]:
        """Fetch what lies behind the mark; the mark moves with each batch that is on disk."""
        opened = open_folder(client, source)
        place = source.place, opened.uidvalidity
        opened.trouble = self._trouble.setdefault(place, {})
        if place not in self._marks:
            self._marks[place] = self._record.mark(opened)
        uids = uids_of(client, opened, self._marks[place])
        shown = self._folder(opened, behind=len(uids))
        for step in fetch(client, opened, uids, self._accept, clock=self._clock):
            self._marks[place] = shown.next_uid = step.next_uid
            shown.behind -= step.archived + step.existing + len(step.unread)
            shown.newest_at = max(filter(None, (shown.newest_at, step.newest_at)), default=None)
            shown.unread.update(step.unread)
            self._show("reading")
            yield step
        shown.behind = 0

    def _folder(self, opened: Opened, behind: int) -> Folder:
        folder = self.standing.folders.setdefault(opened.source.folder, Folder())
        if folder.uidvalidity not in {0, opened.uidvalidity}:
            log.warning("uidvalidity-changed place=%s; the folder is read again", opened.source.place)
            folder.unread = {}
        folder.uidvalidity, folder.messages, folder.behind = opened.uidvalidity, opened.messages, behind
        folder.sent = opened.source.sent
        folder.next_uid = self._marks[opened.source.place, opened.uidvalidity]
        return folder

    def _is_told(self, client: IMAPClient, stop: threading.Event, until: float) -> bool:
        """Wait until the server tells of a message; False when the time is over."""
        with asking(client, f"the connection to {self._account} ended"):
            client.idle()
            told: list[tuple[object, ...]] = []
            while not stop.is_set() and time.monotonic() < until and not _has_mail(told):
                began = time.monotonic()
                told = client.idle_check(timeout=_SLICE_S)
                if not told and time.monotonic() - began < _SLICE_S / 2:
                    break  # imapclient takes the end of a connection for an answer without words
            _, more = client.idle_done()
            return _has_mail([*told, *more])

    def _contact(self) -> None:
        """Note that the server does what it is asked; after a long time without, that there was a gap."""
        now, last = self._clock.now(), self.standing.contact_at
        if last is not None and (now - last).total_seconds() > self._gap_s:
            self._record.note_gap(self._whose, last, now, self._why)
            log.warning("gap account=%s begin=%s why=%s", self._account, last.isoformat(), self._why)
        self.standing.contact_at, self._why = now, "Docket was not running"

    def _show(self, state: State, error: str = "") -> None:
        standing = self.standing
        if state == "failing":
            standing.failing_since = standing.failing_since or self._clock.now()
        elif state != "stopped":
            standing.failing_since = None
        standing.state, standing.error = state, error
        if state in {"failing", "watching"}:
            self._alarm.look()
        self._board.show()


def _has_mail(told: list[tuple[object, ...]]) -> bool:
    return any(len(one) > 1 and one[1] in {b"EXISTS", b"RECENT"} for one in told)

"""One account, watched for as long as the service runs: history first, then whatever comes, through every outage.

The server tells of new mail in the first folder (IDLE, RFC 2177); the others, and servers that cannot tell, are asked
every minute. Whatever goes wrong ends the connection and nothing else: the next one goes on from the mark.
"""

import logging
import math
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

from imapclient import IMAPClient

from gateway.capture.alarm import Alarm, Tell
from gateway.capture.fetch import Fetched
from gateway.capture.folder import Source
from gateway.capture.folders import Wanted, find_folders
from gateway.capture.idle import SLICE_S, is_told
from gateway.capture.reading import Reading
from gateway.capture.reconcile import Comparison
from gateway.capture.record import Record
from gateway.capture.standing import Board, Folder, Standing, State
from gateway.clock import Clock
from gateway.errors import ArchiveBroken, DocketError, Temporary
from gateway.receipt import Accept

log = logging.getLogger(__name__)

_LONGEST_S = 300.0
_GAP_S = 180.0  # without contact; a server that is restarted is no outage
_FIRST_S = 1.0
_TURN_S = 30.0  # history in other folders must not keep new mail waiting

Open = Callable[[], AbstractContextManager[IMAPClient]]


class AccountWatch:
    """What is captured from one account. ``run`` is one thread's life; ``once`` is a single round.

    ``wanted`` are the folders, the most urgent first; ``agent`` wrote what lies in those of what was sent. With
    ``deliver`` new mail is handed on to where the mailbox's mail is delivered.
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
        deliver: bool = False,
        clock: Clock,
        poll_s: float = 60.0,
        rest_s: float = _FIRST_S,
        gap_s: float = _GAP_S,
        silence_hours: float = 0.0,
        tell: Tell = lambda _subject, _words: True,
    ) -> None:
        self._open, self._record, self._board = open_, record, board
        self._account, self._mailbox, self._wanted = account, mailbox, wanted
        self._agent, self._deliver = agent, deliver
        self._clock, self._poll_s, self._rest_s, self._gap_s = clock, poll_s, rest_s, gap_s
        self.standing: Standing = board.open(mailbox, account)
        self._reading = Reading(accept, record, self.standing, clock)
        self._failures, self._why = 0, "Docket was not running"
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
        """Capture until ``stop`` is set. Raises ArchiveBroken alone: all else may be mended while this goes on."""
        while not stop.is_set():
            try:
                with self._open() as client:
                    self._go_round(client, stop)
            except ArchiveBroken as wrong:
                self._show("failing", str(wrong))
                raise
            except DocketError as wrong:
                longest = min(_LONGEST_S, self._rest_s * 2 ** min(self._failures, 20))
                pause = longest * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, not secrecy
                log.warning("capture-failed account=%s pause_s=%.0f error=%s", self._account, pause, wrong)
                self._failures, self._why = self._failures + 1, str(wrong)
                self._show("failing", str(wrong))
                stop.wait(pause)
        self._show("stopped")

    def once(self) -> Iterator[tuple[str, Fetched]]:
        """Take in what is there now, folder by folder; yields each batch. Raises Temporary where the server fails."""
        with self._open() as client:
            sources, missing = self._sources(client)
            for source in sources:
                for step in self._reading.take(client, source):
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
                yield from self._reading.compare(client, source, deep=deep)
            if missing:
                raise Temporary("; ".join(missing))

    def _go_round(self, client: IMAPClient, stop: threading.Event) -> None:
        """Go round the folders again and again until ``stop``; raises Temporary when the server fails."""
        sources, missing = self._sources(client)
        problem = "; ".join(missing)
        if not sources:
            raise Temporary(f"{problem} (settings folders, sent)")
        first, *others = sources
        can_tell = client.has_capability("IDLE")
        while not stop.is_set():
            self._all(client, first, stop)
            turns = [self._all(client, source, stop, for_s=_TURN_S) for source in others]
            done = all(turns)
            if done:
                self._compare_daily(client, sources, stop)
            if others:
                self._all(client, first, stop)  # this one stays open, to be told of
            self._contact()
            self._show("watching" if done else "reading", problem)
            until = time.monotonic() + (self._poll_s if done else 0.0)
            while not stop.is_set() and time.monotonic() < until:
                if not can_tell:
                    stop.wait(min(SLICE_S, self._poll_s))
                elif is_told(client, self._account, stop, until):
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
                    deliver=self._deliver,
                )
            )
            for name, one in found.items()
        ]
        before = self.standing.folders
        self.standing.folders = {one.folder: before.get(one.folder, Folder()) for one in sources}
        return sources, missing

    def _all(
        self, client: IMAPClient, source: Source, stop: threading.Event, *, for_s: float = math.inf
    ) -> bool:
        """Fetch until there is nothing more, also what comes meanwhile; False where ``for_s`` was not long enough."""
        until = time.monotonic() + for_s
        more = True
        while more:
            more = False
            for _ in self._reading.take(client, source):
                more = True
                self._contact()
                self._show("reading")
                if stop.is_set() or time.monotonic() > until:
                    return False
                self._record.keep_pace()
        return True

    def _compare_daily(self, client: IMAPClient, sources: list[Source], stop: threading.Event) -> None:
        for source in sources:
            if not stop.is_set() and self._reading.is_due(source):
                for _ in self._reading.compare(client, source):
                    self._contact()

    def _contact(self) -> None:
        """Note that the server does what it is asked; after a long time without, that there was a gap."""
        now, last = self._clock.now(), self.standing.contact_at
        if last is not None and (now - last).total_seconds() > self._gap_s:
            self._record.note_gap(self._whose, last, now, self._why)
            log.warning("gap account=%s begin=%s why=%s", self._account, last.isoformat(), self._why)
        self.standing.contact_at, self._why, self._failures = now, "Docket was not running", 0

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

"""One mailbox's views, kept for as long as the service runs: read what wants attention, show it, wait.

Whatever goes wrong ends the connection and nothing else; nothing here is part of the record, and all of it can be made anew.
"""

import logging
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta

from imapclient import IMAPClient

from gateway.clock import Clock
from gateway.errors import Temporary
from gateway.views.attention import Attention
from gateway.views.keywords import keep_keywords
from gateway.views.source import Source
from gateway.views.wanted import Wanted, wanted_of

log = logging.getLogger(__name__)

_THOROUGH_S = 600.0  # folders that should not have changed are looked at so seldom
_SESSION_S = 1500.0  # servers end longer ones, and not all say so
_LONGEST_S = 300.0


# How folders are shown: by copies, or by files for a server of one's own; thoroughly, or where something has changed.
Show = Callable[[IMAPClient, Source, Wanted, bool], None]


class Keeper:
    """``read`` gives what wants attention since a time; ``tags`` have folders of their own; ``days`` is how far back is shown."""

    def __init__(
        self,
        mailbox: str,
        open_: Callable[[], AbstractContextManager[IMAPClient]],
        read: Callable[[datetime], Attention],
        source: Source,
        show: Show | None,
        *,
        clock: Clock,
        days: int,
        tags: tuple[str, ...] = (),
        every_s: float = 30.0,
    ) -> None:
        self.mailbox = mailbox
        self._open, self._read, self._source, self._show = open_, read, source, show
        self._clock, self._days, self._tags, self._every_s = clock, days, tags, every_s
        self._thorough_at = float("-inf")

    def run(self, stop: threading.Event) -> None:
        """Keep the views until ``stop``."""
        failures = 0
        while not stop.is_set():
            begun = time.monotonic()
            try:
                with self._open() as client:
                    while not stop.is_set() and time.monotonic() < begun + _SESSION_S:
                        self.once(client)
                        failures = 0
                        stop.wait(self._every_s)
            except (Temporary, OSError) as wrong:
                failures += 1
                level = logging.WARNING if failures in {1, 10} else logging.DEBUG
                log.log(level, "views-wait mailbox=%s why=%s", self.mailbox, wrong)
                self._thorough_at = float("-inf")
                stop.wait(min(_LONGEST_S, self._every_s * 2 ** min(failures, 6)))

    def once(self, client: IMAPClient) -> None:
        """Bring everything in step. Raises Temporary and OSError where that failed, half-way or not."""
        now, since = self._clock.now(), self._clock.now() - timedelta(days=self._days)
        attention = self._read(since)
        wanted = wanted_of(attention.waits, attention.orders, attention.rows, now, self._tags)
        first = min((row.occurred_at for row in attention.rows), default=since)
        self._source.look(
            client, min(first, since).date() - timedelta(days=1), {row.id: row.seq for row in attention.rows}
        )
        changed = keep_keywords(client, self._source, wanted.keywords)
        thorough = time.monotonic() > self._thorough_at + _THOROUGH_S
        if self._show is not None:
            self._show(client, self._source, wanted, thorough)
        if thorough:
            self._thorough_at = time.monotonic()
        log.debug("views-kept mailbox=%s folders=%d keywords=%d", self.mailbox, len(wanted.folders), changed)

"""What capture asks of the archive and the store, and what it tells them besides mail."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from gateway.archive.archive import Archive
from gateway.capture.folder import Opened, Source
from gateway.mail.canonical import canonical
from gateway.mail.entry import Draft
from gateway.mail.uid_sets import spread
from gateway.store import fold, places
from gateway.store.departures import is_read_through_us, told_of
from gateway.store.engine import Store

_AHEAD = 1536  # entries that the archive may be ahead of the store while history is fetched
_CURRENT = 64  # entries: a few may always be under way
_PATIENCE_S = 2.0  # for the store, a batch; mail must not wait for it longer
_LOOK_S = 0.05
_DEPARTURES = 1000  # told of at a time; the next comparison tells the rest


class Record:
    """The archive and the store, as capture uses them. Safe from several threads."""

    def __init__(
        self, archive: Archive, store: Store, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._archive, self._store, self._sleep = archive, store, sleep

    def begun(self, source: Source) -> Source:
        """Return the source with the time at which its capture began, which an entry keeps: what is older is history."""
        payload = {"account": source.account, "folder": source.folder, "mailbox": source.mailbox}
        appended = self._archive.append(Draft(type="capture", payload=canonical(payload), meta={}, once=True))
        return replace(source, live_from=self._archive.entry(appended.seq).at)

    def mark(self, opened: Opened) -> int:
        """Return the UID from which on an open folder is unread. It may lie too low, for the store follows the archive."""
        with self._store.read() as conn:
            return places.highest_uid(conn, opened.source.place, opened.uidvalidity) + 1

    def known(self, opened: Opened) -> dict[int, int]:
        """Return which message the archive has for each UID of an open folder."""
        with self._store.read() as conn:
            return places.messages_at(conn, opened.source.place, opened.uidvalidity)

    def note_reconciliation(self, told: dict[str, Any], at: datetime) -> None:
        """Archive what came of comparing a folder with the archive."""
        payload = {**told, "at": at.isoformat()}
        self._archive.append(Draft(type="reconciliation", payload=canonical(payload), meta={}))

    def note_departures(self, opened: Opened, gone: Mapping[int, int], since: datetime | None) -> int:
        """Archive which messages have left a folder since it was last compared, past Docket: who did it is unknown; return how many.

        ``gone`` are messages by UID. Where nobody reads mail through Docket nothing could be past it, and nothing is told.
        """
        source = opened.source
        if not gone:
            return 0
        with self._store.read() as conn:
            if not is_read_through_us(conn):
                return 0
            sets = told_of(conn, source.folder, opened.uidvalidity, gone.values())
        known = {uid for one in sets for uid in spread(one.encode())}
        where = {"folder": source.folder, "uidvalidity": opened.uidvalidity}
        drafts = [
            Draft(
                type="imap",
                payload=canonical(
                    {"did": "left", "agent": "", "mailbox": source.mailbox, "account": source.account}
                    | where
                    | {"uids": str(uid), "count": 1, "of": seq}
                    | ({} if since is None else {"since": since.isoformat()})
                ),
                meta={},
            )
            for uid, seq in sorted(gone.items())
            if uid not in known
        ]
        self._archive.append_many(drafts[:_DEPARTURES])
        return len(drafts)

    def is_current(self) -> bool:
        """Say whether the store knows what the archive has."""
        return self._behind() < _CURRENT

    def note_silence(self, whose: dict[str, str], since: datetime, hours: float) -> None:
        """Archive that mail stays away."""
        payload = {**whose, "since": since.isoformat(), "hours": hours}
        self._archive.append(Draft(type="silence", payload=canonical(payload), meta={}, once=True))

    def note_gap(self, whose: dict[str, str], begin: datetime, end: datetime, why: str) -> None:
        """Archive that nothing was captured for a while."""
        payload = {**whose, "begin": begin.isoformat(), "end": end.isoformat(), "why": why}
        self._archive.append(Draft(type="gap", payload=canonical(payload), meta={}))

    def keep_pace(self) -> None:
        """Give the worker time to follow: decisions then lie in the log among the messages they are about."""
        until = time.monotonic() + _PATIENCE_S
        while self._behind() > _AHEAD and time.monotonic() < until:
            self._sleep(_LOOK_S)

    def _behind(self) -> int:
        with self._store.read() as conn:
            return self._archive.head() - fold.position(conn)

"""A folder compared with the archive, message by message: what is in it and was never archived is fetched now.

Going by the highest UID misses what a server hid, listed late or could not give; here every UID that is there is looked
up. What that finds is an entry, also when it is nothing: that nobody looked and that nothing was missing are two things.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from imapclient import IMAPClient

from gateway.capture.fetch import Fetched, fetch
from gateway.capture.folder import Opened, uids_of
from gateway.clock import Clock
from gateway.receipt import Accept


@dataclass(slots=True)
class Comparison:
    """What came of comparing one folder; it grows while ``run`` goes on.

    ``known`` says which message lies at which UID. ``deep`` fetches everything again and compares the bytes themselves.
    """

    opened: Opened
    known: Mapping[int, int]
    deep: bool = False
    messages: int = 0  # in the folder now
    missing: int = 0  # of these the archive had not, and has now
    elsewhere: int = 0  # the same bytes were in the archive, from another place
    left: dict[int, int] = field(default_factory=dict)  # in the archive, and in the folder no more
    unread: dict[int, str] = field(default_factory=dict)

    @property
    def gone(self) -> int:
        return len(self.left)

    def run(self, client: IMAPClient, accept: Accept, *, clock: Clock) -> Iterator[Fetched]:
        """Compare, and fetch what is missing; yields each batch. Raises Temporary when the server fails."""
        uids = uids_of(client, self.opened)
        self.messages = len(uids)
        self.left = {uid: self.known[uid] for uid in self.known.keys() - set(uids)}
        wanted = uids if self.deep else [uid for uid in uids if uid not in self.known]
        for step in fetch(client, self.opened, wanted, accept, clock=clock):
            self.missing += step.archived
            self.elsewhere += step.existing
            self.unread.update(step.unread)
            yield step
        if self.deep:
            self.elsewhere = 0  # what was fetched again was known, here or elsewhere

    def told(self) -> dict[str, Any]:
        """Return what the entry and the command say of it."""
        return {
            "account": self.opened.source.account,
            "folder": self.opened.source.folder,
            "mailbox": self.opened.source.mailbox,
            "uidvalidity": self.opened.uidvalidity,
            "deep": self.deep,
            "messages": self.messages,
            "missing": self.missing,
            "elsewhere": self.elsewhere,
            "gone": self.gone,
            "unread": [{"uid": uid, "reason": why} for uid, why in sorted(self.unread.items())],
        }

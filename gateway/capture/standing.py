"""How capture stands, account by account, in a small file that other processes read for ``docket status``.

It is no part of the record: where it is lost, nothing is. Outages and beginnings are entries.
"""

import os
import threading
from datetime import datetime
from pathlib import Path
from typing import Literal

import msgspec

State = Literal["starting", "reading", "watching", "failing", "stopped"]


class Folder(msgspec.Struct):
    """How far one folder has been read."""

    uidvalidity: int = 0
    next_uid: int = 1
    messages: int = 0  # in the folder
    behind: int = 0  # still to fetch
    newest_at: datetime | None = None  # of what was fetched, as the server has it
    unread: dict[int, str] = {}  # what the server did not give, and why
    sent: bool = False
    reconciled_at: datetime | None = None  # when it was last compared with the archive


class Standing(msgspec.Struct):
    """How one account stands. ``error`` says what is wrong and what to do."""

    mailbox: str
    account: str
    state: State = "starting"
    contact_at: datetime | None = None  # when the server last did what it was asked
    error: str = ""
    failing_since: datetime | None = None
    silent_since: datetime | None = None  # when the last mail came, where that is too long ago
    folders: dict[str, Folder] = {}
    told: dict[str, datetime] = {}  # when people were told of what

    @property
    def newest_at(self) -> datetime | None:
        """When the last mail came in."""
        times = [one.newest_at for one in self.folders.values() if not one.sent and one.newest_at is not None]
        return max(times, default=None)

    @property
    def troubles(self) -> list[str]:
        """Return what is wrong with the account, each with what to do; nothing where all is well."""
        said = [self.error] if self.error else []
        if self.silent_since is not None:
            said.append(f"no mail since {self.silent_since:%Y-%m-%d %H:%M} UTC (setting silence_hours)")
        for name, folder in self.folders.items():
            if folder.unread:
                uid, why = next(iter(folder.unread.items()))
                more = f", nor can {len(folder.unread) - 1} more" if len(folder.unread) > 1 else ""
                said.append(
                    f"a message in {name} cannot be had: UID {uid} {why}{more};"
                    " open it in a mail client, and move it to another folder and back"
                )
        return said

    @property
    def behind(self) -> int:
        return sum(one.behind for one in self.folders.values())


class Board:
    """The standings of one process's accounts; with no ``place`` nobody else reads them. Safe from several threads."""

    def __init__(self, place: Path | None = None) -> None:
        self._place = place
        self._lock = threading.Lock()
        self._standings = {one.account: one for one in read_standings(place)} if place is not None else {}

    def open(self, mailbox: str, account: str) -> Standing:
        """Return an account's standing, with what an earlier process left; change it, then ``show`` it."""
        with self._lock:
            before = self._standings.get(account, Standing(mailbox=mailbox, account=account))
            before.mailbox, before.state, before.error = mailbox, "starting", ""
            self._standings[account] = before
            return before

    def keep_only(self, accounts: set[str]) -> None:
        """Forget the accounts that the settings name no more."""
        with self._lock:
            self._standings = {name: one for name, one in self._standings.items() if name in accounts}

    def show(self) -> None:
        """Write what changed for others to read."""
        if self._place is None:
            return
        with self._lock:
            beside = self._place.with_suffix(".new")
            with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:  # noqa: PTH123 - a mode is asked for
                file.write(msgspec.json.encode(list(self._standings.values())))
            beside.replace(self._place)


def read_standings(place: Path) -> list[Standing]:
    """Return what the last process wrote; nothing where there is nothing to read."""
    try:
        return msgspec.json.decode(place.read_bytes(), type=list[Standing])
    except (OSError, msgspec.DecodeError):
        return []

"""The folders of the demonstration's mail account, in memory."""

import asyncio
import re
from dataclasses import dataclass, field
from datetime import datetime

_MOST_FOLDERS = 100


@dataclass(eq=False, slots=True)
class Message:
    uid: int
    raw: bytes
    at: datetime  # INTERNALDATE
    flags: set[str] = field(default_factory=set)


@dataclass(eq=False, slots=True)
class Folder:
    """One folder; whoever waits in ``watchers`` is told of every change."""

    name: str
    uidvalidity: int
    uidnext: int = 1
    special: str = ""
    messages: list[Message] = field(default_factory=list)
    watchers: set[asyncio.Event] = field(default_factory=set)

    def append(self, raw: bytes, flags: set[str], at: datetime) -> Message:
        message = Message(self.uidnext, raw, at, set(flags))
        self.uidnext += 1
        self.messages.append(message)
        self.tell()
        return message

    def expunge(self) -> None:
        """Remove what is marked as deleted; open sessions learn of it when they next listen."""
        self.messages = [one for one in self.messages if "\\Deleted" not in one.flags]
        self.tell()

    def tell(self) -> None:
        for watcher in self.watchers:
            watcher.set()


class Account:
    """The folders of one user; names are case-sensitive but for INBOX (RFC 3501 section 5.1)."""

    def __init__(self, uidvalidity: int) -> None:
        self._uidvalidity = uidvalidity
        self.folders: dict[str, Folder] = {}
        for name, special in (
            ("INBOX", ""),
            ("Sent", "\\Sent"),
            ("Drafts", "\\Drafts"),
            ("Trash", "\\Trash"),
        ):
            self.create(name, special)

    def find(self, name: str) -> Folder | None:
        return self.folders.get("INBOX" if name.upper() == "INBOX" else name)

    def create(self, name: str, special: str = "") -> bool:
        """Make a folder; False where it stands already or there are too many."""
        if self.find(name) is not None or len(self.folders) >= _MOST_FOLDERS:
            return False
        self.folders[name] = Folder(name, self._uidvalidity + len(self.folders), special=special)
        return True

    def matching(self, pattern: str) -> list[Folder]:
        """Return the folders a LIST pattern names: ``*`` and ``%`` stand for anything, ``%`` not for a slash."""
        wild = {"*": ".*", "%": "[^/]*"}
        expression = "".join(wild.get(ch, re.escape(ch)) for ch in re.sub(r"[*%]{2,}", "*", pattern[:200]))
        wanted = re.compile(expression, re.IGNORECASE)
        return [folder for name, folder in self.folders.items() if wanted.fullmatch(name)]

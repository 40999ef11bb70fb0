"""One folder of an account: what is said of every message in it, how it is opened, and which UIDs are in it."""

from dataclasses import dataclass, field
from datetime import datetime

from imapclient import IMAPClient

from gateway.capture.session import asking

_MEANWHILE = 1000  # messages that may come between two questions
_HIGHEST = (1 << 32) - 1  # RFC 3501 section 9, nz-number


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One folder, and what is said of every message in it. ``account`` and ``folder`` begin each message's origin."""

    account: str
    folder: str
    mailbox: str = ""
    sent: bool = False  # what is in it was written by the seller
    agent: str = ""  # by whom, where the settings say so
    deliver: bool = False  # new mail is handed on to the mailbox's readers, who read elsewhere
    live_from: datetime | None = None  # what came to the folder after it is new mail; None: all is history

    @property
    def place(self) -> str:
        return f"{self.account}/{self.folder}"


@dataclass(slots=True)
class Opened:
    """A folder that was opened for reading only, and what makes trouble in it."""

    source: Source
    uidvalidity: int
    uidnext: int = 0  # 0: the server does not say
    messages: int = 0
    # What tries weigh that did not come to their end, by UID: a message that ends the connection must not do so for ever.
    trouble: dict[int, int] = field(default_factory=dict)


def open_folder(client: IMAPClient, source: Source) -> Opened:
    """Open a folder so that nothing in it can change; raises Temporary where the server cannot."""
    with asking(client, f"the folder {source.folder} of {source.account} cannot be opened"):
        said = client.select_folder(source.folder, readonly=True)
        return Opened(
            source=source,
            uidvalidity=int(said[b"UIDVALIDITY"]),
            uidnext=int(said.get(b"UIDNEXT", 0)),
            messages=int(said.get(b"EXISTS", 0)),
        )


def uids_of(client: IMAPClient, opened: Opened, first: int = 1) -> list[int]:
    """Return the UIDs in the open folder from ``first`` on, in order, without those that no server may give."""
    with asking(client, f"the list of messages in {opened.source.place} failed"):
        # A server answers n:* with its last message even where that lies below n. One far above what the server said
        # would come next would put the mark behind all that is to come.
        highest = min(opened.uidnext + _MEANWHILE, _HIGHEST) if opened.uidnext else _HIGHEST
        return sorted({uid for uid in client.search(["UID", f"{first}:*"]) if first <= uid <= highest})

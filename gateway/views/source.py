"""The folder where a mailbox's messages lie: which of the archive's messages is at which UID, and what marks each of them there.

A folder that is captured says so by its place in the record. Elsewhere lie copies that Docket delivered, which carry its ID in their
topmost field of that name; in a captured folder nobody's word for an ID is taken.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import Any

from imapclient import IMAPClient

from gateway.capture.session import asking

Mark = tuple[
    bytes, int, datetime
]  # of a message and of each copy that COPY makes: some fields, its size, INTERNALDATE
Places = Callable[
    [int], Mapping[int, int] | None
]  # by UIDVALIDITY: which message is at which UID; None where none is captured

_FIELDS = "BODY.PEEK[HEADER.FIELDS (X-DOCKET-ID MESSAGE-ID)]"
_ASKED = (_FIELDS, "RFC822.SIZE", "INTERNALDATE")
_BATCH = 500
SHARED = frozenset({b"\\Seen", b"\\Answered", b"\\Flagged"})


class Source:
    """One folder's messages since a day. ``places`` tells of captured folders."""

    def __init__(self, folder: str, places: Places) -> None:
        self.folder = folder
        self._places = places
        self._validity = 0
        self._seen: dict[int, Mark] = {}
        self.uids: dict[int, int] = {}  # where each message lies now
        self.marks: dict[int, Mark] = {}  # also of messages that lie there no more

    def look(self, client: IMAPClient, since: date, ids: Mapping[str, int]) -> None:
        """See what has come and gone; ``ids`` are the messages that may be meant, by their IDs in the archive."""
        with asking(client, f"the folder {self.folder} cannot be read"):
            validity = int(client.select_folder(self.folder, readonly=True)[b"UIDVALIDITY"])
            if validity != self._validity:
                self._validity, self._seen = validity, {}
            there = set(client.search(["SINCE", since]))
            self._seen = {uid: mark for uid, mark in self._seen.items() if uid in there}
            self._seen |= marks_of(client, there - self._seen.keys())
        known = self._places(validity)
        self.uids = {}
        for uid in sorted(self._seen):
            mark = self._seen[uid]
            seq = known.get(uid) if known is not None else ids.get(_id_in(mark[0]))
            if seq is not None:
                self.uids[seq], self.marks[seq] = uid, mark

    def flags(self, client: IMAPClient, seqs: Iterable[int]) -> dict[int, frozenset[bytes]]:
        """Return the flags of some messages; the folder is open."""
        uids = {self.uids[seq]: seq for seq in seqs if seq in self.uids}
        found: dict[int, frozenset[bytes]] = {}
        with asking(client, f"the flags in {self.folder} cannot be read"):
            for chunk in chunks(uids):
                for uid, answer in client.fetch(chunk, ["FLAGS"]).items():
                    if uid in uids and b"FLAGS" in answer:
                        found[uids[uid]] = frozenset(answer[b"FLAGS"])
        return found

    def open(self, client: IMAPClient, *, readonly: bool) -> bool:
        """Open the folder; False where it is not the one that was looked at any more."""
        with asking(client, f"the folder {self.folder} cannot be opened"):
            return int(client.select_folder(self.folder, readonly=readonly)[b"UIDVALIDITY"]) == self._validity


def marks_of(client: IMAPClient, uids: Iterable[int]) -> dict[int, Mark]:
    """Return what marks each message of the folder that is open."""
    found: dict[int, Mark] = {}
    for chunk in chunks(uids):
        for uid, answer in client.fetch(chunk, _ASKED).items():
            mark = _mark_in(answer)
            if mark is not None:
                found[uid] = mark
    return found


def chunks(uids: Iterable[int]) -> Iterable[list[int]]:
    """Cut UIDs into lists that a command line can hold."""
    ordered = sorted(uids)
    for at in range(0, len(ordered), _BATCH):
        yield ordered[at : at + _BATCH]


def _mark_in(answer: Mapping[bytes, Any]) -> Mark | None:
    block = next((value for key, value in answer.items() if key.upper().startswith(b"BODY[HEADER")), None)
    size, at = answer.get(b"RFC822.SIZE"), answer.get(b"INTERNALDATE")
    if not isinstance(block, bytes) or not isinstance(size, int) or not isinstance(at, datetime):
        return None
    return block, size, at


def _id_in(block: bytes) -> str:
    """Return the ID in the topmost field of ours."""
    for line in block.splitlines():
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"x-docket-id":
            return value.partition(b";")[0].strip().decode("ascii", "replace")
    return ""

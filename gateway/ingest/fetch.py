"""A folder of an IMAP account, taken in once: every message by its UID, byte for byte, leaving the folder as it was.

A cursor says how far a folder has been read. It moves only past messages that are archived, so that after a crash the
same messages come again, and the archive knows them by their bytes. A folder whose UIDVALIDITY has changed is read
from the start for the same reason (RFC 3501 section 2.3.1.1).
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from imaplib import IMAP4
from typing import Any

from imapclient import IMAPClient

from gateway.clock import Clock
from gateway.errors import Temporary
from gateway.mail.entry import Envelope
from gateway.receipt import Accept

log = logging.getLogger(__name__)

_BATCH = 50
_BATCH_BYTES = 32 * 1024 * 1024
_MESSAGE_BYTES = 200 * 1024 * 1024
_WHOLE = b"BODY[]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """How far a folder has been read: everything below ``next_uid`` is archived, gone or named as unread."""

    uidvalidity: int = 0
    next_uid: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What one batch brought. Keep ``cursor``: with it the next run goes on from here."""

    cursor: Cursor
    archived: int = 0
    existing: int = 0  # the same bytes were in the archive before
    unread: tuple[tuple[int, str], ...] = ()  # UIDs the server did not give us, and why


def fetch_folder(
    client: IMAPClient,
    folder: str,
    cursor: Cursor,
    accept: Accept,
    *,
    account: str,
    clock: Clock,
    mailbox: str = "",
    sent: bool = False,
) -> Iterator[Fetched]:
    """Take in what a folder holds beyond the cursor; yields after each batch, when all of it is on disk.

    ``account`` names the account in each message's origin; ``sent`` marks a folder of what the seller wrote. The client
    must be logged in and belongs to the caller's thread. Raises Temporary when the server fails, and whatever
    ``accept`` fails with; the last cursor yielded stays good.
    """
    client.normalise_times = False  # else INTERNALDATE loses its zone
    try:
        cursor = _opened(client, folder, cursor)
        # A server answers n:* with its last message even where that lies below n.
        found = [uid for uid in client.search(["UID", f"{cursor.next_uid}:*"]) if uid >= cursor.next_uid]
        for batch, sizes in _batches(client, sorted(found)):
            answers = _ask(client, batch, sizes)
            waiting = []
            for uid in batch:
                if _WHOLE not in answers.get(uid, {}):
                    continue
                envelope = Envelope(
                    source="fetch",
                    mailbox=mailbox,
                    received_at=clock.now(),
                    occurred_at=_utc(answers[uid].get(b"INTERNALDATE")),
                    occurred_from="internaldate",
                    origin=f"{account}/{folder}/{cursor.uidvalidity}/{uid}",
                    flags=tuple(flag.decode("ascii", "replace") for flag in answers[uid].get(b"FLAGS", ())),
                    sent=sent,
                )
                waiting.append(accept(answers[uid][_WHOLE], envelope))
            receipts = [one.result() for one in waiting]
            # From here every message of the batch is on disk, and the cursor may move past it.
            cursor = Cursor(uidvalidity=cursor.uidvalidity, next_uid=batch[-1] + 1)
            existing = sum(one.existing for one in receipts)
            unread = tuple(_unread(client, batch, answers, sizes))
            log.info("fetched messages=%d existing=%d unread=%d", len(receipts), existing, len(unread))
            yield Fetched(cursor=cursor, archived=len(receipts) - existing, existing=existing, unread=unread)
    except (IMAP4.error, OSError) as wrong:
        raise Temporary(f"reading {folder} of {account} failed: {wrong}; run it again to go on") from wrong


def _opened(client: IMAPClient, folder: str, cursor: Cursor) -> Cursor:
    """Open the folder for reading only and return the cursor that holds for it now."""
    uidvalidity = int(client.select_folder(folder, readonly=True)[b"UIDVALIDITY"])
    return cursor if cursor.uidvalidity == uidvalidity else Cursor(uidvalidity=uidvalidity)


def _batches(client: IMAPClient, uids: Sequence[int]) -> Iterator[tuple[list[int], dict[int, int]]]:
    """Group UIDs in order, so that a batch is neither long nor heavy; each comes with the sizes the server names."""
    for at in range(0, len(uids), _BATCH):
        answers = client.fetch(uids[at : at + _BATCH], ["RFC822.SIZE"])
        sizes = {uid: int(answers.get(uid, {}).get(b"RFC822.SIZE", 0)) for uid in uids[at : at + _BATCH]}
        batch: list[int] = []
        weight = 0
        for uid, size in sizes.items():
            if batch and weight + size > _BATCH_BYTES:
                yield batch, sizes
                batch, weight = [], 0
            batch.append(uid)
            weight += size
        yield batch, sizes


def _ask(client: IMAPClient, batch: list[int], sizes: dict[int, int]) -> dict[int, dict[bytes, Any]]:
    """Fetch the messages of a batch; what the server leaves out in company is asked for alone."""
    wanted = [uid for uid in batch if sizes[uid] <= _MESSAGE_BYTES]
    items = ["BODY.PEEK[]", "FLAGS", "INTERNALDATE"]
    answers = dict(client.fetch(wanted, items)) if wanted else {}
    for uid in wanted:
        if answers.get(uid, {}).get(_WHOLE) is None:
            answers[uid] = dict(client.fetch([uid], items).get(uid, {}))
            if answers[uid].get(_WHOLE) is None:
                del answers[uid]
    return answers


def _unread(
    client: IMAPClient, batch: list[int], answers: dict[int, dict[bytes, Any]], sizes: dict[int, int]
) -> Iterator[tuple[int, str]]:
    """Name the messages that are there and were not given; one that is gone was deleted meanwhile."""
    missing = [uid for uid in batch if uid not in answers]
    if not missing:
        return
    still = set(client.search(["UID", ",".join(map(str, missing))]))
    for uid in missing:
        if sizes[uid] > _MESSAGE_BYTES:
            yield uid, f"has {sizes[uid]} bytes; {_MESSAGE_BYTES} are taken at most"
        elif uid in still:
            yield uid, "is listed by the server but not given out"


def _utc(at: datetime | None) -> datetime | None:
    return at.astimezone(UTC) if at is not None and at.tzinfo is not None else None

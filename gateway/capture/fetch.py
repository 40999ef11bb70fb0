"""A folder of an IMAP account, taken in: every message by its UID, byte for byte, leaving the folder as it was.

The place of each message - account, folder, UIDVALIDITY, UID - is archived with it, so that how far a folder has been
read can be told from the archive alone. A crash between fetch and archive fetches again; one between archive and mark
does too, and the archive knows the same bytes. A folder whose UIDVALIDITY has changed is read from the start for the
same reason (RFC 3501 section 2.3.1.1).
"""

import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from imapclient import IMAPClient

from gateway.capture.folder import Opened, Source
from gateway.capture.session import NotNow, asking
from gateway.clock import Clock
from gateway.errors import Permanent, Temporary
from gateway.mail.entry import Envelope
from gateway.receipt import Accept, Receipt

log = logging.getLogger(__name__)

_SIZED = 500  # messages whose sizes are asked for together
_BATCH = 100
_BATCH_BYTES = 16 * 1024 * 1024
_MESSAGE_BYTES = 200 * 1024 * 1024
_SLACK_BYTES = 4 * 1024 * 1024  # servers are wrong about sizes, Exchange for one
_TRIES = 3
_FAULT, _NOT_NOW = 4, 1  # how heavily a try weighs that broke, and one that the server put off
TROUBLE = _TRIES * _FAULT  # at so much a message is given up on
LAST_TRY = TROUBLE - _FAULT
_WHOLE = b"BODY[]"
_ITEMS = ("BODY.PEEK[]", "FLAGS", "INTERNALDATE")  # PEEK, else the message would count as read


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What one batch brought. Everything below ``next_uid`` is archived, gone, or named in some ``unread``."""

    next_uid: int
    archived: int = 0
    existing: int = 0  # the same bytes were in the archive before
    unread: tuple[tuple[int, str], ...] = ()  # UIDs the server did not give us, and why
    newest_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Batch:
    uids: list[int]
    receipts: dict[int, Future[Receipt]]
    unread: tuple[tuple[int, str], ...]
    newest_at: datetime | None

    def wait(self) -> Fetched:
        receipts, refused = [], []
        for uid, one in self.receipts.items():
            try:
                receipts.append(one.result())
            except Permanent as wrong:  # trying it again would not help, and must not stop the others
                refused.append((uid, f"is refused by the archive: {wrong}"))
        # From here every message of the batch is on disk or named, and the mark may move past it.
        unread = (*self.unread, *refused)
        existing = sum(one.existing for one in receipts)
        log.info("fetched messages=%d existing=%d unread=%d", len(receipts), existing, len(unread))
        return Fetched(
            next_uid=self.uids[-1] + 1,
            archived=len(receipts) - existing,
            existing=existing,
            unread=unread,
            newest_at=self.newest_at,
        )


def fetch(
    client: IMAPClient, opened: Opened, uids: Sequence[int], accept: Accept, *, clock: Clock
) -> Iterator[Fetched]:
    """Take in messages of the open folder, in the order given; yields after each batch, when all of it is on disk.

    While one batch is written the next is fetched. Raises Temporary when the server fails, and whatever ``accept`` fails
    with; what was yielded before stays good.
    """
    before: _Batch | None = None
    for uids_, sizes in _batches(client, opened, uids):
        try:
            answers = _ask(client, opened, uids_, sizes)
            unread = tuple(_unread(client, opened, uids_, answers, sizes))
        except Temporary:
            if before is not None:
                yield before.wait()
            raise
        given = [uid for uid in uids_ if uid in answers]
        envelopes = [_envelope(opened, uid, answers[uid], clock) for uid in given]
        receipts = {
            uid: _accepted(accept, answers[uid][_WHOLE], envelope)
            for uid, envelope in zip(given, envelopes, strict=True)
        }
        if before is not None:
            yield before.wait()
        times = [one.occurred_at for one in envelopes if one.occurred_at is not None]
        before = _Batch(uids_, receipts, unread, max(times, default=None))
    if before is not None:
        yield before.wait()


def _accepted(accept: Accept, raw: bytes, envelope: Envelope) -> Future[Receipt]:
    """Hand a message in; what the archive refuses at once, it refuses as it would later."""
    try:
        return accept(raw, envelope)
    except Permanent as wrong:
        refused: Future[Receipt] = Future()
        refused.set_exception(wrong)
        return refused


def _batches(
    client: IMAPClient, opened: Opened, uids: Sequence[int]
) -> Iterator[tuple[list[int], dict[int, int]]]:
    """Group UIDs in order, so that a batch is neither long nor heavy; each comes with the sizes the server names."""
    for at in range(0, len(uids), _SIZED):
        some = list(uids[at : at + _SIZED])
        with asking(client, f"the sizes of messages in {opened.source.place} cannot be told"):
            answers = client.fetch(some, ["RFC822.SIZE"])
            sizes = {uid: int(answers.get(uid, {}).get(b"RFC822.SIZE", 0)) for uid in some}
        batch: list[int] = []
        weight = 0
        for uid, size in sizes.items():
            alone = opened.trouble.get(uid, 0) >= _FAULT
            if batch and (alone or weight + size > _BATCH_BYTES or len(batch) == _BATCH):
                yield batch, sizes
                batch, weight = [], 0
            batch.append(uid)
            weight += size
            if alone:
                yield batch, sizes
                batch, weight = [], 0
        if batch:
            yield batch, sizes


def _ask(
    client: IMAPClient, opened: Opened, batch: list[int], sizes: dict[int, int]
) -> dict[int, dict[bytes, Any]]:
    """Fetch the messages of a batch; what the server leaves out in company is asked for alone."""
    wanted = [uid for uid in batch if sizes[uid] <= _MESSAGE_BYTES and opened.trouble.get(uid, 0) < TROUBLE]
    if not wanted:
        return {}
    answers = _ask_for(client, opened, wanted, sizes)
    for uid in wanted:
        if uid not in answers:
            answers.update(_ask_for(client, opened, [uid], sizes))
    return answers


def _ask_for(
    client: IMAPClient, opened: Opened, uids: list[int], sizes: dict[int, int]
) -> dict[int, dict[bytes, Any]]:
    for uid in uids:
        opened.trouble[uid] = opened.trouble.get(uid, 0) + _FAULT  # before the question: it may be our end
    most = 2 * sum(sizes[uid] for uid in uids) + _SLACK_BYTES
    # The last try is for the message alone: its date or its flags may be what nobody can read.
    items = _ITEMS if len(uids) > 1 or opened.trouble[uids[0]] < TROUBLE else _ITEMS[:1]
    try:
        with asking(client, f"fetching from {opened.source.place} failed at UID {uids[0]}", most):
            answers = {
                uid: answer
                for uid, answer in client.fetch(uids, items).items()
                if answer.get(_WHOLE) is not None
            }
    except NotNow:
        for uid in uids:
            opened.trouble[uid] += _NOT_NOW - _FAULT
        raise
    for uid in uids:
        del opened.trouble[uid]
    return answers


def _unread(
    client: IMAPClient,
    opened: Opened,
    batch: list[int],
    answers: dict[int, dict[bytes, Any]],
    sizes: dict[int, int],
) -> Iterator[tuple[int, str]]:
    """Name the messages that are there and were not given; one that is gone was deleted meanwhile."""
    missing = [uid for uid in batch if uid not in answers]
    if not missing:
        return
    with asking(client, f"the list of messages in {opened.source.place} failed"):
        still = set(client.search(["UID", ",".join(map(str, missing))]))
    for uid in missing:
        if sizes[uid] > _MESSAGE_BYTES:
            yield uid, f"has {sizes[uid]} bytes; {_MESSAGE_BYTES} are taken at most"
        elif opened.trouble.get(uid, 0) >= TROUBLE:
            yield uid, f"ended the connection each of the {_TRIES} times that it was asked for"
        elif uid in still:
            yield uid, "is listed by the server but not given out"


def _envelope(opened: Opened, uid: int, answer: dict[bytes, Any], clock: Clock) -> Envelope:
    source, arrived = opened.source, _utc(answer.get(b"INTERNALDATE"))
    live = _is_new(source, arrived)
    return Envelope(
        source="fetch",
        rcpt_to=(source.mailbox,) if live and source.deliver else (),
        mailbox=source.mailbox,
        agent=source.agent if source.sent else "",
        received_at=clock.now(),
        occurred_at=arrived,
        occurred_from="internaldate",
        origin=f"{source.place}/{opened.uidvalidity}/{uid}",
        flags=tuple(
            str(flag, "ascii", "replace")
            for flag in answer.get(b"FLAGS", ())
            if isinstance(flag, bytes) and flag != b"\\Recent"  # of our connection, not of the message
        ),
        sent=source.sent,
        live=live,
    )


def _is_new(source: Source, arrived: datetime | None) -> bool:
    """Say whether a message came while the folder was watched. What was sent from elsewhere asks for nothing.

    Where it cannot be told the agents get the message: one that they know costs a look, one that they never see costs a claim.
    INTERNALDATE counts whole seconds, so the second in which the watch began is its first.
    """
    if source.sent or source.live_from is None:
        return False
    return arrived is None or arrived >= source.live_from.replace(microsecond=0)


def _utc(at: Any) -> datetime | None:
    try:
        return at.astimezone(UTC) if isinstance(at, datetime) and at.tzinfo is not None else None
    except OverflowError:  # in the first or the last hours that a calendar has
        return None

"""Checkpoints handed to others to keep: written to folders and mailed to people, each writing an entry of its own.

What somebody else keeps, nobody can change by putting back this machine's disks: ``docket witness check`` holds it against the log.
"""

import logging
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from gateway.archive.archive import Archive
from gateway.clock import Clock
from gateway.errors import DocketError, Temporary
from gateway.mail.canonical import canonical
from gateway.mail.entry import Draft
from gateway.relay.notice import Letterhead, notice
from gateway.relay.transport import Delivered, Transport, Unknown
from gateway.stamping import OUTWARD

log = logging.getLogger(__name__)

TYPE = "witness"
_AGAIN_S = 300.0
_LOOK_S = 60.0


class NotWitnessed(Temporary):
    """One witness did not get the checkpoint, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One writing: to whom, when, and of how many entries."""

    to: str
    at: datetime
    size: int


class _Recorded(msgspec.Struct, frozen=True):
    to: str
    at: datetime
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """One place where checkpoints go; ``hand`` raises NotWitnessed and returns what was done, in a few words."""

    to: str
    hand: Callable[[str, datetime], str]


class Witnessing:
    """Hands one log's checkpoints out. For one thread at a time."""

    def __init__(self, archive: Archive, witnesses: Sequence[Witness], clock: Clock) -> None:
        self._archive, self._witnesses, self._clock = archive, witnesses, clock
        self._last: dict[str, Told] | None = None

    def hand_out(
        self, *, every_s: float = 0.0, always: bool = False
    ) -> tuple[list[Told], list[NotWitnessed]]:
        """Hand the newest checkpoint to each witness whose time has come; return what was done, and what was not.

        Raises what the archive raises when an entry cannot be written.
        """
        if self._last is None:
            self._last = last_told(self._archive)
        end, now = self._archive.tail_of(OUTWARD), self._clock.now()
        told: list[Told] = []
        failed: list[NotWitnessed] = []
        for one in self._witnesses:
            last = self._last.get(one.to)
            due = last is None or (last.size < end and now - last.at >= timedelta(seconds=every_s))
            if not (due or always):
                continue
            note = self._archive.checkpoint()
            try:
                how = one.hand(note, now)
            except NotWitnessed as wrong:
                log.warning("not-witnessed to=%s error=%s", one.to, wrong)
                failed.append(wrong)
                continue
            done = Told(to=one.to, at=now, size=int(note.split("\n")[1]))
            payload = {"at": now, "checkpoint": note, "how": how, "size": done.size, "to": one.to}
            self._archive.append(Draft(type=TYPE, payload=canonical(payload), meta={}))
            self._last[one.to] = done
            told.append(done)
        return told, failed

    @contextmanager
    def kept(self, *, every_s: float) -> Iterator[None]:
        """Hand out for as long as the context is open; a witness that is away is tried again soon."""
        ended = threading.Event()

        def keep() -> None:
            pause = 0.0
            while not ended.wait(pause):
                failed: object = ()
                try:
                    _, failed = self.hand_out(every_s=every_s)
                except DocketError as wrong:
                    if not ended.is_set():
                        log.warning("not-witnessed error=%s", wrong)
                pause = min(_AGAIN_S if failed else _LOOK_S, every_s)

        threading.Thread(target=keep, name="witnessing", daemon=True).start()
        try:
            yield
        finally:
            ended.set()


def last_told(archive: Archive) -> dict[str, Told]:
    """Return each witness's newest checkpoint, as the log's own entries tell of it."""
    found: dict[str, Told] = {}
    for entry in archive.entries_of_type(TYPE):
        try:
            one = msgspec.json.decode(entry.payload, type=_Recorded)
        except msgspec.DecodeError:
            continue
        found[one.to] = Told(to=one.to, at=one.at, size=one.size)
    return found


def folder_witness(folder: Path, vkey: str) -> Witness:
    """Return what writes checkpoints to a folder, each as a file of its own beside the log's public key.

    The folder is never made: a drive that is not mounted must not be taken for one that is.
    """

    def hand(note: str, at: datetime) -> str:
        origin, size, _ = note.split("\n", 2)
        stem = re.sub(r"[^A-Za-z0-9.-]+", "-", origin)[:60]
        name = f"{stem}-{at:%Y%m%dT%H%M%SZ}-{size}.checkpoint.txt"
        try:
            if not folder.is_dir():
                raise NotWitnessed(f"witness {folder}: there is no such folder; mount the drive, or make it")
            for each, text in ((f"{stem}.vkey", vkey + "\n"), (name, note)):
                part = folder / f".{each}.part"
                part.write_text(text, encoding="utf-8")
                part.replace(folder / each)
        except OSError as wrong:
            raise NotWitnessed(f"witness {folder}: cannot be written: {wrong.strerror}") from wrong
        return name

    return Witness(to=str(folder), hand=hand)


def mail_witness(address: str, send: Transport | None, vkey: str, *, sender: str, hostname: str) -> Witness:
    """Return what mails checkpoints to an outside address, with the words for whoever opens it years later."""

    def hand(note: str, at: datetime) -> str:
        if send is None:
            raise NotWitnessed(
                f"witness {address}: no mailbox has a way out; set relay of one, or witness.mailbox"
            )
        origin, size, root = note.split("\n")[:3]
        lines = [
            f"At {at:%Y-%m-%d %H:%M} UTC the mail archive {origin} had {size} entries under the tree hash",
            f"{root}.",
            "",
            "Please keep this mail; there is nothing else to do. It holds no message and nothing personal. Whoever doubts the",
            "archive later asks for it: the attached checkpoint shows whether the archive still contains what it did today.",
            "With the archive at hand:  docket witness check THIS-MAIL.eml",
        ]
        files = [("checkpoint.txt", note.encode()), ("log.vkey", f"{vkey}\n".encode())]
        subject = f"Checkpoint of {origin}: {size} entries"
        name = f"{at:%Y%m%d%H%M%S%f}-witness"
        head = Letterhead(sender=sender, to=(address,), name=name, hostname=hostname, at=at)
        raw = notice(subject, lines, head, files=files)
        (outcome,) = send.send(raw, sender, (address,))
        if not isinstance(outcome, Delivered | Unknown):
            raise NotWitnessed(f"witness {address}: {outcome.reply}")
        return outcome.reply

    return Witness(to=address, hand=hand)

"""Keeping the log stamped: outside authorities sign its checkpoint while it grows, and what they say becomes an entry.

So each message is shown to have existed within minutes of its arrival, also when its sender's keys are long gone.
"""

import base64
import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from gateway.archive.archive import Archive
from gateway.errors import DocketError
from gateway.mail.canonical import canonical
from gateway.mail.entry import Draft
from gateway.timestamp.authority import Authority, Stamp
from gateway.timestamp.token import NoStamp

log = logging.getLogger(__name__)

TYPE = "timestamp"
OUTWARD = frozenset(
    {TYPE, "witness"}
)  # entries that tell of the log itself: nothing to stamp, nothing to witness
_AGAIN_S = 60.0


class Stamping:
    """Stamps one log. For one thread at a time."""

    def __init__(self, archive: Archive, authorities: Sequence[Authority]) -> None:
        self._archive = archive
        self._authorities = authorities
        self._stamped = dict.fromkeys((one.name for one in authorities), 0)  # how far each has signed

    def stamp(self, *, always: bool = False) -> tuple[list[Stamp], list[NoStamp]]:
        """Ask each authority that has not signed for the newest entries; return what came, and what did not.

        Stamps themselves are nothing to stamp. Raises what the archive raises when the entries cannot be written.
        """
        end = self._archive.tail_of(OUTWARD)
        asked = [one for one in self._authorities if always or self._stamped[one.name] < end]
        if not asked or not end:
            return [], []
        note = self._archive.checkpoint()
        found: list[Stamp] = []
        failed: list[NoStamp] = []
        for one in asked:
            try:
                stamp = one.stamp(note.encode())
            except NoStamp as wrong:
                log.warning("not-stamped %s", wrong)
                failed.append(wrong)
                continue
            self._archive.append(_draft(note, stamp, one.certificates))
            self._stamped[one.name] = end
            found.append(stamp)
        return found, failed

    @contextmanager
    def kept(self, *, every_s: float) -> Iterator[None]:
        """Stamp for as long as the context is open; an authority that is away is asked again soon.

        The end does not wait for an authority that is slow: its word would come too late to be written down.
        """
        ended = threading.Event()

        def keep() -> None:
            pause = 0.0
            while not ended.wait(pause):
                failed: object = ()
                try:
                    _, failed = self.stamp()
                except DocketError as wrong:
                    if not ended.is_set():
                        log.warning("not-stamped error=%s", wrong)
                pause = min(_AGAIN_S, every_s) if failed else every_s

        threading.Thread(target=keep, name="stamping", daemon=True).start()
        try:
            yield
        finally:
            ended.set()


def _draft(note: str, stamp: Stamp, certificates: bytes) -> Draft:
    payload = {
        "at": stamp.at,
        "authority": stamp.authority,
        "certificates": certificates.decode("ascii"),
        "checkpoint": note,
        "response": base64.b64encode(stamp.response).decode("ascii"),
        "size": int(note.split("\n")[1]),
    }
    return Draft(type=TYPE, payload=canonical(payload), meta={})

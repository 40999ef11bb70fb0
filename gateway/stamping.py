"""Keeping the log stamped: outside authorities sign its checkpoint while it grows, and what they say becomes an entry.

So each message is shown to have existed within minutes of its arrival, also when its sender's keys are long gone.
"""

import base64
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
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
    """Stamps one log. For one thread at a time.

    Where an authority's time is more than ``off_most_s`` from ours, ``tell`` is given a subject and words for people; it
    returns whether they have been sent. 0 is never.
    """

    def __init__(
        self,
        archive: Archive,
        authorities: Sequence[Authority],
        *,
        off_most_s: float = 60.0,
        tell: Callable[[str, str], bool] | None = None,
    ) -> None:
        self._archive = archive
        self._authorities = authorities
        self._off_most_s = off_most_s
        self._tell = tell
        self._told: set[str] = set()  # of whose time people know already that it is another than ours
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
            self._compare(stamp)
            found.append(stamp)
        return found, failed

    def _compare(self, stamp: Stamp) -> None:
        """Tell people once when our clock goes wrong: every time in the record rests on it."""
        if not self._off_most_s or abs(stamp.off_s) <= self._off_most_s:
            self._told.discard(stamp.authority)
            return
        log.warning("clocks-differ authority=%s ours_ahead_s=%.0f", stamp.authority, stamp.off_s)
        if self._tell is not None and stamp.authority not in self._told:
            side = "ahead of" if stamp.off_s > 0 else "behind"
            words = (
                f"This machine's clock is {abs(stamp.off_s):.0f} s {side} the time-stamp authority {stamp.authority}. "
                "What is archived now carries that wrong time.\n\n"
                "What to do: let the machine follow a time server (timedatectl set-ntp true), then run `docket doctor`."
            )
            if self._tell("the clock is wrong", words):
                self._told.add(stamp.authority)

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
        "off_s": round(stamp.off_s),
        "response": base64.b64encode(stamp.response).decode("ascii"),
        "size": int(note.split("\n")[1]),
    }
    return Draft(type=TYPE, payload=canonical(payload), meta={})

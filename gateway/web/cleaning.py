"""A message's HTML made harmless in a child process with limits: mail that is built to tangle a parser costs its own HTML only."""

import contextlib
import hashlib
import threading
import time
from dataclasses import dataclass

import msgspec

from gateway.respondent import Respondent, begin

SECONDS = 10.0
_REMEMBERED = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A message whose HTML is wanted, and whether with the pictures that came with it."""

    raw: bytes
    pictures: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleaned:
    """A message's HTML, safe to show, where it ``has_html``; what is ``tangled`` is too much to be made so."""

    has_html: bool = False
    tangled: bool = False
    html: str = ""
    remote_images: int = 0
    links: tuple[str, ...] = ()


class Cleaner:
    """Cleans for pages, one message at a time, in a child that is started for the first. Safe in threads.

    What took too long, or ended the child, is remembered: it is not tried again.
    """

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._one = threading.Lock()
        self._child: Respondent | None = None
        self._tangled: dict[bytes, None] = {}

    def clean(self, raw: bytes, pictures: bool) -> Cleaned:
        """Return the HTML of a message, made harmless."""
        known = hashlib.sha256(raw).digest()
        with self._one:
            if known not in self._tangled:
                if (cleaned := self._ask(Wanted(raw=raw, pictures=pictures))) is not None:
                    return cleaned
                self._tangled[known] = None
                if len(self._tangled) > _REMEMBERED:
                    del self._tangled[next(iter(self._tangled))]
        return Cleaned(has_html=True, tangled=True)

    def close(self) -> None:
        """End the child."""
        with self._one:
            self._end()

    def _ask(self, wanted: Wanted) -> Cleaned | None:
        child = self._child = self._child or begin("gateway.web.cleaner")
        child.write(msgspec.msgpack.encode(wanted))
        frame = child.answer(time.monotonic() + self._seconds)
        with contextlib.suppress(msgspec.DecodeError):
            if frame is not None:
                return msgspec.msgpack.decode(frame, type=Cleaned)
        self._end()
        return None

    def _end(self) -> None:
        if self._child is not None:
            self._child.end()
            self._child = None

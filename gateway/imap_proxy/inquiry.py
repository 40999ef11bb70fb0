"""A question of our own to the server between two commands of the client's: its answer is ours, all else goes on to the client."""

import asyncio
import re

from gateway.imap_proxy.wire import Octets, Text

# What our questions are answered with. A fetch that tells more than was asked is news that the client is owed.
_ANSWER = re.compile(
    rb"\* (?:SEARCH\b|ESEARCH\b|[0-9]+ FETCH \((?=[^\r\n]*(?:\bUID |X-DOCKET-ID))(?![^\r\n]*\bFLAGS ))",
    re.IGNORECASE,
)
_NEWS = re.compile(rb"\* [0-9]+ FETCH \([^\r\n]*\bUID ", re.IGNORECASE)
_MOST_BYTES = 16 * 1024 * 1024


class Inquiry:
    """One question under way. ``tag`` is one that no client can guess."""

    def __init__(self, tag: bytes) -> None:
        self.tag = tag
        self.done: asyncio.Future[list[bytes]] = asyncio.get_running_loop().create_future()
        self._answer: list[bytearray] = []
        self._ours = self._kept = False
        self._bytes = 0

    def take(self, event: Text | Octets) -> bool:
        """Take what the server sends; return whether it is ours alone."""
        if isinstance(event, Text) and event.begins:
            line = event.data
            if line.startswith(self.tag + b" "):
                if not self.done.done():
                    self.done.set_result([bytes(one) for one in self._answer])
                return True
            self._ours = _ANSWER.match(line) is not None
            self._kept = self._ours or _NEWS.match(line) is not None
            if self._kept:
                self._answer.append(bytearray())
        if self._kept and self._bytes < _MOST_BYTES:
            self._bytes += len(event.data)
            self._answer[-1] += event.data
        return self._ours

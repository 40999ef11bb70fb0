"""The words of texts between reading and indexing: made in the children that read, taken by whoever indexes."""

import threading

from index.analyzer import Analysis

_CHARS = 64 << 20


class Analyses:
    """Where the readers' analyses wait for the index. The oldest give way; what is gone is made again from the text."""

    def __init__(self, chars: int = _CHARS) -> None:
        self._room = chars
        self._waiting: dict[int, Analysis] = {}
        self._lock = threading.Lock()

    def put(self, seq: int, analysis: Analysis) -> None:
        with self._lock:
            self._pop(seq)
            self._waiting[seq] = analysis
            self._room -= _size(analysis)
            while self._room < 0:
                self._pop(next(iter(self._waiting)))

    def take(self, seq: int) -> Analysis | None:
        with self._lock:
            return self._pop(seq)

    def _pop(self, seq: int) -> Analysis | None:
        found = self._waiting.pop(seq, None)
        if found is not None:
            self._room += _size(found)
        return found


def _size(analysis: Analysis) -> int:
    """Return about how many characters an analysis holds; its vocabulary is made of its words."""
    return 2 * len(analysis.words) + len(analysis.stems)

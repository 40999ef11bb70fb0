"""Pictures of attached files for pages: drawn by one child process with limits, one file at a time. Nothing of a file itself is shown."""

import threading

from gateway.extraction import Extract, Extractor, Opening
from gateway.mail.pictures import KINDS

_SECONDS = 10.0
_MEMORY = 1024**3


def can_be_shown(content_type: str) -> bool:
    """Say whether a file of this type may have a picture."""
    return content_type in KINDS or content_type == "application/pdf"


class Previews:
    """Draws files for pages. Safe in threads."""

    def __init__(self) -> None:
        self._extractor = Extractor(Opening(seconds=_SECONDS, memory_bytes=_MEMORY))
        self._one = threading.Lock()

    def draw(self, content: bytes, content_type: str, page: int) -> Extract:
        """Return a page of a file as a picture, counted from 1; one that cannot be drawn has none."""
        with self._one:
            return self._extractor.draw(content, content_type, page)

    def close(self) -> None:
        with self._one:
            self._extractor.close()

"""The bytes between DATA and the final dot, taken in bulk. Pure: chunks in, one message out.

Only ``CRLF . CRLF`` ends a message (RFC 5321 section 4.1.1.4). A CR or LF that stands alone makes the whole message
unacceptable, whatever stands around it: where servers disagree about such bytes, a second message can hide in the
first ("SMTP smuggling"). A NUL is kept: the archive holds what was sent, byte for byte.
"""

from typing import Final

_END: Final = b"\r\n.\r\n"


class Body:
    """One message as it arrives. Feed it until ``feed`` returns what follows the message; then read ``content()``.

    Memory stays below four thirds of ``message_bytes`` (the most that dot-stuffing can add) and one chunk.
    """

    def __init__(self, *, message_bytes: int, line_bytes: int) -> None:
        self._message_bytes = message_bytes
        self._line_bytes = line_bytes
        self._wire_bytes = message_bytes + message_bytes // 3 + 8
        self._held = bytearray(b"\r\n")  # the CRLF of the DATA line: a dot may stand first (section 4.5.2)
        self.received_bytes = 0
        self.too_big = False

    def feed(self, chunk: bytes) -> bytes | None:
        """Take a chunk; return the bytes after the final dot (often none), or None while the message goes on."""
        held = self._held
        searched = max(0, len(held) - len(_END) + 1)
        held += chunk
        self.received_bytes += len(chunk)
        end = held.find(_END, searched)
        if end < 0:
            if len(held) > self._wire_bytes:
                # Told at the end, when the client listens; until then only what may begin the final dot is kept.
                self.too_big = True
                del held[: 1 - len(_END)]
            return None
        rest = bytes(held[end + len(_END) :])
        del held[end + 2 :]
        return rest

    def content(self) -> tuple[bytes, str]:
        """Return the message without stuffed dots, and the reply that refuses it ("" when it may be taken)."""
        held = self._held.replace(b"\r\n.", b"\r\n") if b"\r\n." in self._held else self._held
        content = bytes(memoryview(held)[2:])
        if self.too_big or len(content) > self._message_bytes:
            return b"", f"552 5.3.4 Message is larger than {self._message_bytes} bytes"
        pairs = content.count(b"\r\n")
        if content.count(b"\n") != pairs or content.count(b"\r") != pairs:
            return (
                b"",
                "554 5.6.0 Message holds a bare CR or LF; lines must end with CR LF (RFC 5321 section 2.3.8)",
            )
        if _has_long_line(content, self._line_bytes):
            return b"", f"554 5.6.0 Message holds a line longer than {self._line_bytes} bytes"
        return content, ""


def _has_long_line(content: bytes, line_bytes: int) -> bool:
    """Say whether any line, without its CRLF, is longer; leaps from line end to line end, not from line to line."""
    start = 0
    while len(content) - start > line_bytes:
        end = content.rfind(b"\r\n", start, start + line_bytes + 2)
        if end < 0:
            return True
        start = end + 2
    return False

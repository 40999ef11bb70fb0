"""What a message's attachments say, read in a child process: a file built to kill its reader costs its own text only."""

import contextlib
import time
from dataclasses import dataclass, replace

import msgspec

from gateway.mail.attachment_kinds import has_bars, is_readable
from gateway.mail.message import Attachment, ParsedMail
from gateway.mail.parse import attachments_of
from gateway.respondent import Respondent, begin

_FILES_MAX = 20  # of a message that are opened
_BYTES_MAX = 20 * 1024 * 1024  # a larger one is not
_CHARS_MAX = 1_000_000  # of a message's attachments together


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What is looked for in attachments, and what it may cost: of a message, seconds; of the child, memory."""

    text: bool = True
    barcodes: bool = True
    seconds: float = 10.0
    memory_bytes: int = 1024**3


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One file to open, and what to look for in it."""

    content: bytes
    content_type: str
    filename: str
    text: bool = True
    barcodes: bool = True
    page: int = 0  # the one to draw, counted from 1; 0 is none


@dataclass(frozen=True, slots=True, kw_only=True)
class Extract:
    """What one file says; ``wrong`` says why it says nothing. ``picture`` is a JPEG, one of ``pages``."""

    text: str = ""
    barcodes: tuple[tuple[str, str], ...] = ()
    wrong: str = ""
    picture: bytes = b""
    pages: int = 0


class Extractor:
    """Opens attachments, one after the other, in a child that is started when the first one comes."""

    def __init__(self, opening: Opening) -> None:
        self._opening = opening
        self._child: Respondent | None = None

    def extend(self, mail: ParsedMail, raw: bytes) -> ParsedMail:
        """Return a message with what its attachments say. Never raises; what could not be read is a defect."""
        chosen = [file for file in mail.attachments if self._wants(file)]
        if not chosen:
            return mail
        defects = [] if len(chosen) <= _FILES_MAX else [f"only {_FILES_MAX} attachments are opened"]
        deadline = time.monotonic() + self._opening.seconds
        room = _CHARS_MAX
        said: dict[str, Extract] = {}
        wanted = {file.part: file for file in chosen[:_FILES_MAX]}
        for part, content in attachments_of(raw, frozenset(wanted)):
            file = wanted[part]
            extract = self._extract(file, content, deadline)
            extract = replace(extract, text=extract.text[:room])
            room -= len(extract.text)
            said[part] = extract
            if extract.wrong:
                defects.append(f"part {part}: the attached file {extract.wrong}")
        files = tuple(
            replace(file, text=said[file.part].text, barcodes=said[file.part].barcodes)
            if file.part in said
            else file
            for file in mail.attachments
        )
        return replace(mail, attachments=files, defects=(*mail.defects, *defects))

    def draw(self, content: bytes, content_type: str, page: int) -> Extract:
        """Return a page of a file as a picture; one that cannot be drawn has none."""
        if len(content) > _BYTES_MAX:
            return Extract(wrong="is too large to be shown")
        deadline = time.monotonic() + self._opening.seconds
        wanted = File(
            content=content, content_type=content_type, filename="", text=False, barcodes=False, page=page
        )
        return self._ask(wanted, deadline)

    def close(self) -> None:
        """End the child."""
        if self._child is not None:
            self._child.end()
            self._child = None

    def _wants(self, file: Attachment) -> bool:
        if file.size_bytes > _BYTES_MAX or not file.size_bytes:
            return False
        readable = self._opening.text and is_readable(file.content_type, file.filename)
        return readable or (self._opening.barcodes and has_bars(file.content_type))

    def _extract(self, file: Attachment, content: bytes, deadline: float) -> Extract:
        left = deadline - time.monotonic()
        if left <= 0:
            return Extract(wrong="is not opened: those before it took all the time there is")
        wanted = File(
            content=content,
            content_type=file.content_type,
            filename=file.filename,
            text=self._opening.text,
            barcodes=self._opening.barcodes,
        )
        return self._ask(wanted, deadline)

    def _ask(self, wanted: File, deadline: float) -> Extract:
        child = self._child = self._child or self._begin()
        child.write(msgspec.msgpack.encode(wanted))
        frame = child.answer(deadline)
        with contextlib.suppress(msgspec.DecodeError):
            if frame is not None:
                return msgspec.msgpack.decode(frame, type=Extract)
        self.close()
        late = time.monotonic() >= deadline
        return Extract(wrong="takes too long to read" if late else "ended its reader")

    def _begin(self) -> Respondent:
        child = begin("gateway.extractor")
        child.write(msgspec.msgpack.encode(self._opening))
        return child

"""Files that a browser sends in a form (RFC 7578), read as they come: refused at the first byte too many, and kept in memory alone.

No file of a buyer's is written to a disk before it is sealed. The form's token must come before the first file, so that
what is sent from another site is refused before any of it is taken.
"""

import asyncio
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING

from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header
from starlette.requests import Request

from gateway.tongue import _, marked
from gateway.web.once import is_form_of

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

_FIELD_BYTES = 16 * 1024
_PARTS = 40
_PATIENCE_S = 300.0
_AT_ONCE = 2
_FILE = "file"  # the one field that is a file
_BROKEN = marked("The form is broken. Load the page again.")


@dataclass(slots=True)
class Sent:
    """A file as it was sent; its name is anybody's word."""

    filename: str
    data: bytearray = field(default_factory=bytearray)


@dataclass(slots=True)
class Form:
    """What a form carried."""

    fields: dict[str, str] = field(default_factory=dict)
    files: list[Sent] = field(default_factory=list)


class Refused(Exception):
    """A form that is not taken; ``said`` is for people."""

    def __init__(self, status: HTTPStatus, said: str) -> None:
        super().__init__(said)
        self.status, self.said = status, said


class Uploads:
    """Reads forms with files, a few at once: the others wait, so that memory is bounded. ``most_bytes`` is for all files of one."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._turn = asyncio.Semaphore(_AT_ONCE)

    async def read(self, request: Request, csrf: str) -> Form:
        """Return the form; raises Refused for a wrong token, for too much, and for what is no form."""
        kind, params = parse_options_header(request.headers.get("content-type", ""))
        if kind != b"multipart/form-data" or not params.get(b"boundary"):
            raise Refused(HTTPStatus.BAD_REQUEST, _("This is no form with a file in it."))
        if int(_length(request)) > self._most_bytes + _PARTS * _FIELD_BYTES:
            raise self._too_large()
        try:
            async with asyncio.timeout(_PATIENCE_S), self._turn:
                reading = _Reading(csrf)
                parser = MultipartParser(params[b"boundary"], reading.callbacks())
                async for chunk in request.stream():
                    parser.write(chunk)
                    if reading.size > self._most_bytes:
                        raise self._too_large()
                parser.finalize()
        except TimeoutError as late:
            raise Refused(
                HTTPStatus.REQUEST_TIMEOUT, _("The file took too long to come. Try again.")
            ) from late
        except FormParserError as wrong:
            raise Refused(HTTPStatus.BAD_REQUEST, _(_BROKEN)) from wrong
        if not reading.ended or not reading.is_ours():
            raise Refused(HTTPStatus.FORBIDDEN, _("This form has expired. Load the page again."))
        return reading.form

    def _too_large(self) -> Refused:
        said = _("A file may have %(most)s MiB. Nothing was kept.") % {"most": self._most_bytes >> 20}
        return Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, said)


class _Reading:
    """One form as its parts come in."""

    def __init__(self, csrf: str) -> None:
        self.form, self.size, self.ended = Form(), 0, False
        self._csrf = csrf
        self._parts = 0
        self._header, self._value = b"", b""
        self._disposition = b""
        self._into = bytearray()
        self._name = ""
        self._is_file = False

    def is_ours(self) -> bool:
        return is_form_of(self._csrf, self.form.fields.get("csrf", ""))

    def callbacks(self) -> "MultipartCallbacks":
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._take_header,
            "on_header_value": self._take_value,
            "on_header_end": self._end_header,
            "on_headers_finished": self._open,
            "on_part_data": self._take,
            "on_part_end": self._close,
            "on_end": self._end,
        }

    def _begin(self) -> None:
        self._disposition = b""
        self._parts += 1
        if self._parts > _PARTS:
            raise Refused(HTTPStatus.BAD_REQUEST, _("Too many files at once."))

    def _take_header(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _take_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = self._value
        self._header, self._value = b"", b""

    def _open(self) -> None:
        __, told = parse_options_header(self._disposition)
        self._name = told.get(b"name", b"").decode("utf-8", "replace")
        self._is_file = b"filename" in told
        self._into = bytearray()
        if self._is_file:
            if not self.is_ours():
                raise Refused(HTTPStatus.FORBIDDEN, _("This form has expired. Load the page again."))
            if self._name != _FILE:
                raise Refused(HTTPStatus.BAD_REQUEST, _(_BROKEN))
            name = told[b"filename"].decode("utf-8", "replace")
            self.form.files.append(Sent(name, self._into))

    def _take(self, data: bytes, start: int, end: int) -> None:
        self.size += end - start
        if not self._is_file and len(self._into) + end - start > _FIELD_BYTES:
            raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, _("A field of the form is too long."))
        self._into += data[start:end]

    def _close(self) -> None:
        if not self._is_file:
            self.form.fields[self._name] = self._into.decode("utf-8", "replace")

    def _end(self) -> None:
        self.ended = True


def _length(request: Request) -> str:
    told = request.headers.get("content-length", "")
    return told if told.isascii() and told.isdigit() and len(told) < 16 else "0"

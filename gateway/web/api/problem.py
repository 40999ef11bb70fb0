"""Errors as programs read them: problem+json (RFC 9457)."""

from http import HTTPStatus
from typing import Any

import msgspec
from starlette.responses import Response

MEDIA_TYPE = "application/problem+json"


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """What went wrong, as RFC 9457 has it. ``column`` is where a search query is wrong, ``at`` which part of a body is."""

    title: str
    status: int
    type: str = "about:blank"
    detail: str = ""
    at: str = ""
    column: int | None = None


class Refused(Exception):
    """A call ends here, with this answer."""

    def __init__(
        self, status: int, detail: str, *, headers: dict[str, str] | None = None, **more: Any
    ) -> None:
        super().__init__(detail)
        self.answer = problem(status, detail, headers=headers, **more)


def problem(status: int, detail: str = "", *, headers: dict[str, str] | None = None, **more: Any) -> Response:
    code = HTTPStatus(status)
    said = Problem(title=code.phrase, status=code.value, detail=detail, **more)
    # RFC 9457 section 4.2.1: about:blank is spelled out, so that nobody must know the default
    body = msgspec.json.encode({"type": said.type, **msgspec.to_builtins(said)})
    return Response(body, status_code=status, media_type=MEDIA_TYPE, headers=headers)

"""A call and what may be called: each operation is declared once, and routed, checked and described by that."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import msgspec
from starlette.responses import Response

from gateway.mail.entry import Draft
from gateway.store.tokens import Bearer
from gateway.web.deeds import Doer
from gateway.web.site import Site

KEY_PATTERN = "^[!-~]{1,255}$"  # of an Idempotency-Key


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """No values."""


class File(msgspec.Struct, frozen=True):
    """A body that is a file, byte for byte."""

    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call, checked: ``where``, ``query`` and ``body`` are of the types that its operation declares."""

    site: Site
    bearer: Bearer
    who: Doer
    where: Any
    query: Any
    body: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One thing a program can ask for. ``handle`` may block; a Draft that it returns is archived, and its number answered.

    ``gives`` is the type of the answer, or the media type of a file; ``fails`` are the problems of its own, beside
    those that every call may meet.
    """

    name: str
    method: Literal["GET", "POST"]
    path: str
    summary: str
    scope: str
    handle: Callable[[Call], msgspec.Struct | Response | Draft]
    gives: type[msgspec.Struct] | str
    where: type[msgspec.Struct] = Nothing
    query: type[msgspec.Struct] = Nothing
    body: type[msgspec.Struct] = Nothing
    fails: tuple[int, ...] = ()

    @property
    def status(self) -> int:
        """The answer's status where all went well: a post that archives an act made something."""
        return 201 if self.gives is Done else 200

    @property
    def is_repeatable(self) -> bool:
        """Whether asking again under the same key does nothing twice; a file that is handed out twice is recorded twice."""
        return self.method == "POST" and not isinstance(self.gives, str)


class Done(msgspec.Struct, frozen=True):
    """An act stands in the log. ``existing`` says that it did before: it was asked for under the same Idempotency-Key."""

    seq: int
    existing: bool

"""Column types that mean the same on SQLite and PostgreSQL, and that no stranger's characters can upset."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST = 1000  # bytes
_TICK = timedelta(microseconds=1)


def clean(text: str) -> str:
    """Return text that every database takes.

    NUL (which PostgreSQL refuses) and lone surrogates (which UTF-8 has no bytes for) are replaced.
    """
    if "\x00" in text:
        text = text.replace("\x00", "\ufffd")
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def key(text: str) -> str:
    """Return clean text short enough to be looked up: what no honest mail is as long as is cut and ends in its hash.

    PostgreSQL refuses index entries above 2,704 bytes; a line of mail has 998 at most (RFC 5322 section 2.1.1).
    """
    text = clean(text)
    if len(text) <= _LONGEST // 4:
        return text
    raw = text.encode()
    if len(raw) <= _LONGEST:
        return text
    return raw[: _LONGEST - 65].decode("utf-8", "ignore") + "#" + hashlib.sha256(raw).hexdigest()


class Words(TypeDecorator[str]):
    """Text from anywhere."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else clean(value)


class Key(TypeDecorator[str]):
    """Text that is looked up, and compared in the shape that ``key`` gives it."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else key(value)


def microseconds(moment: datetime) -> int:
    """Return a time as it is kept."""
    return (moment - _EPOCH) // _TICK


class Moment(TypeDecorator[datetime]):
    """An aware time, kept as whole microseconds since 1970 in UTC: one order and one precision on every database."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        return None if value is None else microseconds(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return None if value is None else _EPOCH + value * _TICK


class Json(TypeDecorator[Any]):
    """A small plain value as ASCII JSON; escapes keep what ``Words`` would have to replace."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str:  # noqa: ARG002
        return json.dumps(value, sort_keys=True, separators=(",", ":"))

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:  # noqa: ARG002
        return None if value is None else json.loads(value)

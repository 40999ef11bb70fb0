"""Outcomes as an entry holds them, and back."""

from collections.abc import Iterable
from typing import Any

import msgspec

from gateway.relay.transport import Deferred, Delivered, Outcome, Refused, Unknown

_KINDS: dict[type, str] = {
    Delivered: "delivered",
    Deferred: "deferred",
    Refused: "refused",
    Unknown: "unknown",
}


def plain_of(outcomes: Iterable[Outcome]) -> list[dict[str, Any]]:
    """Return outcomes as plain values, for an entry's payload."""
    return [{"kind": _KINDS[type(one)], **msgspec.to_builtins(one)} for one in outcomes]


def outcomes_of(plain: Iterable[dict[str, Any]]) -> tuple[Outcome, ...]:
    """Return archived outcomes as values again."""
    kinds = {name: kind for kind, name in _KINDS.items()}
    return tuple(
        msgspec.convert({key: value for key, value in one.items() if key != "kind"}, kinds[one["kind"]])
        for one in plain
    )

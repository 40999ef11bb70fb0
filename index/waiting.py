"""``is:`` and ``due:``: the clocks of messages, which move while the index stands still.

Which clocks run is asked when the query is read, so that an answer is as true as the second it is given in; the index
knows only which messages ask for an answer at all.
"""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final

from index.syntax import QueryError, Token
from index.tree import Among, And, Not, Query, Term

STATES: Final = ("overdue", "unanswered", "answered", "asked")
_LEFT = re.compile(r"([<>])(\d{1,4})([mhdw])")
_SECONDS: Final = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Clocks that run: those of replies or of any kind, and what is left of them in seconds, below 0 where they are overdue."""

    reply: bool = False
    over_s: int | None = None
    under_s: int | None = None


Waits = Callable[[Wait], Collection[int]]  # the messages whose clocks these are


class NoWaits(Exception):
    """Nobody here knows the clocks."""


def no_waits(wait: Wait) -> Collection[int]:
    """Know of no clocks."""
    raise NoWaits(wait)


def waiting_of(token: Token, waits: Waits) -> Query:
    """Return what a word about clocks finds; raise ``QueryError`` with what to write instead."""
    source = f"{token.scope}:{token.text.lower()}"
    try:
        return _due(token, source, waits) if token.scope == "due" else _state(token, source, waits)
    except NoWaits:
        raise QueryError("Clocks cannot be asked for here; leave this word out", token.column) from None


def _state(token: Token, source: str, waits: Waits) -> Query:
    asked = Term(source="is:asked", field="is", term="asked")
    match source.removeprefix("is:"):
        case "asked":
            return asked
        case "overdue":
            return _among(source, waits, Wait(under_s=0))
        case "unanswered":
            return _among(source, waits, Wait(reply=True))
        case "answered":
            return And((asked, Not(_among("is:unanswered", waits, Wait(reply=True)))))
    raise QueryError("“is:” takes %(known)s", token.column, known=", ".join(STATES))


def _due(token: Token, source: str, waits: Waits) -> Query:
    found = _LEFT.fullmatch(token.text.lower())
    if found is None:
        raise QueryError(
            "“due:” takes the time that is left, as in due:<4h or due:>2d (m, h, d or w)", token.column
        )
    left = int(found[2]) * _SECONDS[found[3]]
    return _among(source, waits, Wait(under_s=left) if found[1] == "<" else Wait(over_s=left))


def _among(source: str, waits: Waits, wait: Wait) -> Among:
    return Among(source=source, seqs=frozenset(waits(wait)))

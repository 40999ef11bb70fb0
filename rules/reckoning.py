"""What stops a clock, and what sets it going again: pure, over plain values, and the same in whatever order they are given.

Order in the log is the order of things: an answer speaks to what had come before it was written, however long the remote
took to accept it. It stops a clock from the entry of that acceptance on, and a bounce takes it back as if it had never been.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from rules.clocks import ENDINGS, REPLY
from rules.facts import OrderRef

How = Literal["answer", "site", "mark", "closed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A message that started a clock, and what an answer to it may be known by.

    ``orders`` are those it surely or likely belongs to, ``shown`` all that people see it under.
    """

    seq: int
    clock: str
    kind: str
    message_id: str = ""
    alias: str = ""
    sender: str = ""
    orders: frozenset[OrderRef] = frozenset()
    shown: frozenset[OrderRef] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A message of ours that was accepted by entry ``by``, the copy of one from a marketplace's site, or a closing notice."""

    seq: int
    by: int
    at: datetime
    how: How
    kind: str = ""
    refers_to: tuple[str, ...] = ()
    alias: str = ""
    recipients: frozenset[str] = frozenset()
    orders: frozenset[OrderRef] = frozenset()
    bounced: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A person's word, at entry ``by``, on a message's or an order's ``clock``: no answer is needed, or was given elsewhere."""

    by: int
    at: datetime
    clock: str
    of: int | None = None
    order: OrderRef | None = None
    undone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """The entry that stopped a clock, when, and how."""

    by: int
    at: datetime
    how: How


def stop_of(question: Question, answers: Iterable[Answer], marks: Iterable[Mark]) -> Stop | None:
    """Return what stopped a clock first, by the log; None while it runs."""
    stops = [Stop(by=one.by, at=one.at, how=one.how) for one in answers if _answers(one, question)]
    stops += [Stop(by=one.by, at=one.at, how="mark") for one in marks if _marks(one, question)]
    return min(stops, key=lambda one: one.by, default=None)


def _answers(answer: Answer, question: Question) -> bool:
    if answer.bounced or answer.seq <= question.seq:
        return False
    shared = not question.orders.isdisjoint(answer.orders)
    if answer.how == "closed":
        return shared and question.kind in ENDINGS.get(answer.kind, ())
    if question.message_id and question.message_id in answer.refers_to:
        return True
    if question.clock != REPLY:
        return False  # a dispute is answered to whoever asked, not by any word to the buyer
    parted = bool(question.orders and answer.orders) and not shared
    if answer.how == "site":
        return shared or (bool(question.alias) and question.alias == answer.alias and not parted)
    same_buyer = question.alias == answer.alias if question.alias else question.sender in answer.recipients
    return (same_buyer and not parted) or (shared and bool(question.alias and answer.alias))


def _marks(mark: Mark, question: Question) -> bool:
    meant = mark.of == question.seq or (mark.order is not None and mark.order in question.shown)
    return meant and mark.clock == question.clock and mark.by > question.seq and not mark.undone

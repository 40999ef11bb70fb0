"""Erasures asked for: who asked and who agreed, and from when on each may be done. All of it stands in the log."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NoReturn

import msgspec

from gateway.archive.archive import Archive
from gateway.archive.destruction import Gone
from gateway.erasure.deed import Eraser, Grounds, Held
from gateway.erasure.plan import LEGAL_CLAIMS, Plan, Target
from gateway.errors import WrongUse
from gateway.mail.canonical import canonical
from gateway.mail.entry import Draft
from gateway.store.payloads import read_payload


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What an ``erasure.asked`` entry says."""

    target: Target
    reason: str
    ground: str = ""
    agent: str = ""
    messages: tuple[int, ...] = ()
    keep: tuple[int, ...] = ()


class _Word(msgspec.Struct, frozen=True):
    asked: int
    agent: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What an erasure needs before it is done."""

    second_person: bool = True
    cooling: timedelta = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One erasure that was asked for and is neither done nor withdrawn."""

    seq: int
    at: datetime
    asked: Asked
    approved_by: str = ""

    def due_at(self, policy: Policy) -> datetime:
        return self.at + policy.cooling

    def lacks(self, policy: Policy, now: datetime) -> str:
        """Return in words what it waits for; "" where it may be done."""
        lacks = []
        if policy.second_person and not self.approved_by:
            lacks.append("a second person's approval")
        if now < self.due_at(policy):
            lacks.append(f"the cooling-off time, until {self.due_at(policy):%Y-%m-%d %H:%M} UTC")
        return " and ".join(lacks)


def ask(archive: Archive, plan: Plan, *, reason: str, ground: str, agent: str) -> int:
    """Archive that somebody wants this erased; return the entry. Raises WrongUse, and archives the refusal, for what is held."""
    if plan.target.address and plan.target.address in reason.lower():
        raise WrongUse("the reason stays when the rest is gone: write it without naming the person")
    if plan.held:
        refuse(archive, plan.target, plan.held, reason=reason, agent=agent)
    if not plan.messages and len(plan.erased) == 0:
        raise WrongUse(f"nothing is held on {plan.target.words}: there is nothing to erase")
    asked = Asked(
        target=plan.target, reason=reason, ground=ground, agent=agent, messages=plan.messages, keep=plan.kept
    )
    return archive.append(Draft(type="erasure.asked", payload=_plain(asked), meta={})).seq


def refuse(
    archive: Archive, target: Target, why: str, *, reason: str, agent: str, asked: int | None = None
) -> NoReturn:
    """Archive that an erasure was refused, and why; raises WrongUse that says so."""
    told = {
        "target": msgspec.to_builtins(target),
        "why": why,
        "ground": LEGAL_CLAIMS,
        "reason": reason,
        "agent": agent,
    }
    seq = archive.append(
        Draft(type="erasure.refused", payload=canonical({**told, "asked": asked}), meta={})
    ).seq
    raise WrongUse(f"refused under {LEGAL_CLAIMS}, as entry {seq} records: {why}. Release the hold first")


def approve(archive: Archive, seq: int, *, agent: str) -> int:
    """Archive a second person's approval; raises WrongUse for the one who asked, and for what is no open request."""
    request = request_of(archive, seq)
    if request.asked.agent == agent:
        raise WrongUse(f"{agent} asked for erasure {seq}; another person must approve it")
    return archive.append(_word("erasure.approved", seq, agent)).seq


def withdraw(archive: Archive, seq: int, *, agent: str) -> int:
    """Archive that an erasure is not wanted any more."""
    request_of(archive, seq)
    return archive.append(_word("erasure.withdrawn", seq, agent)).seq


def carry_out(eraser: Eraser, request: Request) -> int:
    """Order an erasure that is due; return its entry. Raises WrongUse, and archives the refusal, for what is held by now."""
    asked = request.asked
    grounds = Grounds(
        reason=asked.reason,
        ground=asked.ground,
        agent=asked.agent,
        approved_by=request.approved_by,
        asked=request.seq,
    )
    try:
        return eraser.order(asked.target, grounds, asked.keep, only=asked.messages)
    except Held as held:
        why = str(held)
    refuse(eraser.archive, asked.target, why, reason=asked.reason, agent=asked.agent, asked=request.seq)


def person_named(text: str, *, is_ours: Callable[[str], bool]) -> Target:
    """Return whom an address means; raises WrongUse for one of the seller's own."""
    address = text.strip().lower()
    if is_ours(address):
        raise WrongUse(f"{address} is a mailbox of your own: name the person or the order to erase")
    return Target(address=address)


def request_of(archive: Archive, seq: int) -> Request:
    for one in open_requests(archive):
        if one.seq == seq:
            return one
    raise WrongUse(f"entry {seq} is no erasure that waits; docket erasures lists them")


def open_requests(archive: Archive) -> Iterator[Request]:
    """Yield the erasures that wait, the oldest first."""
    approved = {word.asked: word.agent for word in _words(archive, "erasure.approved")}
    ended = {word.asked for word in _words(archive, "erasure.withdrawn")}
    for seq in archive.seqs_of_type("erasure.asked"):
        if seq in ended:
            continue
        try:
            entry = archive.entry(seq)
        except Gone:
            continue  # done: what was asked went with what it named
        asked = read_payload(entry.payload, Asked)
        yield Request(seq=seq, at=entry.at, asked=asked, approved_by=approved.get(seq, ""))


def _words(archive: Archive, type_: str) -> Iterator[_Word]:
    for seq in archive.seqs_of_type(type_):
        yield read_payload(archive.entry(seq).payload, _Word)


def _word(type_: str, seq: int, agent: str) -> Draft:
    return Draft(type=type_, payload=canonical({"asked": seq, "agent": agent}), meta={})


def _plain(asked: Asked) -> bytes:
    return canonical(msgspec.to_builtins(asked))

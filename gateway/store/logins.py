"""Whether those who may log in are those that the log tells of: an older copy of the accounts would let in who was shut out. Pure.

A password that was changed leaves nothing to compare; who suspects an older copy has everybody set a new one.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from gateway.store.agents import Agent
from gateway.store.records import EventRow


@dataclass(slots=True)
class _Told:
    """What the log says of one name: the entry that spoke last of it, and of each of its app passwords."""

    entry: int = 0
    there: bool | None = None  # None: nobody has said
    role: str = ""
    mailboxes: tuple[str, ...] = ()
    shut: tuple[int, bool] | None = None
    app_passwords: dict[str, tuple[int, bool]] = field(default_factory=dict)


def differences(
    events: Iterable[EventRow], agents: Iterable[Agent], app_passwords: Mapping[str, Iterable[str]]
) -> list[str]:
    """Return in which points the accounts are not what the log's ``person`` entries, in their order, have made them."""
    told = _fold(events)
    here = {one.name: one for one in agents}
    return [
        said
        for name, one in sorted(told.items())
        for said in _of(name, one, here.get(name), set(app_passwords.get(name, ())))
    ]


def _fold(events: Iterable[EventRow]) -> dict[str, _Told]:
    told: dict[str, _Told] = defaultdict(_Told)
    for event in events:
        did, what = str(event.summary.get("did")), str(event.summary.get("what", ""))
        one = told[str(event.summary.get("for"))]
        match did:
            case "added" | "changed":
                one.entry, one.there, one.role = event.seq, True, str(event.summary.get("role", ""))
                one.mailboxes = tuple(event.summary.get("mailboxes", ()))
            case "removed":
                one.entry, one.there = event.seq, False
                one.shut = None
                one.app_passwords = dict.fromkeys(one.app_passwords, (event.seq, False))
            case "shut out" | "let in":
                one.shut = (event.seq, did == "shut out")
            case "app password made" | "app password revoked":
                one.app_passwords[what] = (event.seq, did.endswith("made"))
            case _:
                pass
    return told


def _of(name: str, told: _Told, here: Agent | None, app_passwords: set[str]) -> Iterator[str]:
    if told.there is False and here is not None:
        yield f"{name} was removed (entry {told.entry}) and is there again"
    elif told.there and here is None:
        yield f"{name} was made (entry {told.entry}) and is not there"
    elif told.there and here is not None and (here.role, here.mailboxes) != (told.role, told.mailboxes):
        yield f"{name} may do something else than entry {told.entry} says"
    if told.shut is not None and here is not None and here.disabled != told.shut[1]:
        did, now = ("shut out", "may log in again") if told.shut[1] else ("let in again", "is shut out")
        yield f"{name} was {did} (entry {told.shut[0]}) and {now}"
    for id_, (entry, made) in told.app_passwords.items():
        if made != (id_ in app_passwords):
            state = "was made" if made else "was taken back"
            now = "is not there" if made else "opens again"
            yield f"the app password {id_} of {name} {state} (entry {entry}) and {now}"


def revived(events: Iterable[EventRow], tokens: Collection[str], agents: Iterable[Agent]) -> list[str]:
    """Return which of the ``tokens`` that are there the log's ``token`` entries do not know, or say to have been taken back."""
    made: dict[str, EventRow] = {}
    for event in events:
        made[str(event.summary.get("token", ""))] = event
    here = {one.name for one in agents}
    found = []
    for id_ in sorted(tokens):
        said = made.get(id_)
        if said is None:
            found.append(f"the token {id_} is there, and the log does not know it")
        elif said.summary.get("did") == "revoked":
            found.append(f"the token {id_} was taken back (entry {said.seq}) and opens again")
        elif str(said.summary.get("for")) not in here:
            found.append(f"the token {id_} is {said.summary.get('for')}'s, who is not there")
    return found

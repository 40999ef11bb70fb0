"""The second look at a held message: a person sends it on its way, or drops it. Pure."""

import msgspec

from gateway.effects import relay_task
from gateway.errors import WrongUse
from gateway.mail.canonical import canonical
from gateway.mail.entry import Draft, Entry, Envelope
from rules.drop import NO_DROP, DropAddress


def release_draft(
    entry: Entry, *, agent: str, drop: bool, filing: DropAddress = NO_DROP, second_person: bool = False
) -> Draft:
    """Return the entry that releases a held message; raises WrongUse for any other kind. ``filing`` is the drop address.

    With ``second_person`` nobody may release what they sent themselves; they may drop it.
    """
    if entry.type not in {"mail.held", "mail.out"}:
        raise WrongUse(f"message {entry.seq} was not held ({entry.type})")
    envelope = msgspec.convert(entry.meta, Envelope)
    if second_person and not drop and envelope.agent == agent:
        raise WrongUse(
            f"{agent} wrote message {entry.seq}, and the settings want a second person (sending.second_person):"
            " ask somebody else to release it, or drop it"
        )
    task = relay_task(envelope, filing)
    payload = {
        "of": entry.seq,
        "agent": agent,
        "drop": drop,
        "jobs": [] if drop else [msgspec.to_builtins(task)],
    }
    return Draft(type="release", payload=canonical(payload), meta={})

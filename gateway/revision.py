"""History revised: what today's rules decide otherwise becomes entries, each in the place of the decision that stood.

Links, tags, clocks and what a message is change; what people said of it stays, and nothing is sent, forwarded or notified.
"""

from collections.abc import Iterable, Iterator
from itertools import islice

import msgspec

from gateway.archive.archive import Archive
from gateway.mail.canonical import canonical
from gateway.mail.entry import Draft
from gateway.replay import Replayed

_BATCH = 64


def revise(archive: Archive, found: Iterable[Replayed | None], agent: str = "") -> Iterator[Replayed | None]:
    """Yield what a replay finds, each once its new decision is archived where it differs from the one that stands.

    The book must be in force before. Interrupted, the next replay finds only what is left; done, it finds nothing.
    """
    rest = iter(found)
    while batch := list(islice(rest, _BATCH)):
        archive.append_many([_draft(one, agent) for one in batch if one is not None and one.changes()])
        yield from batch


def _draft(one: Replayed, agent: str) -> Draft:
    payload = {
        "of": one.seq,
        "decision": msgspec.to_builtins(one.after, order="sorted"),
        "jobs": [],
        "live": one.live,
        "instead_of": one.by,
        "agent": agent,
    }
    return Draft(type="decision", payload=canonical(payload), meta={})

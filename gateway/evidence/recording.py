"""What leaves the house is recorded first, on a log in which nothing of it was erased meanwhile.

So each erasure either comes before the record, and what it destroys does not leave; or it comes after it, and its
certificate names what left.
"""

import time
from collections.abc import Collection

from gateway.archive.archive import Archive
from gateway.archive.faults import Grown
from gateway.mail.entry import Draft, Erased

_PATIENCE_S = 30.0
_LOOK_S = 0.01


def erased_since(archive: Archive, start: int) -> dict[int, Erased]:
    """Return what was ordered to be erased from entry ``start`` on, also where its keys are still there."""
    found = (archive.erasure(by) for by in archive.seqs_of_type("erasure") if by >= start)
    return {seq: one.of(seq) for one in found for seq in one.erased}


def record(archive: Archive, draft: Draft, holds: Collection[int], since: int) -> int | None:
    """Append the entry that says what is handed out; None where any of it was ordered to be erased since it was looked at.

    ``since`` is how far the log was read when it was looked at. Raises Temporary where the log grows too fast.
    """
    until = time.monotonic() + _PATIENCE_S
    while True:
        head = archive.head()
        if not erased_since(archive, since).keys().isdisjoint(holds):
            return None
        try:
            return archive.append_many([draft], head=head)[0].seq
        except Grown:
            if time.monotonic() > until:
                raise
            time.sleep(_LOOK_S)

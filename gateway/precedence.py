"""Who speaks first: a person's word on held mail, or on a job, stands only where nobody's came since they looked."""

import time
from collections.abc import Callable
from dataclasses import replace

import msgspec

from gateway.archive.archive import Archive
from gateway.archive.faults import Grown
from gateway.errors import WrongUse
from gateway.mail.entry import Appended, Draft

_PATIENCE_S = 30.0
_LOOK_S = 0.01


class _About(msgspec.Struct, frozen=True):
    of: int
    number: int = 0


def append_first(
    archive: Archive, draft: Draft, since: int, append: Callable[[Draft], Appended] | None = None
) -> Appended:
    """Append a word on a message or one of its jobs; raises WrongUse where the log has another of its kind from ``since`` on.

    ``since`` is how far the log was read when it was decided. Raises Temporary where the log grows too fast.
    """
    add, about = append or archive.append, _about(draft.payload)
    until = time.monotonic() + _PATIENCE_S
    while True:
        head = archive.head()
        for one in archive.entries(since, head, {draft.type}, erased=True):
            if one.erased is None and _about(one.payload) == about:
                raise WrongUse(f"somebody has decided on message {about.of} meanwhile, by entry {one.seq}")
        try:
            return add(replace(draft, head=head))
        except Grown:
            if time.monotonic() > until:
                raise
            time.sleep(_LOOK_S)


def _about(payload: bytes) -> _About:
    return msgspec.json.decode(payload, type=_About)

"""Which messages stand in which folder, and which keywords each carries. Pure."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from gateway.relay.imap import KEYWORDS
from gateway.store.due import ClockRow, is_reply
from gateway.store.records import MessageRow
from rules.facts import OrderRef

Path = tuple[str, ...]

NEEDS_REPLY: Path = ("Needs reply",)
OVERDUE: Path = ("Overdue",)
CLAIMS: Path = ("Claims",)
STANDING = (NEEDS_REPLY, OVERDUE, CLAIMS)  # there even when nothing is in them
ORDERS, TAGS = "Orders", "Tags"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """``folders`` are paths below the one that holds them all, each with its messages; ``keywords`` are each message's."""

    folders: Mapping[Path, frozenset[int]]
    keywords: Mapping[int, frozenset[str]]


def wanted_of(
    waits: Iterable[ClockRow],
    orders: Mapping[OrderRef, Iterable[int]],
    rows: Collection[MessageRow],
    now: datetime,
    tags: Collection[str] = (),
) -> Wanted:
    """Return where messages are shown.

    ``waits`` are the clocks that run, ``orders`` those that are open, each with its messages; ``rows`` are all messages that may be
    shown, and ``tags`` those that have a folder of their own.
    """
    folders: dict[Path, set[int]] = {path: set() for path in STANDING}
    words = defaultdict[int, set[str]](set)
    for wait in waits:
        folders[NEEDS_REPLY if is_reply(wait) else CLAIMS].add(wait.message)
        words[wait.message].add("needs-reply" if is_reply(wait) else "claim")
        if wait.due_at < now:
            folders[OVERDUE].add(wait.message)
            words[wait.message].add("overdue")
    for order, messages in orders.items():
        folders.setdefault((ORDERS, order.value), set()).update(messages)
    known = {word.casefold(): word for word in KEYWORDS}
    own = {tag.casefold(): tag for tag in tags}
    for row in rows:
        for tag in (*row.tags, row.marketplace):
            if tag.casefold() in known:
                words[row.seq].add(known[tag.casefold()])
            if tag.casefold() in own:
                folders.setdefault((TAGS, own[tag.casefold()]), set()).add(row.seq)
    return Wanted(
        folders={path: frozenset(messages) for path, messages in folders.items()},
        keywords={row.seq: frozenset(words[row.seq]) for row in rows},
    )

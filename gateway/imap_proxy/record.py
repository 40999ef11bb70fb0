"""Deeds become entries of the log: who did what to which message, in whose name it is known there.

A mail client's word on who a message is comes from a stamp that anybody could have written; it counts where the archive has
an entry of that number with that id, which nobody else can know.
"""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from gateway.archive.archive import Archive
from gateway.archive.faults import Damaged
from gateway.errors import WrongUse
from gateway.imap_proxy.observer import Deed
from gateway.mail.canonical import canonical
from gateway.mail.entry import MAIL_TYPES, Draft
from gateway.mail.uid_sets import compact
from gateway.store import messages, places
from gateway.store.engine import Store

_NAMED = 100  # messages of one deed that are each told of by an entry of their own


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """Whose session it is: the agent, the mailbox and its account on the real server, and where the client is."""

    agent: str
    mailbox: str
    account: str
    session: str
    peer: str
    client: str


class Journal:
    """Writes what agents do into the archive. Safe from any loop."""

    def __init__(self, archive: Archive, store: Store) -> None:
        self._archive, self._store = archive, store

    async def write(self, who: Who, deeds: Sequence[Deed]) -> None:
        """Return once every deed is on disk; raises as the archive does."""
        if deeds:
            drafts = await asyncio.to_thread(self._drafts, who, deeds)
            await asyncio.gather(*(asyncio.wrap_future(self._archive.submit(one)) for one in drafts))

    def _drafts(self, who: Who, deeds: Sequence[Deed]) -> list[Draft]:
        whose = {
            "agent": who.agent,
            "mailbox": who.mailbox,
            "account": who.account,
            "session": who.session,
            "peer": who.peer,
        }
        return [
            Draft(type="imap", payload=canonical({**whose, **said}), meta={})
            for deed in deeds
            for said in self._told(who, deed)
        ]

    def _told(self, who: Who, deed: Deed) -> Iterator[dict[str, object]]:
        """Yield what there is to say of a deed: of each message that is known by itself, of all others together."""
        if deed.did == "added":
            seq = self._submitted(who, deed)
            yield _said(deed) | ({} if seq is None else {"of": seq})
            return
        if deed.did == "login":
            yield _said(deed) | ({"client": who.client} if who.client else {})
            return
        known = self._known(who, deed)
        if len(known) > _NAMED:
            yield _said(deed) | {"messages": sorted(set(known.values()))}
            return
        for uid, seq in known.items():
            yield _said(_only(deed, (uid,))) | {"of": seq}
        others = tuple(uid for uid in deed.uids if uid not in known)
        if others or not known:
            yield _said(_only(deed, others) if known else deed)

    def _known(self, who: Who, deed: Deed) -> dict[int, int]:
        """Return which messages of the archive a deed is about, by UID."""
        found = dict(self._claimed(deed))
        if len(found) < len(deed.uids):
            with self._store.read() as conn:
                here = places.messages_at(conn, f"{who.account}/{deed.folder}", deed.uidvalidity)
            found |= {uid: here[uid] for uid in deed.uids if uid in here}
        return found

    def _claimed(self, deed: Deed) -> Iterator[tuple[int, int]]:
        for uid, id_, seq in deed.ids:
            try:
                entry = self._archive.entry(seq)
            except (WrongUse, Damaged):
                continue
            if entry.id == id_ and entry.type in MAIL_TYPES:
                yield uid, seq

    def _submitted(self, who: Who, deed: Deed) -> int | None:
        """Return the answer that a client keeps a copy of: what this agent sent under the same Message-ID."""
        if not deed.message_id:
            return None
        with self._store.read() as conn:
            return messages.sent_as(conn, deed.message_id, who.agent)


def _only(deed: Deed, uids: tuple[int, ...]) -> Deed:
    """Return the part of a deed that is about some of its messages; where they went is known by the place in the list."""
    went = dict(zip(deed.uids, deed.to_uids, strict=False)) if len(deed.uids) == len(deed.to_uids) else {}
    return replace(deed, uids=uids, to_uids=tuple(went[uid] for uid in uids if uid in went))


def _said(deed: Deed) -> dict[str, object]:
    """Return what there is to say of a deed; what is empty is left out."""
    told = {
        "did": deed.did,
        "folder": deed.folder,
        "uidvalidity": deed.uidvalidity,
        "uids": compact(deed.uids),
        "count": len(deed.uids),
        "what": deed.what,
        "seen": deed.seen,
        "to": list(deed.to),
        "to_uidvalidity": deed.to_uidvalidity,
        "to_uids": compact(deed.to_uids),
        "size_bytes": deed.size_bytes,
        "sha256": deed.sha256,
        "message_id": deed.message_id,
        "said": deed.said,
    }
    return {name: value for name, value in told.items() if value}

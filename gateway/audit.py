"""Past outbound messages against today's policy, with the words found: what an account's answers would be told now."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

import msgspec

from gateway.archive.archive import Archive
from gateway.judge import asked_of
from gateway.mail.entry import Envelope
from gateway.readers import Readers, item_of
from gateway.shape import facts_of, is_outbound
from gateway.store import messages
from gateway.store.engine import Store
from rules.marketplace import Marketplaces
from rules.policy import Finding, check_outgoing
from rules.weights import Settings

_BATCH = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """One outbound message and what today's policy finds in it."""

    seq: int
    agent: str
    findings: tuple[Finding, ...]


def audit(
    archive: Archive,
    store: Store,
    readers: Readers,
    marketplaces: Marketplaces,
    settings: Mapping[str, tuple[Settings, ...]],
    since: datetime,
    until: datetime | None,
) -> Iterator[Audited]:
    """Yield each outbound message of a time; what it answered is looked for below its seq, ``settings`` are as the judge's."""
    with store.read() as conn:
        seqs = messages.outbound_between(conn, since, until)
    for start in range(0, len(seqs), _BATCH):
        entries = [archive.entry(seq) for seq in seqs[start : start + _BATCH]]
        items = [item_of(entry, html=True) for entry in entries]
        for entry, one in zip(entries, readers.understand(items), strict=True):
            envelope = msgspec.convert(entry.meta, Envelope)
            facts = facts_of(one.mail, envelope, outbound=is_outbound(entry.type))
            asked = asked_of(archive, store, envelope.rcpt_to, one.reading, below=entry.seq)
            own = settings.get(envelope.mailbox, settings.get("", ()))
            found = check_outgoing(facts, marketplaces, asked, own, one.reading)
            yield Audited(seq=entry.seq, agent=envelope.agent, findings=found)

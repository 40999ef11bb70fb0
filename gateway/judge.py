"""What an agent sends is judged before it is archived: sent, held for a second look, or refused with the words found."""

from collections.abc import Iterator, Mapping

import msgspec

from gateway.archive.archive import Archive
from gateway.errors import Permanent
from gateway.indexer import text_of
from gateway.mail.entry import Draft, Envelope
from gateway.mail.rewrite import outgoing
from gateway.readers import UNREAD, Item, Readers
from gateway.shape import facts_of, own_text
from gateway.store import messages
from gateway.store.engine import Store
from rules.marketplace import Marketplaces
from rules.policy import Finding, check_outgoing

_RANK = {"warn": 0, "hold": 1, "refuse": 2}
_QUOTES = str.maketrans("“”‘’", "\"\"''")


class Judge:
    """The policy over the bytes in memory. One thread at a time; its reader pool is its own.

    ``overrides`` maps a check's name to ``refuse``, ``hold``, ``warn`` or ``off``.
    """

    def __init__(
        self,
        *,
        archive: Archive,
        store: Store,
        readers: Readers,
        marketplaces: Marketplaces,
        senders: Mapping[str, tuple[str, str]],
        overrides: Mapping[str, str],
    ) -> None:
        self._archive = archive
        self._store = store
        self._readers = readers
        self._marketplaces = marketplaces
        self._senders = dict(senders)
        self._overrides = dict(overrides)

    def __call__(self, raw: bytes, envelope: Envelope) -> Draft:
        """Return the draft to archive: mail.out, mail.held or mail.refused, with the verdict in its meta."""
        understood = self._readers.understand([Item(key=-1, raw=raw, envelope=envelope, outbound=True)])[0]
        facts = facts_of(understood.mail, envelope, outbound=True)
        findings = [
            *check_outgoing(
                facts, self._marketplaces, self._answered(envelope.rcpt_to), overrides=self._overrides
            ),
            *self._unsendable(raw, envelope),
        ]
        if UNREAD in understood.mail.defects:
            # What nobody could read nobody has judged either: a person looks at it.
            findings.append(Finding(check="unread", action="hold", message=UNREAD))
        worst = max((_RANK[finding.action] for finding in findings), default=-1)
        type_ = {2: "mail.refused", 1: "mail.held"}.get(worst, "mail.out")
        verdict = {
            "reply": _refusal(findings) if type_ == "mail.refused" else "",
            "findings": msgspec.to_builtins(findings),
        }
        return Draft(type=type_, payload=raw, meta={**msgspec.to_builtins(envelope), "verdict": verdict})

    def close(self) -> None:
        self._readers.close()

    def _unsendable(self, raw: bytes, envelope: Envelope) -> Iterator[Finding]:
        """Say why a message could not become a copy that leaves."""
        sender, name = self._senders.get(envelope.mailbox, ("", ""))
        if not sender:
            named = f"mailbox {envelope.mailbox}" if envelope.mailbox else "no mailbox for this login"
            message = f"the settings have {named} to send from; nothing was sent (add it as a [[mailbox]])"
            yield Finding(check="mailbox", action="refuse", message=message)
            return
        try:
            outgoing(raw, from_address=sender, display_name=name, trace="check", at=envelope.received_at)
        except Permanent as wrong:
            yield Finding(check="rewrite", action="refuse", message=str(wrong))

    def _answered(self, recipients: tuple[str, ...]) -> str:
        """Return the newest text that came from these recipients: the tokens in it are what an answer must carry."""
        with self._store.read() as conn:
            row = messages.newest_from(conn, tuple(to.lower() for to in recipients))
        return "" if row is None else f"{row.subject}\n{own_text(text_of(self._archive, row))}"


def _refusal(findings: list[Finding]) -> str:
    said = "; ".join(finding.message for finding in findings if finding.action == "refuse")
    words = "".join(c if c.isprintable() else " " for c in said).translate(_QUOTES)
    line = f"550 5.7.1 {' '.join(words.split())}".encode("ascii", "replace").decode("ascii")
    return line[:510]  # RFC 5321 section 4.5.3.1.5: a reply line is 512 octets with its CRLF

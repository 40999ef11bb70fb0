"""What an agent sends is judged before it is archived: sent, held for a second look, or refused with the words found."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from gateway.archive.archive import Archive
from gateway.errands import settled
from gateway.errors import Permanent
from gateway.indexer import text_of
from gateway.mail.entry import Draft, Envelope
from gateway.mail.mentioned import attached_messages, text_above
from gateway.mail.rewrite import outgoing
from gateway.readers import UNREAD, UNSEALED, Item, Readers, Understood
from gateway.shape import facts_of, own_text
from gateway.shelf import Watch
from gateway.store import messages, orders
from gateway.store.engine import Store
from gateway.traffic import Traffic
from rules.drop import NO_DROP, DropAddress
from rules.errands import NO_ERRANDS, ErrandAddress, NoErrand, own_lines
from rules.facts import Reading
from rules.marketplace import Marketplaces
from rules.policy import Asked, Finding, check_outgoing
from rules.senders import sender_of
from rules.traffic import Caps, check_traffic
from rules.weights import Settings

_ORDERS = 20  # of one message that are looked up
_RANK = {"warn": 0, "hold": 1, "refuse": 2}
_QUOTES = str.maketrans("“”‘’", "\"\"''")


@dataclass(frozen=True, slots=True, kw_only=True)
class Current:
    """What the judge reads and judges by, until a file of it changes."""

    marketplaces: Marketplaces
    readers: Readers


def renewing(watch: Watch, make: Callable[..., Current]) -> Callable[[], Current | None]:
    """Return what gives the judge what is in force: once, and ``again`` whenever a file has changed."""
    begun: list[bool] = []

    def current() -> Current | None:
        if begun and not watch.changed():
            return None
        again = bool(begun)
        begun.append(True)
        return make(again=again)

    return current


class Judge:
    """The policy over the bytes in memory. One thread at a time; its reader pool is its own.

    ``current`` gives what is in force: once at the first call, and again whenever that has changed.
    ``settings`` are the seller's for each mailbox, the nearest first; under ``""`` those for any other.
    """

    def __init__(
        self,
        *,
        archive: Archive,
        store: Store,
        current: Callable[[], Current | None],
        senders: Mapping[str, tuple[str, str]],
        settings: Mapping[str, tuple[Settings, ...]],
        drop: DropAddress = NO_DROP,
        errands: ErrandAddress = NO_ERRANDS,
        refund_needs: Sequence[str] = (),
        caps: Caps = Caps(),  # noqa: B008 - frozen
    ) -> None:
        self._archive = archive
        self._store = store
        self._renew = current
        self._current: Current | None = None
        self._senders = dict(senders)
        self._settings = dict(settings)
        self._drop = drop
        self._errands = errands
        self._refund_needs = refund_needs
        self._traffic = Traffic(store, caps)

    def __call__(self, raw: bytes, envelope: Envelope) -> Draft:
        """Return the draft to archive: mail.out, mail.held or mail.refused, with the verdict in its meta.

        What goes to the drop address alone leaves nobody's house: it is evidence that came in, from an agent.
        """
        if self._drop.is_only(envelope.rcpt_to):
            return Draft(type="mail.in", payload=raw, meta=msgspec.to_builtins(envelope))
        current = self._in_force()
        understood = current.readers.understand(
            [Item(key=UNSEALED, raw=raw, envelope=envelope, outbound=True, html=True)]
        )[0]
        facts = facts_of(understood.mail, envelope, outbound=True)
        named = (*envelope.rcpt_to, *facts.to, *facts.cc)
        if any(map(self._errands.holds, named)):
            return self._errand(raw, envelope, understood, named, current.marketplaces)
        settings = self._settings.get(envelope.mailbox, self._settings.get("", ()))
        asked = asked_of(self._archive, self._store, envelope.rcpt_to, understood.reading)
        passed, market = (
            self._traffic.before(envelope.received_at),
            sender_of(facts, current.marketplaces).marketplace,
        )
        findings = [
            *check_outgoing(facts, current.marketplaces, asked, settings, understood.reading),
            *check_traffic(facts, asked, passed, self._traffic.caps, market, settings),
            *self._unsendable(raw, envelope),
        ]
        if UNREAD in understood.mail.defects:
            # What nobody could read nobody has judged either: a person looks at it.
            findings.append(Finding(check="unread", action="hold", message=UNREAD))
        draft = _judged(raw, envelope, findings)
        self._traffic.add(draft, envelope)
        return draft

    def close(self) -> None:
        if self._current is not None:
            self._current.readers.close()

    def _errand(
        self,
        raw: bytes,
        envelope: Envelope,
        understood: Understood,
        named: Iterable[str],
        marketplaces: Marketplaces,
    ) -> Draft:
        """Settle what a mail to Docket asks for. One that goes to anybody else too is refused: a note could leave the house."""
        others = [one for one in dict.fromkeys(named) if not self._errands.holds(one)]
        try:
            if others:
                raise NoErrand(
                    f"nothing was sent: this mail goes to Docket and to {others[0][:100]} too; send two, one to each"
                )
            if UNREAD in understood.mail.defects:
                raise NoErrand(f"nothing was done: this mail {UNREAD}; send it again as plain text")
            attached = attached_messages(raw)
            own = own_lines(marketplaces, text_above(understood.mail.text, attached))
            errands = self._errands.errands_of(envelope.rcpt_to, own)
            with self._store.read() as conn:
                acts = settled(self._archive, conn, errands, raw, attached, marketplaces, self._refund_needs)
        except NoErrand as wrong:
            return _judged(raw, envelope, [Finding(check="errand", action="refuse", message=str(wrong))])
        verdict = {"reply": "", "findings": [], "acts": acts}
        return Draft(type="mail.in", payload=raw, meta={**msgspec.to_builtins(envelope), "verdict": verdict})

    def _in_force(self) -> Current:
        fresh = self._renew()
        if fresh is not None:
            self.close()
            self._current = fresh
        assert self._current is not None
        return self._current

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


def asked_of(
    archive: Archive, store: Store, recipients: tuple[str, ...], reading: Reading, below: int | None = None
) -> Asked:
    """Return the newest text that came from these recipients, and when the order it may be about began.

    The tokens in the text are what an answer must carry. ``below`` looks at messages before that entry alone.
    """
    with store.read() as conn:
        row = messages.newest_from(conn, tuple(to.lower() for to in recipients), below)
        named = {found.order for found in reading.orders} or set(row.orders if row else ())
        began = [
            one.first_at
            for order in list(named)[:_ORDERS]
            for one in orders.find_orders(conn, order.value)
            if one.order == order
        ]
    since = min(began, default=None)
    if row is None:
        return Asked(ordered_at=since)
    text = f"{row.subject}\n{own_text(text_of(archive, row))}"
    return Asked(text=text, at=row.occurred_at, ordered_at=since)


def _refusal(findings: list[Finding]) -> str:
    said = "; ".join(finding.message for finding in findings if finding.action == "refuse")
    words = "".join(c if c.isprintable() else " " for c in said).translate(_QUOTES)
    line = f"550 5.7.1 {' '.join(words.split())}".encode("ascii", "replace").decode("ascii")
    return line[:510]  # RFC 5321 section 4.5.3.1.5: a reply line is 512 octets with its CRLF


def _judged(raw: bytes, envelope: Envelope, findings: list[Finding]) -> Draft:
    worst = max((_RANK[finding.action] for finding in findings), default=-1)
    type_ = {2: "mail.refused", 1: "mail.held"}.get(worst, "mail.out")
    verdict = {
        "reply": _refusal(findings) if type_ == "mail.refused" else "",
        "findings": msgspec.to_builtins(findings),
    }
    return Draft(type=type_, payload=raw, meta={**msgspec.to_builtins(envelope), "verdict": verdict})

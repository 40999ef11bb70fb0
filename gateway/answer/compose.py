"""An answer made: the dossier read, its facts taken out, the text written, and what it lacks said beside it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo

from sqlalchemy import Connection

from gateway.answer.case import Case, Kind, case_of
from gateway.answer.lacks import lacks_of
from gateway.answer.text import Text, write
from gateway.answer.watched import watched_of
from gateway.dossier.timeline import Timeline, timeline_of
from gateway.mail.canonical import canonical
from gateway.mail.entry import Draft
from gateway.store.orders import parcel_entries
from gateway.store.seen import unseen_of
from gateway.tongue import ngettext
from rules.facts import OrderRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What to paste, what it says it from, and what its writer should know before pasting it."""

    case: Case
    language: str
    text: Text
    lacks: tuple[str, ...]
    limit: int  # characters; 0 where none is known

    @property
    def entries(self) -> tuple[int, ...]:
        """The entries that show what the text says."""
        return tuple(sorted({seq for one in self.text.sentences for seq in one.entries}))


def compose(
    conn: Connection,
    order: OrderRef,
    *,
    whole: Connection,
    title: str,
    senders: Mapping[str, str],
    zone: tzinfo,
    now: datetime,
    language: str,
    kind: Kind | None = None,
    limit: int = 0,
) -> Answer | None:
    """Return the answer for an order, or None where nothing is known of it; ``senders`` are mailboxes' names by address.

    It is written from what ``conn`` sees, and says to its writer what of the order only ``whole`` does.
    """
    timeline = timeline_of(conn, order)
    if timeline is None:
        return None
    mailbox = _mailbox(timeline)
    case = case_of(
        timeline, watched_of(whole, mailbox), title=title, parcels=parcel_entries(conn, order), kind=kind
    )
    text = write(case, language, zone=zone, sender=senders.get(mailbox, "") or mailbox, limit=limit)
    lacks = list(lacks_of(case, now))
    if unseen := unseen_of(conn, whole, order):
        lacks.append(
            ngettext(
                "%(num)s message in a mailbox that you do not have quotes this order's number; it was not looked at",
                "%(num)s messages in mailboxes that you do not have quote this order's number; they were not looked at",
                unseen,
            )
            % {"num": unseen}
        )
    if limit and len(str(text)) > limit:
        lacks.append(f"the text has {len(str(text))} characters and cannot be made as short as {limit}")
    return Answer(case=case, language=language, text=text, lacks=tuple(lacks), limit=limit)


def draft_of(order: OrderRef, answer: Answer, *, agent: str, source: str) -> Draft:
    """Return the entry that says who had which answer made."""
    payload = {
        "order": {"marketplace": order.marketplace, "value": order.value},
        "kind": answer.case.kind,
        "language": answer.language,
        "text": str(answer.text),
        "entries": list(answer.entries),
        "agent": agent,
    }
    return Draft(type="answer", payload=canonical(payload), meta={"source": source})


def _mailbox(timeline: Timeline) -> str:
    """Return the support address that the newest message of an order belongs to."""
    return next((one.row.mailbox for one in reversed(timeline.letters) if one.row.mailbox), "")

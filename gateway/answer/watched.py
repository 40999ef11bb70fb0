"""How completely a mailbox's mail was taken, from the record's own entries: what carries the words "nothing came"."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from gateway.store.evidence import events_of_type
from gateway.store.records import EventRow
from gateway.tongue import _


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """When a mailbox's folders were captured: since when, until when they were compared with the archive, and the gaps."""

    began: datetime | None = None  # since then every folder's mail is taken
    compared: datetime | None = None  # at that time every folder's mail was found to be in the archive
    gaps: tuple[tuple[datetime, datetime], ...] = ()
    entries: tuple[int, ...] = ()

    def doubt(self, begin: datetime, end: datetime) -> str:
        """Return why nobody can say that nothing came in a time, or an empty string."""
        if self.began is None:
            return _(
                "the mailbox is not captured: what did not come by SMTP is unknown (docs/howto/capture-a-mailbox.md)"
            )
        if self.began > begin:
            return _("the mailbox is captured since %(day)s, after the order was placed") % {
                "day": f"{self.began:%Y-%m-%d}"
            }
        if self.compared is None or self.compared < end:
            return _(
                "no comparison of the mailbox with the archive stands behind that time: run docket mailbox reconcile"
            )
        return ""

    def breaks(self, begin: datetime, end: datetime) -> tuple[tuple[datetime, datetime], ...]:
        """Return the gaps that fall into a time, cut to it."""
        return tuple(
            (max(begin, first), min(end, last)) for first, last in self.gaps if first < end and last > begin
        )


def watched_of(conn: Connection, mailbox: str) -> Watched:
    """Return how the mail of one support address was taken."""
    return watched(
        mailbox,
        events_of_type(conn, "capture"),
        events_of_type(conn, "reconciliation"),
        events_of_type(conn, "gap"),
    )


def watched(
    mailbox: str, captures: Iterable[EventRow], comparisons: Iterable[EventRow], gaps: Iterable[EventRow]
) -> Watched:
    """Put the entries about one mailbox together."""
    began = {_folder(one): one for one in captures if one.summary.get("mailbox") == mailbox}
    clean = [one for one in comparisons if _folder(one) in began and not one.summary.get("unread")]
    last = {_folder(one): one for one in clean}
    missed = [one for one in gaps if one.summary.get("mailbox") == mailbox and _span(one.summary)]
    gaps_ = tuple(filter(None, (_span(one.summary) for one in missed)))
    if not began or last.keys() != began.keys():
        return Watched(began=max((one.at for one in began.values()), default=None), gaps=gaps_)
    return Watched(
        began=max(one.at for one in began.values()),
        compared=min(_at(one) for one in last.values()),
        gaps=gaps_,
        entries=tuple(sorted(one.seq for one in (*began.values(), *last.values(), *missed))),
    )


def _folder(event: EventRow) -> tuple[str, str]:
    return str(event.summary.get("account", "")), str(event.summary.get("folder", ""))


def _at(event: EventRow) -> datetime:
    return _moment(event.summary.get("at")) or event.at


def _span(said: Mapping[str, Any]) -> tuple[datetime, datetime] | None:
    begin, end = _moment(said.get("begin")), _moment(said.get("end"))
    return (begin, end) if begin is not None and end is not None and begin < end else None


def _moment(said: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(said))
    except ValueError:
        return None
    return found if found.tzinfo is not None else None

"""One job's way out: the copy that leaves, the transport that carries it, the outcome that is archived.

What leaves for a marketplace is rewritten so that nothing internal goes with it; what goes to an agent's mailbox is the
message as it came, with our stamps before it.
"""

import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Literal

import msgspec

from gateway.alerts import about
from gateway.briefing import Known
from gateway.errors import ArchiveBroken, Permanent, WrongUse
from gateway.mail.authenticity.written import results_of
from gateway.mail.entry import Entry, Envelope
from gateway.mail.rewrite import outgoing
from gateway.mail.stamp import Stamp, stamp
from gateway.relay.bounce import delay_report, failure_report
from gateway.relay.notice import Letterhead, arrival_notice, failure_notice
from gateway.relay.outcomes import outcomes_of
from gateway.relay.returned import returned_notice
from gateway.relay.signing import Signing
from gateway.relay.transport import Deferred, Delivered, Outcome, Refused, Transport, Unknown
from gateway.relay.warning import Due, deadline_warning
from gateway.store.records import JobRow

log = logging.getLogger(__name__)

_NO_WAY_OUT = "this mailbox has no way out: set [mailbox.relay] in the settings"
_NOBODY = "there is no way to this address: set [mailbox.deliver] or [mailbox.relay], or alerts = [...]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One mailbox's two ways: ``deliver`` to the agents who read it, ``relay`` to the marketplaces."""

    address: str
    name: str
    sender: str  # the address the marketplace has approved
    deliver: Transport | None
    relay: Transport | None
    signing: Signing | None = None  # of what leaves for the marketplaces
    unknown: Literal["retry", "ask"] = "retry"  # when nobody can say whether an answer was taken

    def close(self) -> None:
        """Give back the connections that are kept open between messages."""
        for way in (self.deliver, self.relay):
            if way is not None:
                way.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What one attempt did: the bytes' hash and header block as sent, and each recipient's outcome."""

    outcomes: tuple[Outcome, ...]
    sha256: str = ""
    headers: str = ""

    @property
    def open(self) -> tuple[str, ...]:
        """The recipients for whom trying again is right. After an Unknown too: better twice than never."""
        return tuple(
            to for one in self.outcomes if isinstance(one, Deferred | Unknown) for to in one.recipients
        )

    @property
    def refused(self) -> tuple[Outcome, ...]:
        return tuple(one for one in self.outcomes if isinstance(one, Refused))


def carry(
    job: JobRow,
    entry: Entry,
    known: Known,
    posts: Mapping[str, Post],
    *,
    hostname: str,
    now: datetime,
    web: str = "",
) -> Sent:
    """Make the copy a job asks for and hand it to its transport. A remote's fault is an outcome, never raised.

    ``web`` is where people read messages.
    """
    recipients = tuple(job.task["recipients"])
    post = posts.get(job.task["mailbox"])
    if job.kind == "returned" and known.returned is not None:
        # whose answer it was is told, wherever the report came in: others may not see that mail
        recipients, post = (known.returned.mailbox,), posts.get(known.returned.mailbox)
    if job.kind in {
        "notify",
        "alert",
        "warn",
        "returned",
    }:  # of a mailbox that is in the settings no more others can still tell
        post = post or next(iter(posts.values()), None)
    if post is None:
        return _nowhere(recipients, f"no mailbox {job.task['mailbox']!r} in the settings")
    if job.task.get("own") and post.deliver is None:
        return Sent(outcomes=())  # nobody reads this mailbox by mail; the pages show what it tells
    envelope = msgspec.convert(entry.meta, Envelope)
    head = Letterhead(
        sender=post.sender,
        to=recipients,
        name=f"{entry.id}-{job.number}-{job.kind}",
        hostname=hostname,
        at=now,
        web=web,
    )
    try:
        match job.kind:
            case "relay":
                copy = outgoing(
                    entry.payload,
                    from_address=post.sender,
                    display_name=post.name,
                    trace=entry.id,
                    at=envelope.received_at,
                )
                if post.relay is None:
                    return _nowhere(recipients, _NO_WAY_OUT)
                signature = post.signing.field_of(copy.raw) if post.signing is not None else b""
                headers = signature + copy.header_block
                return _send(post.relay, signature + copy.raw, post.sender, recipients, headers=headers)
            case "deliver":
                raw = stamp(entry.payload, stamp_of(entry, envelope, known, hostname))
                if not job.task.get("forward"):
                    return _hand_in(post.deliver, raw, envelope.mail_from, recipients)
                if post.relay is None:
                    return _nowhere(recipients, _NO_WAY_OUT)
                return _send(post.relay, raw, post.sender, recipients)
            case "report":
                until = job.task.get("until")
                write = (
                    partial(delay_report, until=datetime.fromisoformat(until)) if until else failure_report
                )
                raw = write(
                    original=entry.payload,
                    reporting_mta=hostname,
                    sender=f"postmaster@{hostname}",
                    to=recipients[0],
                    outcomes=outcomes_of(job.task["outcomes"]),
                    envelope_id=next((f[6:] for f in envelope.flags if f.startswith("ENVID=")), ""),
                    arrived_at=envelope.received_at,
                    at=now,
                    trace=entry.id,
                )
                return _hand_in(post.deliver, raw, "", recipients)
            case "notify":
                raw = arrival_notice(
                    about(known.row),
                    job.task["text"],
                    head,
                )
                return _tell(post, posts, raw, recipients)
            case "warn":
                if known.clock is None or (
                    job.task["next"] and now >= datetime.fromisoformat(job.task["next"])
                ):
                    return Sent(outcomes=())  # it was stopped, or the next warning says it better
                raw = deadline_warning(
                    Due(known.clock.name, known.clock.due_at, known.clock.said, job.task["zone"]),
                    about(known.row),
                    head,
                )
                return _tell(post, posts, raw, recipients)
            case "returned":
                if known.returned is None:
                    return Sent(outcomes=())  # it names nothing that we sent
                raw = returned_notice(
                    about(known.returned),
                    job.task["said"],
                    head,
                    agent=known.returned.agent,
                    report=entry.seq,
                )
                return _tell(post, posts, raw, recipients)
            case "alert":
                raw = failure_notice(
                    known.lost,
                    job.task["mailbox"],
                    head,
                )
                return _tell(post, posts, raw, recipients)
    except (Permanent, WrongUse) as wrong:
        return _nowhere(recipients, str(wrong))
    except ArchiveBroken:
        raise
    except Exception:
        # Something that may pass, or a fault of ours, is tried again like any other, and ends as a failure that people see.
        log.exception("job-fault seq=%d number=%d", job.message, job.number)
        return Sent(
            outcomes=(Deferred(recipients=recipients, reply="451 4.3.0 Local error; the log says more"),)
        )


def stamp_of(entry: Entry, envelope: Envelope, known: Known, hostname: str) -> Stamp:
    """Return what is written before a delivered message: the way it came, and what Docket knows of it."""
    standing = [link.link for link in known.links if link.undone_by is None]
    checked = known.checked
    servers = () if checked is None else map(str.lower, checked.trust.servers)
    return Stamp(
        id=entry.id,
        seq=entry.seq,
        by=hostname,
        helo=envelope.helo,
        peer=envelope.peer,
        protocol=envelope.source,
        tls=envelope.tls,
        for_=envelope.rcpt_to[0] if len(envelope.rcpt_to) == 1 else "",
        at=envelope.received_at,
        orders=tuple((link.order.value, link.confidence, link.method) for link in standing),
        tags=known.row.tags,
        marketplace=known.row.marketplace,
        results=results_of(checked.results) if checked is not None and checked.asked else (),
        authserv="" if hostname.lower() in servers else hostname,
    )


def _hand_in(transport: Transport | None, raw: bytes, mail_from: str, recipients: tuple[str, ...]) -> Sent:
    if transport is None:
        # No delivery is a setting, not a fault: the archive is where this mailbox's mail is kept.
        return Sent(outcomes=(Delivered(recipients=recipients, reply="250 2.0.0 Kept in the archive only"),))
    return _send(transport, raw, mail_from, recipients)


def _tell(post: Post, posts: Mapping[str, Post], raw: bytes, people: tuple[str, ...]) -> Sent:
    """Send a notice of ours to each person by the way that is nearest: into a mailbox of ours, or out by the relay."""
    outcomes: list[Outcome] = []
    for person in people:
        box = posts.get(person.lower())
        if box is not None and box.deliver is not None:
            outcomes += box.deliver.send(raw, "", (person,))
        elif box is None and post.relay is not None:
            outcomes += post.relay.send(raw, post.sender, (person,))
        else:
            outcomes += _nowhere((person,), _NOBODY).outcomes
    return Sent(outcomes=tuple(outcomes), sha256=hashlib.sha256(raw).hexdigest())


def _send(
    transport: Transport,
    raw: bytes,
    mail_from: str,
    recipients: tuple[str, ...],
    *,
    headers: bytes = b"",
) -> Sent:
    return Sent(
        outcomes=transport.send(raw, mail_from, recipients),
        sha256=hashlib.sha256(raw).hexdigest(),
        headers=headers.decode("utf-8", "backslashreplace"),
    )


def nowhere(job: JobRow, why: str) -> Sent:
    """Return that a job was not even tried, and why."""
    return _nowhere(tuple(job.task["recipients"]), why)


def _nowhere(recipients: tuple[str, ...], why: str) -> Sent:
    return Sent(outcomes=(Refused(recipients=recipients, reply=f"554 5.3.5 {why}"),))

"""What the API says of messages, orders and entries. The names are those of ``--json`` on the command line."""

from datetime import datetime
from typing import Any

from msgspec import Struct, field

from gateway.dossier.timeline import Letter
from gateway.store.due import ClockRow
from gateway.store.records import EventRow, LinkRow, MessageRow
from rules.facts import Authentic, OrderRef


class Person(Struct, frozen=True):
    name: str
    address: str


class OrderName(Struct, frozen=True, forbid_unknown_fields=True):
    """An order, by whose it is and its number."""

    marketplace: str
    value: str


class Link(Struct, frozen=True):
    """That a message belongs to an order, and why; ``undone_by`` is the entry that took it back."""

    order: OrderName
    method: str
    confidence: str
    reason: str
    by: int
    agent: str
    undone_by: int | None


class Attachment(Struct, frozen=True):
    part: str
    filename: str
    content_type: str
    size_bytes: int
    sha256: str


class Clock(Struct, frozen=True):
    message: int
    name: str
    started_at: datetime
    due_at: datetime
    said: str
    stopped_at: datetime | None
    stopped_by: int | None
    how: str


class Event(Struct, frozen=True):
    """One entry of the log: what happened, to which message or order, by whom. ``summary`` differs by type."""

    seq: int
    type: str
    at: datetime
    of: int | None
    order: OrderName | None
    agent: str
    summary: dict[str, Any]


class Line(Struct, frozen=True):
    """One message as it stands in lists."""

    seq: int
    id: str
    type: str
    at: datetime
    at_from: str
    received_at: datetime
    direction: str
    mailbox: str
    agent: str
    marketplace: str
    kind: str
    from_: tuple[Person, ...] = field(name="from")
    to: tuple[Person, ...]
    cc: tuple[Person, ...]
    subject: str
    orders: tuple[OrderName, ...]
    tags: tuple[str, ...]
    state: str
    size_bytes: int
    sha256: str


class Authenticity(Struct, frozen=True):
    """Whether the sender is proven, by what, and why not."""

    result: str
    by: str
    reason: str
    proven: tuple[str, ...]


class Message(Struct, frozen=True):
    """One message with all that is known of it."""

    message: Line
    message_id: str
    text: str
    attachments: tuple[Attachment, ...]
    links: tuple[Link, ...]
    clocks: tuple[Clock, ...]
    events: tuple[Event, ...]
    authenticity: Authenticity
    defects: tuple[str, ...]


class Reply(Struct, frozen=True):
    """What a remote server said of one message, in its own words."""

    kind: str
    at: datetime
    reply: str
    remote: str
    final: bool


class Written(Struct, frozen=True):
    """A message in an order's story: why it is there, and what became of it."""

    message: Line
    links: tuple[Link, ...]
    replies: tuple[Reply, ...]
    came_back: bool


def order_name(order: OrderRef) -> OrderName:
    return OrderName(marketplace=order.marketplace, value=order.value)


def line(row: MessageRow) -> Line:
    return Line(
        seq=row.seq,
        id=row.id,
        type=row.type,
        at=row.occurred_at,
        at_from=row.occurred_from,
        received_at=row.received_at,
        direction=row.direction,
        mailbox=row.mailbox,
        agent=row.agent,
        marketplace=row.marketplace,
        kind=row.kind,
        from_=people(row.from_),
        to=people(row.to),
        cc=people(row.cc),
        subject=row.subject,
        orders=tuple(map(order_name, row.orders)),
        tags=row.tags,
        state=row.state,
        size_bytes=row.size_bytes,
        sha256=row.sha256,
    )


def people(pairs: tuple[tuple[str, str], ...]) -> tuple[Person, ...]:
    return tuple(Person(name=name, address=address) for name, address in pairs)


def link(one: LinkRow) -> Link:
    return Link(
        order=order_name(one.link.order),
        method=one.link.method,
        confidence=one.link.confidence,
        reason=one.link.reason,
        by=one.by,
        agent=one.agent,
        undone_by=one.undone_by,
    )


def clock(one: ClockRow) -> Clock:
    return Clock(
        message=one.message,
        name=one.name,
        started_at=one.started_at,
        due_at=one.due_at,
        said=one.said,
        stopped_at=one.stopped_at,
        stopped_by=one.stopped_by,
        how=one.how,
    )


def event(one: EventRow) -> Event:
    return Event(
        seq=one.seq,
        type=one.type,
        at=one.at,
        of=one.of,
        order=order_name(one.order) if one.order else None,
        agent=one.agent,
        summary=one.summary,
    )


def authenticity(found: Authentic) -> Authenticity:
    return Authenticity(result=found.result, by=found.by, reason=found.reason, proven=found.proven)


def written(letter: Letter) -> Written:
    return Written(
        message=line(letter.row),
        links=tuple(map(link, letter.links)),
        replies=tuple(
            Reply(kind=one.kind, at=one.at, reply=one.reply, remote=one.remote, final=one.final)
            for one in letter.answers
        ),
        came_back=letter.came_back,
    )

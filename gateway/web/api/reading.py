"""Operations that read: search, messages, orders, the log's entries and proofs."""

from http import HTTPStatus
from typing import Annotated, Literal

from msgspec import Meta, Struct
from starlette.responses import Response

from gateway.dossier.closing import missing
from gateway.dossier.timeline import Act, Letter
from gateway.mail.parse import attachment
from gateway.store import messages, orders
from gateway.store.authenticity import authentic_of
from gateway.store.due import clocks_of
from gateway.store.evidence import events_among
from gateway.store.tokens import Bearer
from gateway.store.waits import waits_in
from gateway.web.api.call import Call, Nothing, Operation
from gateway.web.api.places import (
    OfMessage,
    OfOrder,
    OfPart,
    Seq,
    events_seen,
    known_order,
    row_of,
)
from gateway.web.api.problem import Refused
from gateway.web.api.shapes import (
    Attachment,
    Clock,
    Event,
    Line,
    Message,
    OrderName,
    Written,
    authenticity,
    clock,
    event,
    line,
    link,
    order_name,
    written,
)
from gateway.web.narrowing import both, term_of
from gateway.web.reads import entry_of, mail_entry, text_of, texts_of
from index.backend import Sort
from index.query import Query, QueryError, parse_query
from index.snippet import snippets
from index.syntax import QUERY_CHARS
from rules.facts import Authentic

_WIDTH = 160
_MOST = 200


class Asked(Struct, frozen=True, forbid_unknown_fields=True):
    q: Annotated[
        str, Meta(max_length=QUERY_CHARS, description="A query in Docket's language; empty finds all.")
    ] = ""
    sort: Literal["newest", "oldest", "relevance"] = "newest"
    limit: Annotated[int, Meta(ge=1, le=_MOST)] = 50
    after: Annotated[str, Meta(max_length=40, description="`after` of the page before.")] = ""


class Hit(Struct, frozen=True):
    message: Line
    snippet: str


class Found(Struct, frozen=True):
    """One page of a search. ``total`` is exact; ``after`` goes on, null at the end. What comes meanwhile shifts nothing."""

    total: int
    after: str | None
    hits: tuple[Hit, ...]


class Named(Struct, frozen=True, forbid_unknown_fields=True):
    ref: Annotated[str, Meta(min_length=1, max_length=200, description="A number, with or without dashes.")]


class Orders(Struct, frozen=True):
    orders: tuple[OrderName, ...]


class Parcel(Struct, frozen=True):
    carrier: str
    number: str


class Product(Struct, frozen=True):
    kind: str
    value: str


class Dossier(Struct, frozen=True):
    """An order with all that happened. ``lacks`` is what must stand in it before it can be closed."""

    order: OrderName
    state: str
    owner: str
    held: bool
    lacks: tuple[str, ...]
    messages: tuple[Written, ...]
    events: tuple[Event, ...]
    clocks: tuple[Clock, ...]
    parcels: tuple[Parcel, ...]
    products: tuple[Product, ...]


class Since(Struct, frozen=True, forbid_unknown_fields=True):
    since: Annotated[Seq, Meta(description="The first entry wanted.")] = 0
    limit: Annotated[int, Meta(ge=1, le=1000)] = 200


class Entries(Struct, frozen=True):
    """Entries that the caller may see. ``next`` is what to ask for ``since`` next time; it moves past the others, too."""

    entries: tuple[Event, ...]
    next: int


class Self(Struct, frozen=True):
    """What a token is and may do. Null ``mailboxes`` are all."""

    token: str
    agent: str
    scopes: tuple[str, ...]
    mailboxes: tuple[str, ...] | None


def search(call: Call) -> Found:
    site, asked = call.site, call.query
    try:
        query = parse_query(asked.q, tz=site.zone, waits=waits_in(site.store, site.clock))
    except QueryError as wrong:
        raise Refused(HTTPStatus.BAD_REQUEST, wrong.message, column=wrong.column, at="q") from wrong
    sort: Sort = asked.sort
    site.index.refresh()
    if call.bearer.mailboxes is not None and not call.bearer.mailboxes:
        return Found(total=0, after=None, hits=())
    narrowed = _narrowed(query, call.bearer)
    try:
        page = site.index.search(narrowed, limit=asked.limit, sort=sort, after=asked.after or None)
    except ValueError as wrong:
        raise Refused(HTTPStatus.BAD_REQUEST, str(wrong), at="after") from wrong
    with site.store.read() as conn:
        rows = messages.messages(conn, [hit.seq for hit in page.hits])
    return Found(
        total=page.total,
        after=page.after,
        hits=tuple(
            Hit(
                message=line(row),
                snippet="".join(piece for piece, _ in snippets(query, text, width=_WIDTH)),
            )
            for row, text in zip(rows.values(), texts_of(site, rows.values()), strict=True)
        ),
    )


def message(call: Call) -> Message:
    row = row_of(call)
    with call.site.store.read() as conn:
        found = authentic_of(conn, [row.seq]).get(row.seq, Authentic())
        links = orders.links_of(conn, row.seq)
        clocks = clocks_of(conn, row.seq)
        events = orders.events_of(conn, message=row.seq)
    return Message(
        message=line(row),
        message_id=row.message_id,
        text=text_of(call.site, row),
        attachments=tuple(
            Attachment(
                part=one.part,
                filename=one.filename,
                content_type=one.content_type,
                size_bytes=one.size_bytes,
                sha256=one.sha256,
            )
            for one in row.attachments
        ),
        links=tuple(map(link, links)),
        clocks=tuple(map(clock, clocks)),
        events=tuple(map(event, events)),
        authenticity=authenticity(found),
        defects=row.defects,
    )


def raw(call: Call) -> Response:
    """Answer with the archived bytes, not one changed."""
    entry = mail_entry(call.site, row_of(call).seq)
    return Response(entry.payload, media_type="message/rfc822")


def part(call: Call) -> Response:
    row = row_of(call)
    if all(one.part != call.where.part for one in row.attachments):
        raise Refused(HTTPStatus.NOT_FOUND, f"Message {row.seq} has no attachment {call.where.part}.")
    data = attachment(mail_entry(call.site, row.seq).payload, call.where.part)
    return Response(data, media_type="application/octet-stream")


def find(call: Call) -> Orders:
    with call.site.store.read() as conn:
        found = [row.order for row in orders.find_orders(conn, call.query.ref)]
        if call.bearer.mailboxes is not None:
            found = [
                one
                for one in found
                if any(call.bearer.sees(row.mailbox) for row in orders.messages_of(conn, one))
            ]
    return Orders(orders=tuple(map(order_name, found)))


def order(call: Call) -> Dossier:
    told = known_order(call)
    standing = told.standing
    return Dossier(
        order=order_name(told.order),
        state=standing.state if standing else "open",
        owner=standing.owner if standing else "",
        held=standing is not None and standing.held_by is not None,
        lacks=missing(told, call.site.close_needs),
        messages=tuple(written(one) for one in told.moments if isinstance(one, Letter)),
        events=tuple(event(one.event) for one in told.moments if isinstance(one, Act)),
        clocks=tuple(map(clock, told.clocks)),
        parcels=tuple(Parcel(carrier=one.carrier, number=one.number) for one in told.parcels),
        products=tuple(Product(kind=one.kind, value=one.value) for one in told.products),
    )


def entries(call: Call) -> Entries:
    """Give the log's entries as they come, for whoever cannot be called."""
    since = call.query.since
    with call.site.store.read() as conn:
        found = events_among(conn, range(since, since + call.query.limit))
    seen = events_seen(call, [found[seq] for seq in sorted(found)])
    return Entries(entries=tuple(map(event, seen)), next=max(found, default=since - 1) + 1)


def proof(call: Call) -> Response:
    """Answer with the proof that an entry stands in the log, as https://c2sp.org/tlog-proof has it."""
    entry = entry_of(call.site, call.where.seq)
    return Response(call.site.archive.proof(entry.seq), media_type="text/plain; charset=utf-8")


def checkpoint(call: Call) -> Response:
    archive = call.site.archive
    if not archive.head():
        raise Refused(HTTPStatus.NOT_FOUND, "The archive is empty: there is nothing to sign yet.")
    return Response(archive.checkpoint(), media_type="text/plain; charset=utf-8")


def me(call: Call) -> Self:
    token, seen = call.bearer.token, call.bearer.mailboxes
    return Self(
        token=token.id,
        agent=token.agent,
        scopes=token.scopes,
        mailboxes=None if seen is None else tuple(sorted(seen)),
    )


def _narrowed(query: Query, bearer: Bearer) -> Query:
    if bearer.mailboxes is None:
        return query
    return both(query, parse_query(" OR ".join(term_of("mailbox", box) for box in sorted(bearer.mailboxes))))


OPERATIONS = (
    Operation(name="me", method="GET", path="/me", summary="What this token is and may do", scope="", handle=me, gives=Self),
    Operation(name="search", method="GET", path="/messages", summary="Search messages", scope="read", handle=search, query=Asked, gives=Found),
    Operation(name="message", method="GET", path="/messages/{seq}", summary="One message, its links, clocks and history", scope="read", handle=message, where=OfMessage, gives=Message, fails=(404, 410)),
    Operation(name="raw", method="GET", path="/messages/{seq}/raw", summary="A message, byte for byte", scope="read", handle=raw, where=OfMessage, gives="message/rfc822", fails=(404, 410)),
    Operation(name="attachment", method="GET", path="/messages/{seq}/attachments/{part}", summary="An attachment", scope="read", handle=part, where=OfPart, gives="application/octet-stream", fails=(404, 410)),
    Operation(name="find_orders", method="GET", path="/orders", summary="The orders that a number may mean", scope="read", handle=find, query=Named, gives=Orders),
    Operation(name="order", method="GET", path="/orders/{marketplace}/{value}", summary="An order's dossier", scope="read", handle=order, where=OfOrder, gives=Dossier, fails=(404,)),
    Operation(name="entries", method="GET", path="/entries", summary="The log's entries as they come", scope="read", handle=entries, query=Since, gives=Entries),
    Operation(name="proof", method="GET", path="/entries/{seq}/proof", summary="The proof that an entry stands in the log", scope="read", handle=proof, where=OfMessage, gives="text/plain; charset=utf-8", fails=(404, 410)),
    Operation(name="checkpoint", method="GET", path="/checkpoint", summary="The log's signed checkpoint", scope="read", handle=checkpoint, where=Nothing, gives="text/plain; charset=utf-8", fails=(404,)),
)  # fmt: skip

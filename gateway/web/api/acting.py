"""Operations that act: each is one entry of the log, in the name of the token's agent."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

from gateway.mail.entry import Draft
from gateway.web.api.call import Call, Done, Operation
from gateway.web.api.places import Name, OfJob, OfMessage, OfOrder, order_of, row_of
from gateway.web.deeds import (
    NOTE_CHARS,
    dossier_change,
    link_to,
    link_to_none,
    mark_clock,
    note_on,
    queue_word,
    release_of,
    tags_on,
)

Tag = Annotated[str, Meta(min_length=1, max_length=200)]


class Note(Struct, frozen=True, forbid_unknown_fields=True):
    text: Annotated[str, Meta(min_length=1, max_length=NOTE_CHARS)]


class Tags(Struct, frozen=True, forbid_unknown_fields=True):
    add: Annotated[tuple[Tag, ...], Meta(max_length=50)] = ()
    remove: Annotated[tuple[Tag, ...], Meta(max_length=50)] = ()


class LinkWanted(Struct, frozen=True, forbid_unknown_fields=True):
    """An order to link a message to, to take such a link back from (``undo``), or none: it belongs to no order."""

    value: Annotated[str, Meta(max_length=200)] = ""
    marketplace: Annotated[str, Meta(max_length=200)] = ""
    none: bool = False
    undo: bool = False
    reason: Annotated[str, Meta(max_length=500)] = ""


class Stop(Struct, frozen=True, forbid_unknown_fields=True):
    clock: Name
    as_: Annotated[
        Literal["none", "elsewhere"], Meta(description="No answer is needed, or it was given elsewhere.")
    ] = field(name="as")


class Change(Struct, frozen=True, forbid_unknown_fields=True):
    state: Literal["open", "waiting", "closed"] | UnsetType = UNSET
    owner: Annotated[str, Meta(max_length=200)] | UnsetType = UNSET


class Second(Struct, frozen=True, forbid_unknown_fields=True):
    drop: Annotated[bool, Meta(description="True closes it unsent.")] = False


class Word(Struct, frozen=True, forbid_unknown_fields=True):
    do: Literal["retry", "hold", "release", "drop"]
    reason: Annotated[str, Meta(max_length=500)] = ""


def note(call: Call) -> Draft:
    return note_on(call.site, row_of(call).seq, call.body.text, call.who)


def tag(call: Call) -> Draft:
    return tags_on(call.site, row_of(call).seq, call.body.add, call.body.remove, call.who)


def link(call: Call) -> Draft:
    seq, wanted = row_of(call).seq, call.body
    if wanted.none:
        return link_to_none(call.site, seq, call.who)
    return link_to(
        call.site,
        seq,
        wanted.value,
        call.who,
        marketplace=wanted.marketplace,
        undo=wanted.undo,
        reason=wanted.reason,
    )


def mark(call: Call) -> Draft:
    return mark_clock(call.site, row_of(call).seq, call.body.clock, call.body.as_, call.who)


def release(call: Call) -> Draft:
    return release_of(call.site, row_of(call).seq, call.who, drop=call.body.drop)


def queue(call: Call) -> Draft:
    seq = row_of(call).seq
    return queue_word(call.site, seq, call.where.number, call.body.do, call.body.reason, call.who)


def note_order(call: Call) -> Draft:
    return note_on(call.site, order_of(call), call.body.text, call.who)


def mark_order(call: Call) -> Draft:
    return mark_clock(call.site, order_of(call), call.body.clock, call.body.as_, call.who)


def change(call: Call) -> Draft:
    said = {"state": call.body.state, "owner": call.body.owner}
    changes = {name: value for name, value in said.items() if value is not UNSET}
    return dossier_change(call.site, order_of(call), changes, call.who)


OPERATIONS = (
    Operation(name="note", method="POST", path="/messages/{seq}/notes", summary="Write a note on a message", scope="act", handle=note, where=OfMessage, body=Note, gives=Done, fails=(404,)),
    Operation(name="tag", method="POST", path="/messages/{seq}/tags", summary="Put tags on a message, take others off", scope="act", handle=tag, where=OfMessage, body=Tags, gives=Done, fails=(404, 409)),
    Operation(name="link", method="POST", path="/messages/{seq}/links", summary="Link a message to an order, or take a link back", scope="act", handle=link, where=OfMessage, body=LinkWanted, gives=Done, fails=(404, 409)),
    Operation(name="mark", method="POST", path="/messages/{seq}/marks", summary="Stop a clock of a message", scope="act", handle=mark, where=OfMessage, body=Stop, gives=Done, fails=(404, 409)),
    Operation(name="release", method="POST", path="/messages/{seq}/release", summary="Send a held message, or drop it", scope="send", handle=release, where=OfMessage, body=Second, gives=Done, fails=(404, 409, 410)),
    Operation(name="queue", method="POST", path="/messages/{seq}/jobs/{number}", summary="Retry, hold, release or drop a job of the outbox", scope="send", handle=queue, where=OfJob, body=Word, gives=Done, fails=(404, 409)),
    Operation(name="note_order", method="POST", path="/orders/{marketplace}/{value}/notes", summary="Write a note on an order", scope="act", handle=note_order, where=OfOrder, body=Note, gives=Done, fails=(404,)),
    Operation(name="mark_order", method="POST", path="/orders/{marketplace}/{value}/marks", summary="Stop a clock of an order", scope="act", handle=mark_order, where=OfOrder, body=Stop, gives=Done, fails=(404, 409)),
    Operation(name="change", method="POST", path="/orders/{marketplace}/{value}/dossier", summary="Change how a dossier stands, or whose it is", scope="act", handle=change, where=OfOrder, body=Change, gives=Done, fails=(404, 409)),
)  # fmt: skip

"""Operations that add to a dossier from outside the mail: files and parcels."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from gateway.dossier.filing import evidence_draft, parcel_draft
from gateway.mail.entry import Draft
from gateway.web.api.call import Call, Done, File, Operation
from gateway.web.api.places import OfOrder, order_of

Kind = Literal["carrier-page", "proof-of-delivery", "photo", "chat", "invoice", "other"]


class AboutFile(Struct, frozen=True, forbid_unknown_fields=True):
    filename: Annotated[str, Meta(max_length=255)] = ""
    kind: Kind = "other"
    text: Annotated[str, Meta(max_length=500, description="What it shows, in a sentence.")] = ""


class ParcelWord(Struct, frozen=True, forbid_unknown_fields=True):
    number: Annotated[str, Meta(min_length=5, max_length=60)]
    carrier: Annotated[str, Meta(max_length=60)] = ""
    remove: Annotated[bool, Meta(description="It is not this order's.")] = False


def evidence(call: Call) -> Draft:
    """Archive the body as a file of the order, byte for byte, dated as received now."""
    return evidence_draft(
        order_of(call),
        call.body.data,
        filename=call.query.filename,
        kind=call.query.kind,
        text=call.query.text,
        agent=call.who.agent,
        source=call.who.source,
    )


def parcel(call: Call) -> Draft:
    return parcel_draft(
        order_of(call),
        call.body.number,
        carrier=call.body.carrier,
        carriers=call.site.carriers(),
        agent=call.who.agent,
        source=call.who.source,
        remove=call.body.remove,
    )


OPERATIONS = (
    Operation(name="evidence", method="POST", path="/orders/{marketplace}/{value}/evidence", summary="Add a file to an order's dossier; the body is the file", scope="file", handle=evidence, where=OfOrder, query=AboutFile, body=File, gives=Done, fails=(404,)),
    Operation(name="parcel", method="POST", path="/orders/{marketplace}/{value}/parcels", summary="Say that a parcel is an order's, or that it is not", scope="file", handle=parcel, where=OfOrder, body=ParcelWord, gives=Done, fails=(404,)),
)  # fmt: skip

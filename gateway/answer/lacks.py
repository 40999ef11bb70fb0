"""What an answer lacks, told to its writer before the marketplace finds out. Pure."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from gateway.answer.case import Case

_LATE = timedelta(hours=24)


def lacks_of(case: Case, now: datetime) -> Iterator[str]:
    """Yield in words what is missing or speaks against us."""
    if case.claim is None and case.kind != "audit":
        yield "no claim on this order is known; this answers nothing that has come in"
    elif case.claim is not None and case.claim.stopped_by is not None:
        yield f"the {case.claim.name.replace('_', ' ')} clock was stopped already (entry {case.claim.stopped_by})"
    elif case.claim is not None and case.claim.due_at < now:
        yield f"the deadline has passed: it was {case.claim.due_at:%Y-%m-%d %H:%M} UTC"
    if not case.parcels:
        yield "no parcel is named (docket parcel add)"
    if not case.proofs:
        yield "no proof of delivery, such as a signature (docket evidence add --kind proof-of-delivery)"
    if not case.scans:
        yield "no scan of the carrier's (docket evidence add --kind carrier-page --text ...)"
    for one in case.replies:
        said = f"message {one.entries[0]}"
        if one.took is None:
            yield f"{said} of the buyer is unanswered"
        elif one.took > _LATE:
            yield f"our answer to {said} came after more than 24 hours; the text says so"
    for seq in case.returned:
        yield f"our message {seq} was accepted and came back later; it counts for nothing"
    if case.doubt:
        yield f"no proof that the buyer did not write: {case.doubt}"
    if not case.documents:
        yield "no documents were sent to the buyer through the marketplace"

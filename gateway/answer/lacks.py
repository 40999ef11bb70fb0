"""What an answer lacks, told to its writer before the marketplace finds out. Pure."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from gateway.answer.case import Case
from gateway.tongue import _

_LATE = timedelta(hours=24)


def lacks_of(case: Case, now: datetime) -> Iterator[str]:
    """Yield in words what is missing or speaks against us."""
    if case.claim is None and case.kind != "audit":
        yield _("no claim on this order is known; this answers nothing that has come in")
    elif case.claim is not None and case.claim.stopped_by is not None:
        yield _("the %(case)s clock was stopped already (entry %(stopped_by)s)") % {
            "case": case.claim.name.replace("_", " "),
            "stopped_by": case.claim.stopped_by,
        }
    elif case.claim is not None and case.claim.due_at < now:
        yield _("the deadline has passed: it was %(what)s UTC") % {
            "what": format(case.claim.due_at, "%Y-%m-%d %H:%M")
        }
    if not case.parcels:
        yield _("no parcel is named (docket parcel add)")
    if not case.proofs:
        yield _("no proof of delivery, such as a signature (docket evidence add --kind proof-of-delivery)")
    if not case.scans:
        yield _("no scan of the carrier's (docket evidence add --kind carrier-page --text ...)")
    for one in case.replies:
        said = _("message %(one)s") % {"one": one.entries[0]}
        if one.took is None:
            yield _("%(said)s of the buyer is unanswered") % {"said": said}
        elif one.took > _LATE:
            yield _("our answer to %(said)s came after more than 24 hours; the text says so") % {"said": said}
    for seq in case.returned:
        yield _("our message %(seq)s was accepted and came back later; it counts for nothing") % {"seq": seq}
    if case.doubt:
        yield _("no proof that the buyer did not write: %(doubt)s") % {"doubt": case.doubt}
    if not case.documents:
        yield _("no documents were sent to the buyer through the marketplace")

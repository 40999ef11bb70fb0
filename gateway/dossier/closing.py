"""What is missing before a dossier may be closed, or money go back: the settings say what must stand in it first."""

import re
from collections.abc import Iterable, Sequence

from sqlalchemy import Connection

from gateway.dossier.timeline import Act, Timeline, timeline_of
from gateway.store.orders import links_of
from gateway.tongue import _

REFUND = "refund"  # the tag that says money goes back
_NEED = re.compile(r"note|evidence|answers|tag:[\w./|-]{1,200}")


def is_need(text: str) -> bool:
    """Tell whether a setting is a need that there is: ``note``, ``evidence``, ``answers``, or ``tag:`` with names between bars."""
    return _NEED.fullmatch(text) is not None


def refund_lacks(conn: Connection, message: int, tags: Iterable[str], needs: Sequence[str]) -> str:
    """Return in words what the orders of a message lack before these tags may say that money goes back; "" where nothing."""
    if REFUND not in tags or not needs:
        return ""
    for order in dict.fromkeys(one.link.order for one in links_of(conn, message) if one.undone_by is None):
        timeline = timeline_of(conn, order)
        if timeline is not None and (lacks := missing(timeline, needs)):
            return _("order %(value)s lacks %(what)s") % {"value": order.value, "what": "; ".join(lacks)}
    return ""


def missing(timeline: Timeline, needs: Iterable[str]) -> tuple[str, ...]:
    """Return in words what a dossier lacks before it may be closed; empty where nothing."""
    found = []
    for need in needs:
        if need == "note":
            notes = (one for one in timeline.moments if isinstance(one, Act) and one.event.type == "note")
            if next(notes, None) is None:
                found.append(_("a note that says how it ended"))
        elif need == "evidence":
            files = (one for one in timeline.moments if isinstance(one, Act) and one.event.type == "evidence")
            if all(one.event.summary.get("erased") for one in files):
                found.append(_("a piece of evidence (docket evidence add)"))
        elif need == "answers":
            found += [
                _("an answer to message %(message)s (%(name)s)") % {"message": one.message, "name": one.name}
                for one in timeline.waits
            ]
        else:
            names = need.removeprefix("tag:").split("|")
            if not any(tag in names for letter in timeline.letters for tag in letter.row.tags):
                found.append(_("the tag %(or)s on one of its messages") % {"or": " or ".join(names)})
    return tuple(found)

"""What is missing before a dossier may be closed: the settings say what must stand in it first."""

import re
from collections.abc import Iterable

from gateway.dossier.timeline import Act, Timeline

_NEED = re.compile(r"note|answers|tag:[\w./|-]{1,200}")


def is_need(text: str) -> bool:
    """Tell whether a setting is a need that there is: ``note``, ``answers``, or ``tag:`` with names between bars."""
    return _NEED.fullmatch(text) is not None


def missing(timeline: Timeline, needs: Iterable[str]) -> tuple[str, ...]:
    """Return in words what a dossier lacks before it may be closed; empty where nothing."""
    found = []
    for need in needs:
        if need == "note":
            notes = (one for one in timeline.moments if isinstance(one, Act) and one.event.type == "note")
            if next(notes, None) is None:
                found.append("a note that says how it ended")
        elif need == "answers":
            found += [f"an answer to message {one.message} ({one.name})" for one in timeline.waits]
        else:
            names = need.removeprefix("tag:").split("|")
            if not any(tag in names for letter in timeline.letters for tag in letter.row.tags):
                found.append(f"the tag {' or '.join(names)} on one of its messages")
    return tuple(found)

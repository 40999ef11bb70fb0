"""The completeness statement: what a pack holds, what it lacks and why, and what nobody can tell from it."""

from typing import Any

import msgspec

from gateway.evidence.selection import Selection


class Lack(msgspec.Struct, frozen=True):
    entry: int
    why: str


class Tally(msgspec.Struct):
    """Counted while the pack is put together."""

    opened: int = 0
    withheld: list[Lack] = []
    unreadable: list[Lack] = []  # not even their place in the log can be shown
    faults: list[Lack] = []  # what is wrong with entries, whether they are in the pack or not
    attachments: int = 0


def statement(selection: Selection, tally: Tally, rollback: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the statement as plain values; ``says`` is the same for people. ``rollback`` says what would show one."""
    return {
        "about": selection.request.title,
        "opened": tally.opened,
        "messages": selection.messages,
        "withheld": msgspec.to_builtins(tally.withheld),
        "unreadable": msgspec.to_builtins(tally.unreadable),
        "faults": msgspec.to_builtins(tally.faults),
        "links_taken_back": [{"message": message, "by": by} for message, by in selection.taken_back],
        "gaps": msgspec.to_builtins(selection.gaps),
        "looked_at": {"entries": selection.read_to, "of": selection.size},
        "says": [*_sentences(selection, tally), *rollback],
    }


def _sentences(selection: Selection, tally: Tally) -> list[str]:
    whose = "linked to this order" if selection.request.order else "that the search found"
    said = [
        (
            f"{_count(selection.messages, 'message')} {whose}, with what came of each: {_count(tally.opened, 'entry', 'entries')} of the log in all. "
            f"{_count(tally.attachments, 'attachment')} taken out of the messages."
        )
    ]
    said += [f"Entry {one.entry} is not in it: {one.why}." for one in (*tally.withheld, *tally.unreadable)]
    said += [f"Entry {one.entry}: {one.why}." for one in tally.faults]
    said += [
        f"Message {message} was once linked to this order and is not in this pack: entry {by} took the link back."
        for message, by in selection.taken_back
    ]
    behind = selection.size - selection.read_to
    if behind > 0:
        said.append(
            f"{behind} entries of the log, from entry {selection.read_to} on, had not been read when the choice was made."
        )
    said += [
        f"Signed entries of the log are lost: see entry {one.entry}, in which a person states it."
        if "lost" in one.said
        else f"Mail was not taken for a while: see entry {one.entry}, a gap."
        for one in selection.gaps
    ]
    if not selection.gaps:
        said.append("Nobody has recorded a time in which mail was not taken.")
    said += [
        "Messages that were erased before name no order any more: whether one of them belonged here cannot be told.",
        "Mail that never reached this system, such as an answer given on a marketplace's own site of which no copy came, is not in it.",
    ]
    return said


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"

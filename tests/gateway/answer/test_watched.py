"""How completely a mailbox was taken: only what the entries carry may be said."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.answer.watched import watched
from gateway.store.records import EventRow

DAY = timedelta(days=1)
T = datetime(2026, 11, 1, tzinfo=UTC)
BOX = "s@brand.example"


def event(seq, when, **summary):
    return EventRow(
        seq=seq,
        type="",
        at=when,
        of=None,
        order=None,
        agent="",
        summary={"mailbox": BOX, "account": "s@imap", **summary},
    )


def capture(seq=1, at=T, folder="INBOX"):
    return event(seq, at, folder=folder)


def compared(seq=9, at=T + 9 * DAY, folder="INBOX", **more):
    return event(seq, at, folder=folder, **{"at": at.isoformat(), **more})


def gap(seq, begin, end, **more):
    return event(seq, end, begin=begin.isoformat(), end=end.isoformat(), **more)


def doubt(found):
    return found.doubt(T + DAY, T + 5 * DAY)


def test_a_mailbox_that_was_captured_and_compared_leaves_no_doubt():
    found = watched(BOX, [capture()], [compared()], [])
    assert doubt(found) == ""
    assert found.breaks(T + DAY, T + 5 * DAY) == ()
    assert found.entries == (1, 9)


DOUBTS = {
    "not captured": (([], [], []), "not captured"),
    "another mailbox": (([event(1, T, folder="INBOX", mailbox="x@y")], [compared()], []), "not captured"),
    "captured later": (([capture(at=T + 2 * DAY)], [compared()], []), "captured since 2026-11-03"),
    "one folder later": (([capture(), capture(2, T + 2 * DAY, "Spam")], [compared(), compared(10, folder="Spam")], []), "captured since"),
    "never compared": (([capture()], [], []), "no comparison"),
    "compared before": (([capture()], [compared(at=T + 4 * DAY)], []), "no comparison"),
    "one folder not compared": (([capture(), capture(2, T, "Spam")], [compared()], []), "no comparison"),
    "one message could not be read": (([capture()], [compared(unread=[{"uid": 3}])], []), "no comparison"),
}  # fmt: skip


@pytest.mark.parametrize("entries, words", DOUBTS.values(), ids=DOUBTS.keys())
def test_what_the_record_cannot_carry_is_not_said(entries, words):
    assert words in doubt(watched(BOX, *entries))


def test_gaps_of_the_time_are_told_cut_to_it():
    gaps = [
        gap(2, T, T + 2 * DAY),
        gap(3, T + 3 * DAY, T + 4 * DAY),
        gap(4, T + 6 * DAY, T + 7 * DAY),
        gap(5, T + 3 * DAY, T + 4 * DAY, mailbox="x@y"),
        event(6, T, begin="nonsense", end=None),
    ]
    found = watched(BOX, [capture()], [compared()], gaps)
    assert found.breaks(T + DAY, T + 5 * DAY) == ((T + DAY, T + 2 * DAY), (T + 3 * DAY, T + 4 * DAY))
    assert found.entries == (1, 2, 3, 4, 9)

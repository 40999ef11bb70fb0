"""The account-audit file: a line for every clock, and sums that add up."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from gateway.answer.account import COLUMNS, lines_of, sums_of
from gateway.store.due import ClockRow
from rules.facts import OrderRef

T = datetime(2026, 11, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
ROW = ClockRow(
    message=7,
    name="reply",
    by=8,
    kind="buyer_message",
    mailbox="s@b.example",
    marketplace="amazon",
    orders=(OrderRef(marketplace="amazon", value="112-1234567-1234567"),),
    started_at=T,
    due_at=T + 24 * HOUR,
    said="",
)
ANSWERED = replace(ROW, stopped_by=9, stopped_at=T + 2 * HOUR, how="answer")
LATE = replace(ROW, message=17, stopped_by=19, stopped_at=T + 30 * HOUR, how="site")


def line(row, now):
    ((*cells,),) = lines_of([row], now)
    return dict(zip(COLUMNS, cells, strict=True))


def test_a_line_says_when_how_and_by_which_entries():
    told = line(ANSWERED, T + 48 * HOUR)
    assert told == {
        "MESSAGE": "7",
        "MARKETPLACE": "amazon",
        "ORDERS": "112-1234567-1234567",
        "CLOCK": "reply",
        "KIND": "buyer_message",
        "BEGAN": "2026-11-01T00:00:00Z",
        "DUE": "2026-11-02T00:00:00Z",
        "ENDED": "2026-11-01T02:00:00Z",
        "HOURS": "2.00",
        "HOW": "answer",
        "IN TIME": "yes",
        "SHOWN BY": "8 9",
    }


def test_what_is_late_open_or_overdue_is_called_so():
    assert line(LATE, T + 48 * HOUR)["IN TIME"] == "no"
    assert line(ROW, T + 3 * HOUR)["IN TIME"] == "open"
    assert line(ROW, T + 48 * HOUR)["IN TIME"] == "no"
    assert line(ROW, T)["HOW"] == "open"


def test_the_sums_of_each_marketplace_and_clock():
    (one,) = sums_of([ANSWERED, LATE, ROW], T + 48 * HOUR)
    assert (one.begun, one.kept, one.late, one.open, one.overdue, one.day) == (3, 1, 1, 0, 1, 1)
    assert (one.median, one.longest) == (16 * HOUR, 30 * HOUR)
    (empty,) = sums_of([ROW], T)
    assert (empty.open, empty.median, empty.longest) == (1, None, None)


@given(
    st.lists(st.tuples(st.sampled_from(["amazon", "ebay", ""]), st.integers(-1, 60)), max_size=30),
    st.integers(0, 80),
)
def test_the_sums_add_up(told, hours):
    rows = [
        replace(ROW, marketplace=name)
        if after < 0
        else replace(ROW, marketplace=name, stopped_by=1, stopped_at=T + after * HOUR, how="mark")
        for name, after in told
    ]
    sums = sums_of(rows, T + hours * HOUR)
    assert sum(one.begun for one in sums) == len(rows) == len(list(lines_of(rows, T)))
    assert all(one.begun == one.kept + one.late + one.open + one.overdue for one in sums)

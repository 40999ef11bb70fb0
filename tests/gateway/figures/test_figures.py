"""A month's figures are those of its orders' dossiers, told by one function in every shape."""

import csv
import io
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update

from gateway.dossier.timeline import timeline_of
from gateway.errors import WrongUse
from gateway.figures import gathering
from gateway.figures.gathering import Months, month_figures
from gateway.figures.period import month_named, month_of
from gateway.figures.responses import responses_of
from gateway.figures.tables import csv_of, plain, tables_of, tidy_csv
from gateway.store import tables
from gateway.store.due import ClockRow
from rules.facts import OrderRef
from tests.gateway.figures.conftest import BACK, LATE, MARKED
from tests.small_house import MAILBOX, ORDER, build_house, close, mail, seed

BERLIN = ZoneInfo("Europe/Berlin")
T0 = datetime(2026, 11, 10, 9, 0, tzinfo=UTC)
H = timedelta(hours=1)


@pytest.fixture(scope="module")
def told(month):
    with month.store.read() as conn:
        return month_figures(conn, month_named("2026-11", BERLIN), month.clock.now())


def test_the_waits_are_those_that_the_dossiers_show(month, told):
    with month.store.read() as conn:
        lines = [
            timeline_of(conn, OrderRef(marketplace="amazon", value=one))
            for one in (ORDER, LATE, BACK, MARKED)
        ]
    shown = [one for line in lines for one in line.replies]
    took = sorted(span for line in lines for span in line.reply_times)
    total = told.responses.total
    assert total.waits == len(shown) == 4
    assert (total.day, total.later, total.young, total.old) == (1, 1, 0, 2)
    assert [round(one.total_seconds()) for one in took] == [11520, 108000]
    assert (total.median_s, total.longest_s) == (59760, 108000)
    assert total.percent == 25


def test_an_answer_that_bounced_is_none_and_is_counted_as_come_back(told):
    assert told.bounced == 1
    assert [(one.name, one.waits, one.day, one.later) for one in told.responses.by_agent] == [
        ("(not answered)", 2, 0, 0),
        ("anna", 1, 1, 0),
        ("ben", 1, 0, 1),
    ]


def test_volume_policy_and_capture_stand_beside_it(told):
    mails = {one.name: (one.received, one.sent) for one in told.by_mailbox}
    assert mails[MAILBOX] == (8, 3)  # what is held has not left
    assert sum(one.received for one in told.days) == 8
    assert {(one.check, one.held) for one in told.minded if one.held} == {("email_address", 1), ("links", 1)}
    (capture,) = told.coverage
    assert (capture.outages, capture.missed_s) == (3, 6300)  # what two gaps share is missed once


def test_every_shape_tells_the_same(told):
    tables = tables_of(told)
    rows = list(csv.DictReader(io.StringIO(b"".join(tidy_csv(told, tables.values())).decode())))
    told_by_row = {(row["TABLE"], row["ROW"], row["FIGURE"]): row["VALUE"] for row in rows}
    shaped = plain(told, tables.values())["tables"]
    for name, table in tables.items():
        lines = list(csv.DictReader(io.StringIO(b"".join(csv_of(table)).decode())))
        assert len(lines) == len(table.rows)
        for line, one in zip(lines, shaped[name], strict=True):
            for key, value in one.items():
                if key != "name":
                    written = "" if value is None else str(value)
                    assert line[key.upper()] == told_by_row[name, str(one["name"]), key] == written


def clock(message, at, *, stopped=None, by=None, how="answer", order="1", marketplace="amazon"):
    return ClockRow(
        message=message, name="reply", by=message, kind="buyer_message", mailbox="m", marketplace=marketplace,
        orders=(OrderRef(marketplace=marketplace, value=order),) if order else (), started_at=at, due_at=at + 24 * H,
        said="", stopped_by=by, stopped_at=stopped, how=how if by is not None else "",
    )  # fmt: skip


def test_a_wait_belongs_to_the_month_in_which_its_first_message_came():
    october, november = datetime(2026, 10, 31, 20, tzinfo=UTC), datetime(2026, 11, 1, 8, tzinfo=UTC)
    rows = [clock(1, october, stopped=november + H, by=9), clock(2, november, stopped=november + H, by=9)]
    assert responses_of(rows, {9: "anna"}, month_named("2026-11", UTC), T0).total.waits == 0
    assert responses_of(rows, {9: "anna"}, month_named("2026-10", UTC), T0).total.longest_s == 13 * 3600


def test_the_edge_is_24_hours_and_what_is_young_is_not_counted_against_anybody():
    rows = [
        clock(1, T0, stopped=T0 + 24 * H, by=11, order="1"),
        clock(2, T0, stopped=T0 + 24 * H + timedelta(seconds=1), by=12, order="2"),
        clock(3, T0, order="3"),
        clock(4, T0 + 24 * H, order=""),
        clock(5, T0, stopped=T0 + H, by=13, how="mark", order="5"),
        clock(6, T0, stopped=T0 + H, by=14, how="site", order="6"),
    ]
    found = responses_of(rows, {11: "anna"}, month_named("2026-11", UTC), T0 + 30 * H)
    total = found.total
    assert (total.waits, total.day, total.later, total.young, total.old) == (5, 2, 1, 1, 1)
    assert total.percent == 50
    assert {one.name for one in found.by_agent} == {
        "(not answered)",
        "anna",
        "(erased)",
        "(on the marketplace's site)",
    }
    assert dict(found.spread)["8 to 24 h"] == 1
    assert dict(found.spread)["24 to 48 h"] == 1


def test_a_month_is_of_its_zone_and_weeks_are_those_of_the_calendar():
    period = month_of(datetime(2026, 10, 31, 23, 30, tzinfo=UTC), BERLIN)
    assert period.name == "2026-11"
    assert period.since == datetime(2026, 10, 31, 23, tzinfo=UTC)
    assert period.week_of(datetime(2026, 11, 1, 12, tzinfo=UTC)) == "2026-W44"
    assert (period.before, period.after) == ("2026-10", "2026-12")


@pytest.mark.parametrize(
    "name", ["", "2026", "2026-13", "26-11", "2026-11-01", "0001-01", "9999-12", "٢٠٢٦-11", "2026-1\n"]
)
def test_what_is_no_month_is_refused_in_words(name):
    with pytest.raises(WrongUse, match="is no month"):
        month_named(name, UTC)


def test_an_empty_month_has_every_table_and_no_share(month):
    with month.store.read() as conn:
        found = month_figures(conn, month_named("2025-02", UTC), month.clock.now())
    tables = tables_of(found)
    assert found.responses.total.percent is None
    assert len(tables["days"].rows) == 28
    assert tables["tags"].rows == ()


def test_a_month_is_gathered_once_until_something_new_is_in_the_store(tmp_path, monkeypatch):
    house = build_house(tmp_path)
    seed(house)
    gathered, months = [], Months()
    once = gathering._gathered
    monkeypatch.setattr(gathering, "_gathered", lambda *asked: gathered.append(asked[1]) or once(*asked))
    november, december = (month_named(name, UTC) for name in ("2026-11", "2026-12"))
    first = months.figures(house.store, november, house.clock.now())
    assert months.figures(house.store, november, house.clock.now()) == first
    assert months.figures(house.store, december, house.clock.now()).responses.total.waits == 0
    assert gathered == [november, december]
    house.take(mail("One more", "where is it?", message_id="m1"))
    later = months.figures(house.store, november, house.clock.now())
    assert sum(one.received for one in later.days) == sum(one.received for one in first.days) + 1
    with house.store.read() as conn:
        assert later == month_figures(conn, november, house.clock.now())
    close(house)


def test_a_store_that_was_mended_in_place_is_told_within_a_minute(tmp_path):
    """What was built anew stands where the one before did: where it stands tells nothing of that."""
    house, months = build_house(tmp_path), Months()
    seed(house)
    november, now = month_named("2026-11", UTC), house.clock.now()

    def told(at):
        return [one.name for one in months.figures(house.store, november, at).by_mailbox]

    assert told(now) == [MAILBOX]
    with house.store.write() as tx:
        tx.execute(update(tables.messages).values(mailbox="mended@brand.example"))
    assert told(now + timedelta(seconds=59)) == [MAILBOX]
    assert told(now + timedelta(seconds=60)) == ["mended@brand.example"]
    close(house)

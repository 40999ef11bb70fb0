"""A check of the whole archive, begun on a page: beside everything else, one at once, ended at any time, on record."""

import sqlite3
import threading
from datetime import UTC, datetime

import pytest

from gateway.archive.verify import Report
from gateway.clock import FixedClock
from gateway.verification import Place, Verification
from tests.small_house import csrf_in, mail


def until_done(house):
    watch = house.site.verification._watch
    watch.join(60)
    house.settle()
    return house.site.verification.check


def press(browser, do=""):
    token = csrf_in(browser.get("/custody/verify").text)
    return browser.post("/custody/verify", data={"csrf": token, "do": do})


def test_a_whole_archive_is_said_to_be_whole_and_a_damaged_one_names_what_is_wrong(house, tmp_path):
    house.take(mail("Question", "Hello"))
    with house.client() as browser:
        assert "Check the whole archive" in browser.get("/custody/verify").text
        assert press(browser).status_code == 303
        check = until_done(house)
        assert check.is_whole
        assert (check.agent, check.report.size) == ("anna", house.archive.entry(check.entry).seq)
        shown = browser.get("/custody/verify").text
        assert "are whole" in shown
        assert check.report.root in shown
        assert "Checks that went to their end" in shown
        assert (
            f"{check.report.size} entries were checked: all whole"
            in browser.get("/custody?kind=verified").text
        )
        with sqlite3.connect(tmp_path / "archive.db") as raw:
            raw.execute("UPDATE blobs SET blob = zeroblob(40) WHERE seq = 1")
        raw.close()
        assert press(browser).status_code == 303
        assert until_done(house).report.bad[0][0] == 1
        assert "The archive is NOT whole" in browser.get("/custody/verify").text
        assert "1 finding<" in browser.get("/custody/verify").text


@pytest.fixture
def verification(house):
    place = house.site.verification.place
    made = Verification(place=place, clock=house.clock, record=house.archive.append)
    yield made
    made.stop("")


def test_one_runs_at_once_and_it_ends_when_somebody_says_so(verification):
    assert verification.begin("anna")
    assert not verification.begin("ben")
    verification.stop("ben")
    check = verification.check
    assert not check.runs
    assert check.report is None or check.is_whole  # it may have been faster
    assert check.wrong == ""
    assert not [one for one in threading.enumerate() if one.name == "verification"]


def test_what_cannot_be_checked_says_why(tmp_path):
    nowhere = Place(
        archive=f"sqlite:///{tmp_path}/a", keys=f"sqlite:///{tmp_path}/k", secrets=str(tmp_path / "s")
    )
    made = Verification(
        place=nowhere, clock=FixedClock(datetime(2026, 11, 23, tzinfo=UTC)), record=lambda _: None
    )
    assert made.begin("anna")
    made._watch.join(60)
    assert made.check.wrong
    assert made.check.report is None
    assert made.begin("anna")
    made.stop("anna")


def test_what_the_head_outside_contradicts_makes_it_not_whole(house):
    place = house.site.verification.place
    told = []
    made = Verification(
        place=place, clock=house.clock, record=lambda draft: told.append(draft) or house.archive.append(draft),
        contradiction=lambda: "5 entries are gone",
    )  # fmt: skip
    made.begin("anna")
    made._watch.join(60)
    assert isinstance(made.check.report, Report)
    assert not made.check.is_whole
    assert b"5 entries are gone" in told[0].payload


def test_a_forged_form_begins_nothing(house):
    with house.client() as browser:
        assert browser.post("/custody/verify", data={"csrf": "x"}).status_code == 403
    assert house.site.verification.check is None

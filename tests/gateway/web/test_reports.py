"""The page of a month's figures, and its tables as CSV."""

import csv
import io

import pytest

from gateway.mail.canonical import canonical
from gateway.mail.entry import Draft
from tests.small_house import seed


@pytest.fixture(scope="module")
def reported(tmp_path_factory):
    from tests.small_house import build_house, serving

    house = build_house(tmp_path_factory.mktemp("reported"))
    seqs = seed(house)
    tag = {"of": seqs["question"], "add": ["=HYPERLINK(1)", "<b>bold"], "agent": "anna"}
    house.act(Draft(type="tag", payload=canonical(tag), meta={}))
    with serving(house) as served, served.client() as browser:
        yield browser


def table(browser, name, month="2026-11"):
    answer = browser.get(f"/reports/{month}/{name}.csv")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/csv")
    assert f'filename="{month}-{name}.csv"' in answer.headers["content-disposition"]
    return list(csv.DictReader(io.StringIO(answer.text)))


def test_the_page_shows_each_table_and_the_files_have_the_same_figures(reported):
    shown = reported.get("/reports").text
    assert "November 2026" in shown
    assert shown.count('role="img"') >= 4
    (all_,) = table(reported, "responses")
    assert (all_["WAITS"], all_["WITHIN_24H"], all_["MEDIAN_S"]) == ("2", "1", "11520")
    assert "3 h 12 min" in shown
    assert "1 of 1 waits; 1 open, not 24 h old" in shown
    every = table(reported, "all")
    assert {"TABLE": "responses", "MONTH": "2026-11", "ROW": "all", "FIGURE": "waits", "VALUE": "2"} in every


def test_a_tag_that_is_a_formula_or_markup_is_neither(reported):
    names = [row["NAME"] for row in table(reported, "tags")]
    assert "'=HYPERLINK(1)" in names
    assert "<b>bold" not in reported.get("/reports?month=2026-11").text


def test_a_month_without_mail_says_so(reported):
    shown = reported.get("/reports?month=2020-02").text
    assert "February 2020" in shown
    assert "Nothing in this month." in shown
    assert "<svg" not in shown


@pytest.mark.parametrize("month", ["2026", "2026-99", "%00", "2026-11%0d%0aX: y", "9999-12"])
def test_what_is_no_month_is_a_clear_page(reported, month):
    answer = reported.get(f"/reports?month={month}")
    assert answer.status_code == 400
    assert "is no month" in answer.text


def test_a_table_that_is_none_and_a_stranger_get_nothing(reported):
    assert reported.get("/reports/2026-11/secrets.csv").status_code == 404
    assert reported.get("/reports/2026/tags.csv").status_code == 400
    import httpx

    with httpx.Client(base_url=reported.base_url) as stranger:
        assert stranger.get("/reports/2026-11/tags.csv").status_code == 303

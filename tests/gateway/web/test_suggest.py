"""What the search box offers while somebody types, and the form that writes a query."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.small_house import ORDER, mail, seed


@pytest.fixture
def browser(house):
    seed(house)
    with house.client() as browser:
        yield browser


def offered(browser, word):
    return [one["put"] for one in browser.get("/suggest", params={"word": word}).json()]


def test_fields_are_offered_by_how_they_begin(browser):
    assert offered(browser, "ma") == ["marketplace:", "mailbox:"]
    assert offered(browser, "-ta") == ["-tag:"]
    assert offered(browser, "") == []


def test_values_are_those_of_the_archive_and_of_the_language(browser):
    assert offered(browser, "marketplace:") == ["marketplace:amazon "]
    assert offered(browser, "in:out") == ["in:outbound "]
    assert offered(browser, "tag:zzz") == []
    assert offered(browser, "nofield:x") == []


@pytest.mark.parametrize("word", ["x" * 5000, "<script>", "\u202e", "has:%00"])
def test_nonsense_is_offered_nothing(browser, word):
    answer = browser.get("/suggest", params={"word": word})
    assert (answer.status_code, answer.json()) == (200, [])


def test_nobody_is_offered_anything_before_the_login(house):
    seed(house)
    answer = httpx.get(f"{house.url}/suggest?word=tag:", follow_redirects=False)
    assert answer.status_code in {303, 401}
    assert "amazon" not in answer.text


def query_of(browser, **form):
    where = browser.get("/find", params=form).headers["location"]
    return parse_qs(urlsplit(where).query).get("q", [""])[0]


def test_a_form_writes_the_query_that_it_means(browser):
    assert query_of(
        browser,
        words="lamp",
        phrase="not here",
        without="refund",
        tag="Prio 1",
        after="2026-01-02",
        **{"in": "inbound"},
    ) == ('lamp tag:"Prio 1" in:inbound after:2026-01-02 "not here" -refund')
    assert query_of(browser, words="", subject='a"b') == "subject:ab"
    assert query_of(browser) == ""


def test_the_results_have_bars_that_narrow_and_facets_of_what_is_in_them(house):
    seed(house)
    house.clock.at += timedelta(days=3)
    house.take(mail(f"Order {ORDER}", "three days later", message_id="late"))
    with house.client() as browser:
        shown = browser.get("/", params={"q": "marketplace:amazon"}).text
        assert '<figure class="histogram">' in shown
        assert "by day" in shown
        assert "on%3A2026" in shown or "on:2026" in shown
        assert "<summary>Search by form</summary>" in shown

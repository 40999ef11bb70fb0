"""The page of who waits, and the clocks on an order's and a message's page."""

from datetime import timedelta

import pytest

from gateway.store import due
from gateway.store.waits import waits_in
from gateway.web.pages import waiting
from index.query import parse_query
from tests.small_house import ORDER, csrf_in, mail, seed

HOUR = timedelta(hours=1)


@pytest.fixture
def told(house):
    house.seqs = seed(house)  # its last message of the buyer, a thanks, waits
    house.clock.at += HOUR
    raw = mail(
        f"Claim received on order {ORDER}",
        "We received a claim. You must respond within 48 hours.",
        from_="atoz-guarantee-no-reply@amazon.de",
        message_id="c1",
        X_Space_Notification_Type="A_Z_CLAIM_RESPONDENT_NOTIFY",
    )
    house.seqs["claim"] = house.take(raw, mail_from="atoz-guarantee-no-reply@amazon.de")
    return house


def running(house):
    with house.store.read() as conn:
        return [(one.message, one.name) for one in due.running(conn)]


def test_who_waits_is_listed_and_a_button_is_one_act(told):
    thanks, claim = told.seqs["thanks"], told.seqs["claim"]
    assert running(told) == [(thanks, "reply"), (claim, "claim_answer")]
    with told.client() as browser:
        shown = browser.get("/waiting").text
        assert f"/message/{thanks}/mark" in shown
        assert "48 h" not in shown.partition("Claims and other deadlines")[0]
        assert "2 d left" in shown
        form = {"csrf": csrf_in(shown), "clock": "reply", "back": "/waiting", "as": "none"}
        done = browser.post(f"/message/{thanks}/mark", data=form)
        assert done.headers["location"].startswith("/waiting")
        assert "No buyer waits" in browser.get("/waiting").text
    assert running(told) == [(claim, "claim_answer")]


def test_many_who_wait_stand_on_several_pages(told, monkeypatch):
    monkeypatch.setattr(waiting, "_MOST", 1)
    told.clock.at += HOUR
    second = told.take(mail("Order 302-1111111-2222222", "Where is it?", message_id="w2"))
    with told.client() as browser:
        one, two = (browser.get("/waiting", params={"page": page}).text for page in ("", "2"))
        assert [f"/message/{second}/mark" in page for page in (one, two)] == [False, True]
        assert 'href="/waiting?page=2" rel="next"' in one
        assert ('href="/waiting" rel="prev"' in two, 'rel="next"' in two) == (True, False)
        assert "Claims and other deadlines" not in two
        for odd in ("0", "-1", "x", "99999", "9" * 50, "²"):
            assert browser.get("/waiting", params={"page": odd}).status_code == 200


def test_an_order_shows_its_clocks_and_what_stopped_them(told):
    with told.client() as browser:
        shown = browser.get(f"/order/amazon/{ORDER}").text
        assert "the mail says: within 48 hours" in shown
        assert "in time" in shown
        form = {"csrf": csrf_in(shown), "clock": "claim_answer", "as": "elsewhere"}
        assert browser.post(f"/order/amazon/{ORDER}", data=form).status_code == 303
        told.settle()
        shown = browser.get(f"/order/amazon/{ORDER}").text
        assert "answered elsewhere" in shown
        assert "by a person&#39;s word" in shown
    assert [name for _, name in running(told)] == ["reply"]


def test_a_search_asks_for_clocks_at_the_second_of_asking(told):
    question, thanks, claim = (told.seqs[name] for name in ("question", "thanks", "claim"))

    def found(query):
        asked = parse_query(query, waits=waits_in(told.store, told.clock))
        return [hit.seq for hit in told.index.search(asked, sort="oldest").hits]

    assert found("is:asked") == [question, thanks]
    assert found("is:answered") == [question]
    assert found("is:unanswered") == [thanks]
    assert (found("due:<1d"), found("due:<3d"), found("due:>1d")) == ([thanks], [thanks, claim], [claim])
    assert found("is:overdue") == []
    told.clock.at += 25 * HOUR
    assert found("is:overdue") == [thanks]
    assert found("link:possible") == [told.seqs["stranger"]]
    assert found("link:certain OR link:likely") == [question, told.seqs["answer"], thanks, claim]
    assert found("link:none") == []
    told.clock.at -= 25 * HOUR
    with told.client() as browser:
        assert f"/message/{thanks}" in browser.get("/", params={"q": "is:unanswered"}).text
        form = {"csrf": csrf_in(browser.get("/waiting").text), "clock": "reply", "as": "none"}
        browser.post(f"/message/{thanks}/mark", data=form)
    assert (found("is:unanswered"), found("is:answered")) == ([], [question, thanks])


def test_a_clock_that_ran_out_says_since_when(told):
    told.clock.at += 100 * HOUR
    told.settle()
    with told.client() as browser:
        assert "overdue 3 d" in browser.get("/waiting").text
        assert "overdue 2 d" in browser.get(f"/message/{told.seqs['claim']}").text
        assert "of the deadline" in browser.get(f"/order/amazon/{ORDER}").text


@pytest.mark.parametrize(
    "form", [{"clock": "reply"}, {"clock": "a b", "as": "none"}, {"clock": "reply", "as": "x"}]
)
def test_a_word_that_is_none_of_ours_is_refused(told, form):
    with told.client() as browser:
        token = csrf_in(browser.get("/waiting").text)
        assert (
            browser.post(f"/message/{told.seqs['thanks']}/mark", data={"csrf": token, **form}).status_code
            == 400
        )

"""The order's page: one line through everything, and the facts beside it."""

import pytest

from gateway.mail.canonical import canonical
from gateway.mail.entry import Draft
from tests.small_house import ORDER, csrf_in, mail

PATH = f"/order/amazon/{ORDER}"


def test_it_tells_the_story_in_time(browser):
    page = browser.get(PATH).text
    places = [page.index(words) for words in ("der Schirm hat einen Riss", "Wir senden Ihnen heute", "Danke, der neue", "pay customs here")]  # fmt: skip
    assert places == sorted(places)
    assert "3 h 12 min later" in page
    assert "2 d later" in page


def test_it_shows_who_wrote_and_what_the_marketplace_said(browser):
    page = browser.get(PATH).text
    assert "by anna" in page
    assert "250 2.0.0 Ok: queued as 4ZqK1m7Vz9" in page
    assert "23 Nov 2026, 12:28:30 CET" in page
    assert "2026-11-23 11:28:30 UTC" in page


def test_it_shows_how_sure_each_link_is(browser):
    page = browser.get(PATH).text
    assert page.count('class="sure possible"') == 1
    assert page.count('class="sure certain"') == 4


def test_the_facts_stand_beside_it(browser):
    facts = browser.get(PATH).text.partition("<h2>Facts</h2>")[2]
    for words in ("3 in, 1 out", "3 h 12 min", "B07XJ8C8F5", "1Z999AA10123456784"):
        assert words in facts


def test_a_note_on_the_order_stands_in_its_line(house):
    house.take(mail(f"Order {ORDER}", f"Order {ORDER}"))
    with house.client() as browser:
        token = csrf_in(browser.get("/").text)
        answer = browser.post(PATH, data={"text": "Voucher <agreed>", "csrf": token})
        assert answer.headers["location"].startswith(PATH)
        assert "Voucher &lt;agreed&gt;" in browser.get(answer.headers["location"]).text
        assert browser.post(PATH, data={"text": "", "csrf": token}).status_code == 400


def test_a_number_leads_to_its_order(browser):
    assert browser.get("/order", params={"ref": ORDER.replace("-", " ")}).headers["location"] == PATH
    assert browser.get("/order", params={"ref": "nothing"}).status_code == 404


def test_orders_that_share_a_number_are_kept_apart(house):
    seq = house.take(mail(f"Order {ORDER}", f"Order {ORDER}"))
    with house.client() as browser:
        token = csrf_in(browser.get("/").text)
        form = {"order": ORDER, "marketplace": "amazon", "csrf": token}
        browser.post(f"/message/{seq}/link", data=form)
        browser.post(f"/message/{seq}/link", data={**form, "order": "77-1", "marketplace": "ebay"})
        browser.post(f"/message/{seq}/link", data={**form, "order": "77-1", "marketplace": "shop"})
        page = browser.get("/order", params={"ref": "77-1"})
    assert page.status_code == 200
    assert "/order/ebay/77-1" in page.text
    assert "/order/shop/77-1" in page.text


def test_an_order_nobody_wrote_about_is_not_there(browser):
    answer = browser.get("/order/amazon/999-9999999-9999999")
    assert answer.status_code == 404
    assert "Nothing is linked" in answer.text


def test_what_an_order_report_says_stands_there_with_its_source(house):
    house.take(mail(f"Order {ORDER}", f"Order {ORDER}"))
    told = {
        "order": {"marketplace": "amazon", "value": ORDER},
        "placed_at": "2026-11-01T10:00:00Z",
        "parcels": [["UPS", "1Z999AA10123456784", "2026-11-02T10:00:00Z"]],
    }
    payload = canonical({"format": "amazon_shipments", "agent": "anna", "orders": [told]})
    entry = house.act(Draft(type="orders", payload=payload, meta={}))
    with house.client() as browser:
        said = browser.get(PATH).text.partition("<h2>Order report</h2>")[2].partition("</section>")[0]
    for words in (
        "1 Nov 2026",
        "2 Nov 2026",
        "UPS",
        "1Z999AA10123456784",
        "Amazon fulfilled shipments",
        f"entry {entry.seq}",
    ):
        assert words in said


def test_each_line_has_the_number_of_its_entry(browser, told):
    page = browser.get(PATH).text
    for name in ("question", "answer", "thanks", "stranger"):
        assert f'href="/entry/{told.seqs[name]}/proof"' in page


def test_the_line_shows_the_kinds_that_are_asked_for(browser, told):
    line = browser.get(PATH, params={"only": "delivery"}).text.partition("<ol")[2].partition("</ol>")[0]
    assert "250 2.0.0 Ok: queued as 4ZqK1m7Vz9" in line
    assert "der Schirm hat einen Riss" not in line
    assert f'id="m{told.seqs["thanks"]}"' in line
    notes = browser.get(PATH, params={"only": "notes"}).text
    assert "Nothing of that kind" in notes
    assert '?only=mail,notes">Mail <span class="count">4' in notes
    assert browser.get(PATH, params={"only": "<x>", "to": "<y>"}).text.count('class="stop ') == 4


def test_a_long_line_is_shown_in_windows(told):
    from gateway.dossier.timeline import timeline_of
    from gateway.web.line import line_of
    from rules.facts import OrderRef

    with told.store.read() as conn:
        timeline = timeline_of(conn, OrderRef(marketplace="amazon", value=ORDER))
    seqs = [one.row.seq for one in timeline.letters]
    last = line_of(told.site, timeline, {}, frozenset(), window=3)
    assert [one.moment.row.seq for one in last.stops] == seqs[1:]
    first = line_of(told.site, timeline, {}, frozenset(), end=last.begin, window=3)
    assert [one.moment.row.seq for one in first.stops] == seqs[:1]
    assert (first.begin, first.end, first.count) == (0, 1, 4)


def test_on_paper_stands_everything_and_no_form(browser):
    page = browser.get(PATH, params={"view": "print"}).text
    assert "der Schirm hat einen Riss" in page
    assert '<details class="quote" open>' in page
    assert "<form" not in page
    assert "<script" not in page


def test_a_doubtful_link_can_be_confirmed_or_taken_back_beside_its_reason(browser, told):
    stop = browser.get(PATH).text.partition(f'id="m{told.seqs["stranger"]}"')[2].partition("</li>")[0]
    why = stop.partition('class="why"')[2]
    assert "Confirm" in why
    assert "Take back" in why
    assert f'name="back" value="{PATH}#m{told.seqs["stranger"]}"' in why


@pytest.mark.parametrize(
    "form", [{"text": "x"}, {"state": "waiting"}, {"owner": "anna"}, {"clock": "reply", "as": "none"}]
)
def test_nothing_is_said_of_an_order_that_nobody_knows(told, browser, form):
    head, token = told.archive.head(), csrf_in(browser.get("/").text)
    answer = browser.post("/order/amazon/999-1", data={"csrf": token, **form})
    assert (answer.status_code, "Nothing is linked to an order 999-1" in answer.text) == (404, True)
    assert told.archive.head() == head


@pytest.mark.parametrize(
    ("path", "form"),
    [
        (f"/order/amazon/{ORDER}", {"owner": "no such person"}),
        (f"/order/amazon/{ORDER}", {"clock": "nosuch", "as": "none"}),
        ("/message/{question}/mark", {"clock": "nosuch", "as": "none"}),
        ("/message/{question}/tag", {"remove": "neverthere"}),
        (
            "/message/{question}/link",
            {"order": "303-0000000-0000000", "marketplace": "amazon", "undo": "yes"},
        ),
    ],
)
def test_what_would_change_nothing_is_refused_and_not_recorded(told, browser, path, form):
    head, token = told.archive.head(), csrf_in(browser.get("/").text)
    sent = {name: value.format(**told.seqs) for name, value in form.items()}
    answer = browser.post(path.format(**told.seqs), data={"csrf": token, **sent})
    assert answer.status_code == 409, answer.text
    assert told.archive.head() == head


def test_a_time_is_never_without_its_day():
    from datetime import UTC, datetime

    from gateway.web.render import moment

    at = datetime(2026, 11, 23, 12, 53, tzinfo=UTC)
    assert ">23 Nov 12:53<" in moment(at, UTC, now=at)

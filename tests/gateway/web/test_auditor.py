"""Auditors on the bench and among saved searches: what shows them mail is recorded, and what is everybody's is not theirs to make."""

import json

import httpx

from gateway.store.tokens import Tokens
from gateway.web.entrance import LONGEST_ASKED
from tests.gateway.web.test_second_step import post
from tests.small_house import ORDER, PASSWORD, mail

BOOK = '[[rule]]\nname = "x"\nwhen = { text = "lamp" }\nthen = [{ do = "tag", name = "x" }]\n'


def test_what_an_auditor_tries_on_the_bench_is_recorded_like_what_they_look_at(house):
    house.accounts.add("petra", PASSWORD, role="auditor")
    seq = house.take(mail("Where is my lamp", "It never came"))
    with house.client("petra") as auditor:
        page, head = auditor.get("/account").text, house.archive.head()
        form = {"book": BOOK, "message": str(seq)}
        assert post(auditor, "/rules/bench", page, **form, do="try").status_code == 200
        form = {"book": BOOK, "since": "2026-11-01"}
        assert post(auditor, "/rules/bench", page, **form, do="replay").status_code == 303
        assert post(auditor, "/rules/replay", page).status_code == 303
    told = [json.loads(one.payload)["path"] for one in house.archive.entries(head) if one.type == "view"]
    assert told == [f"/rules/bench?do=try&message={seq}", "/rules/bench?do=replay", "/rules/replay"]


def views_since(house, head):
    return [json.loads(one.payload) for one in house.archive.entries(head) if one.type == "view"]


def test_what_an_auditor_asks_is_recorded_whole_or_not_shown(house):
    house.accounts.add("petra", PASSWORD, role="auditor")
    house.take(mail("Where is my lamp", "It never came"))
    with house.client("petra") as auditor:
        head = house.archive.head()
        asked = f"/custody?zz={'a' * 1000}&who=anna"
        assert auditor.get(asked).status_code == 200
        assert views_since(house, head)[-1]["path"] == asked
        longest = "\U00020000" * 1000  # a letter of four bytes
        assert auditor.get("/", params={"q": longest}).status_code == 200
        assert views_since(house, head)[-1]["query"] == longest
        head = house.archive.head()
        refused = auditor.get(f"/custody?zz={'a' * LONGEST_ASKED}&who=anna")
        assert refused.status_code == 414
        assert "what an auditor asks for is recorded whole" in refused.text
        assert views_since(house, head) == []
    with house.client() as anna:
        assert anna.get(f"/custody?zz={'a' * LONGEST_ASKED}&who=anna").status_code == 200


def test_what_an_auditor_asks_by_a_call_is_recorded_whole(house):
    house.accounts.add("petra", PASSWORD, role="auditor")
    bearer = Tokens(house.accounts.store, house.clock).make("petra", "", ["read"])[1]
    head = house.archive.head()
    call = f"{house.url}/api/v1/orders?ref={ORDER}"
    assert httpx.get(call, headers={"authorization": f"Bearer {bearer}"}).status_code == 200
    assert ORDER in views_since(house, head)[-1]["path"]


def test_the_words_of_a_search_that_an_auditor_saves_or_pins_are_recorded(house):
    house.accounts.add("petra", PASSWORD, role="auditor")
    with house.client("petra") as auditor:
        head, page = house.archive.head(), auditor.get("/account").text
        assert post(auditor, "/searches", page, q="zimtschnecke", name="z").status_code == 303
        id_ = auditor.get("/searches").text.partition('action="/searches/')[2].partition('"')[0]
        assert post(auditor, f"/searches/{id_}", page, do="pin").status_code == 303
    house.settle()
    told = [json.loads(one.payload) for one in house.archive.entries(head) if one.type == "search"]
    assert [(one["did"], one["query"]) for one in told] == [
        ("saved", "zimtschnecke"),
        ("pinned", "zimtschnecke"),
    ]
    with house.client() as anna:
        assert "pinned: zimtschnecke" in anna.get("/custody").text


def test_an_auditor_saves_searches_for_themselves_alone(house):
    house.accounts.add("petra", PASSWORD, role="auditor")
    with house.client("petra") as auditor, house.client() as anna:
        page, form = auditor.get("/account").text, {"q": "lamp", "name": "lamps"}
        assert post(auditor, "/searches", page, **form, shared="yes").status_code == 403
        assert post(auditor, "/searches", page, **form).status_code == 303
        assert post(anna, "/searches", anna.get("/account").text, **form, shared="yes").status_code == 303
        assert 'name="shared"' not in auditor.get("/?q=lamp").text
        assert 'name="shared"' in anna.get("/?q=lamp").text


def test_an_auditor_is_shown_no_heading_with_nothing_beneath_and_the_bench_to_try_on(house):
    house.accounts.add("petra", PASSWORD, role="auditor")
    seq = house.take(mail("Order 302-4937261-8841957", "It never came"))
    for name, shown in (("petra", False), ("anna", True)):
        with house.client(name) as browser:
            assert ("<h2>Tags</h2>" in browser.get(f"/message/{seq}").text) is shown
            assert ("<h2>Messages</h2>" in browser.get("/order/amazon/302-4937261-8841957").text) is shown
            bench = browser.get("/rules/bench").text
            assert 'class="own bench"' in bench  # a form of one's own, which who only reads sees too
            assert 'value="save"' not in bench

"""The page of tokens: made and shown once, listed, taken back; nobody's but one's own."""

import re

import httpx

from gateway.store.tokens import Tokens
from tests.small_house import PASSWORD, csrf_in


def test_a_token_is_made_shown_once_used_and_taken_back(house):
    with house.client() as browser:
        shown = browser.get("/tokens").text
        assert "You have none." in shown
        form = {"csrf": csrf_in(shown), "label": "the <ERP>", "scope-read": "yes", "days": "30"}
        assert browser.post("/tokens", data=form | {"password": "a guess of theirs"}).status_code == 400
        assert Tokens(house.accounts.store, house.clock).list("anna") == []
        form["password"] = PASSWORD
        made = browser.post("/tokens", data=form)
        text = re.search(r"docket-api-[\w-]+", made.text)[0]
        called = httpx.get(house.url + "/api/v1/me", headers={"authorization": f"Bearer {text}"})
        assert called.json()["scopes"] == ["read"]
        later = browser.get("/tokens").text
        assert text not in later
        assert "the &lt;ERP&gt;" in later
        id_ = called.json()["token"]
        gone = browser.post("/tokens/revoke", data={"csrf": csrf_in(later), "id": id_})
        assert gone.status_code == 303
        again = httpx.get(house.url + "/api/v1/me", headers={"authorization": f"Bearer {text}"})
        assert again.status_code == 401
    assert [one.type for one in house.archive.entries(0)].count("token") == 2


def test_what_is_no_token_and_what_is_another_s_cannot_be_made_or_taken_back(house):
    house.accounts.add("ben", "another password")
    theirs, _ = Tokens(house.accounts.store, house.clock).make("ben", "", ["read"])
    with house.client() as browser:
        csrf = csrf_in(browser.get("/tokens").text)
        form = {"csrf": csrf, "password": PASSWORD}
        assert browser.post("/tokens", data=form | {"label": "nothing"}).status_code == 400
        assert browser.post("/tokens", data=form | {"scope-read": "yes", "days": "-1"}).status_code == 400
        assert browser.post("/tokens/revoke", data={"csrf": csrf, "id": theirs.id}).status_code == 404
        assert theirs.id not in browser.get("/tokens").text
    assert "token" not in [one.type for one in house.archive.entries(0)]

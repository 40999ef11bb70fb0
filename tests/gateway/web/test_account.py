"""The page of one's own login: sessions listed and ended, app passwords made, shown once and taken back."""

import json
import re
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import httpx

from gateway.store.sessions import Sessions
from tests.small_house import PASSWORD, csrf_in, on_a_port


@contextmanager
def logged_in(house, name="anna", **cookies):
    headers = {"user-agent": f"<b>{name}"}
    with httpx.Client(base_url=house.url, timeout=20, cookies=cookies, headers=headers) as browser:
        form = {"name": name, "password": PASSWORD, "csrf": csrf_in(browser.get("/login").text)}
        assert browser.post("/login", data=form).status_code == 303
        yield browser


def people(house):
    return [json.loads(one.payload) for one in house.archive.entries(0) if one.type == "person"]


def test_sessions_are_listed_and_ended_by_their_owner_or_an_admin_and_by_nobody_else(house):
    for name, role in (("ben", "agent"), ("ada", "admin")):
        house.accounts.add(name, PASSWORD, role=role)
    sessions = Sessions(house.accounts.store, house.clock)
    with logged_in(house) as anna, logged_in(house, "ben") as ben, logged_in(house, "ada") as ada:
        shown = anna.get("/account").text
        assert "&lt;b&gt;anna" in shown
        assert "127.0.0.1" in shown
        assert shown.count("this one") == ada.get("/account").text.count("this one") == 1
        assert "&lt;b&gt;ben" not in shown
        assert "&lt;b&gt;ben" in ada.get("/account").text
        (mine,) = sessions.list("anna")
        for browser, status, left in ((ben, 404, 1), (ada, 303, 0)):
            form = {"csrf": csrf_in(browser.get("/account").text), "id": mine.id}
            assert browser.post("/account/sessions", data=form).status_code == status
            assert len(sessions.list("anna")) == left
        assert anna.get("/").status_code == 303
        own = sessions.list("ben")[0].id
        form = {"csrf": csrf_in(ben.get("/account").text), "id": own}
        assert ben.post("/account/sessions", data={**form, "id": own[:3] + "%"}).status_code == 404
        assert ben.post("/account/sessions", data=form).status_code == 303
        assert ben.get("/").status_code == 303
    assert [(one["did"], one["for"], one["agent"]) for one in people(house)] == [
        ("session ended", "anna", "ada"),
        ("session ended", "ben", "ben"),
    ]


def test_a_session_that_was_planted_before_the_login_is_never_taken_over(house):
    planted = "x" * 43
    with logged_in(house, docket=planted) as anna:
        given = [one.value for one in anna.cookies.jar if one.name == "docket"]
        assert [one for one in given if one != planted]
        assert planted not in str(Sessions(house.accounts.store, house.clock).list())
    assert httpx.get(house.url + "/", cookies={"docket": planted}).status_code == 303


def test_an_app_password_is_shown_once_opens_mail_clients_alone_and_is_taken_back(house):
    house.accounts.add("ben", PASSWORD)
    with logged_in(house) as anna, logged_in(house, "ben") as ben:
        csrf = csrf_in(anna.get("/account").text)
        form = {"csrf": csrf, "label": "the <laptop>", "password": PASSWORD}
        for bad in ({"label": " "}, {"password": "a guess of theirs"}):
            assert anna.post("/account/app-passwords", data=form | bad).status_code == 400
        assert house.accounts.app_passwords_of("anna") == ()
        made = anna.post("/account/app-passwords", data=form).text
        password = re.search(r"docket-[\w-]{22}", made)[0]
        later = anna.get("/account").text
        assert password not in later
        assert "the &lt;laptop&gt;" in later
        assert house.accounts.check("anna", password, client=True)
        assert house.accounts.check("anna", password) is None
        (one,) = house.accounts.app_passwords_of("anna")
        form = {"csrf": csrf_in(ben.get("/account").text), "id": one.id}
        assert ben.post("/account/app-passwords/revoke", data=form).status_code == 404
        assert anna.post("/account/app-passwords/revoke", data=form | {"csrf": csrf}).status_code == 303
        assert house.accounts.check("anna", password, client=True) is None
    assert [one["did"] for one in people(house)] == ["app password made", "app password revoked"]
    assert password not in str([one.payload for one in house.archive.entries(0)])


def test_where_nobody_has_a_password_a_session_that_was_left_open_makes_no_key_and_no_admin(house):
    house.accounts.add("ada", PASSWORD, role="admin")
    only = SimpleNamespace(only=True, title="Brand login")
    forms = {
        "/account/app-passwords": {"label": "telephone"},
        "/tokens": {"label": "erp", "scope-read": "yes"},
        "/people": {"name": "eve", "role": "admin"},
        "/people/anna": {"do": "assign", "role": "admin", "mailboxes": ""},
    }
    with house.client("ada") as ada, on_a_port(replace(house.site, sso=only)) as url:
        token, head = csrf_in(ada.get(f"{url}/account").text), house.archive.head()

        def answers():
            return [
                ada.post(url + path, data={"csrf": token, **form}).status_code for path, form in forms.items()
            ]

        house.clock.at += timedelta(minutes=11)
        assert answers() == [403] * 4
        assert house.archive.head() == head
        assert house.accounts.agent("eve") is None
        house.clock.at -= timedelta(minutes=2)
        assert answers() == [200, 200, 303, 303]

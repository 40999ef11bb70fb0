"""The page of people: invitations, changes, and that nobody shuts themselves out."""

import asyncio
import html
import json
import re
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import httpx
import pytest

from gateway.store.people import person_draft
from gateway.web.admission import standing
from gateway.web.pages import people
from tests.gateway.web.test_second_step import post, set_up, stranger
from tests.small_house import MAILBOX, PASSWORD


@pytest.fixture
def admin(house):
    house.accounts.add("ada", PASSWORD, role="admin")
    with house.client("ada") as browser:
        browser.house = house
        yield browser


def link_in(page):
    return html.unescape(re.search(r'class="mono">(http[^<]+)<', page)[1])


def said(house):
    return [
        (one["did"], one["for"], one["agent"])
        for one in (json.loads(each.payload) for each in house.archive.entries(0) if each.type == "person")
    ]


def test_somebody_is_invited_and_sets_a_password_that_nobody_else_knows(house, admin):
    page = admin.get("/people").text
    form = {"name": "Ben", "full_name": "Ben <b>B", "role": "agent", "mailboxes": MAILBOX.upper()}
    assert post(admin, "/people", page, password="wrong words", **form).status_code == 400
    shown = post(admin, "/people", page, password=PASSWORD, **form).text
    link, _, code = link_in(shown).partition("#")
    assert "&lt;b&gt;B" in shown
    assert code not in admin.get("/people").text
    again = admin.get("/people").text
    assert post(admin, "/people", again, password=PASSWORD, **form).status_code == 409
    with stranger(house) as ben:
        welcome = ben.get(link).text
        short = post(ben, "/welcome", welcome, code=code, new="short", again="short")
        assert short.status_code == 400
        unlike = post(ben, "/welcome", welcome, code=code, new="words of mine", again="words of yours")
        assert unlike.status_code == 400
        assert (
            post(ben, "/welcome", welcome, code="x", new="words of mine", again="words of mine").status_code
            == 401
        )
        done = post(ben, "/welcome", welcome, code=code, new="words of mine", again="words of mine")
        assert done.status_code == 303
        assert done.headers["location"] == "/clients?joined=yes"
        assert "you are in" in ben.get(done.headers["location"]).text
        assert MAILBOX in ben.get("/account").text
    with stranger(house) as late:
        welcome = late.get("/welcome").text
        assert (
            post(late, "/welcome", welcome, code=code, new="other words", again="other words").status_code
            == 401
        )
    assert said(house) == [("added", "ben", "ada"), ("invited", "ben", "ada"), ("joined", "ben", "ben")]


def test_codes_of_invitations_are_not_guessed(house):
    with stranger(house) as thief:
        welcome = thief.get("/welcome").text
        answers = [
            post(
                thief, "/welcome", welcome, code=str(n), new="words of mine", again="words of mine"
            ).status_code
            for n in range(22)
        ]
    assert answers == [401] * 20 + [429] * 2


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"role": "emperor"}, 400),
        ({"mailboxes": "unknown@brand.example"}, 400),
        ({"name": "a b"}, 409),
        ({}, 200),
    ],
)
def test_what_cannot_be_is_said(admin, form, status):
    page = admin.get("/people").text
    whole = {"name": "ben", "role": "agent", "mailboxes": "", "password": PASSWORD, **form}
    assert post(admin, "/people", page, **whole).status_code == status


def test_people_are_changed_shut_out_let_in_and_removed(house, admin):
    def do(what, status=303, **fields):
        page = admin.get("/people").text
        answer = post(admin, "/people/anna", page, do=what, password=PASSWORD, **fields)
        assert answer.status_code == status, answer.text
        return answer

    with house.client() as anna:
        do("assign", role="agent", mailboxes=MAILBOX)
        assert anna.get("/").status_code == 303
    assert (house.accounts.agent("anna").role, house.accounts.agent("anna").mailboxes) == (
        "agent",
        (MAILBOX,),
    )
    do("shut")
    assert house.accounts.check("anna", PASSWORD) is None
    do("open")
    assert house.accounts.check("anna", PASSWORD)
    shown = do("invite", 200)
    assert link_in(shown.text)
    assert house.accounts.check("anna", PASSWORD) is None
    do("emperor", 400)
    do("remove")
    assert house.accounts.agent("anna") is None
    do("remove", 404)
    told = [did for did, name, by in said(house) if (name, by) == ("anna", "ada")]
    assert told == ["changed", "shut out", "let in", "invited", "removed"]


def test_nobody_takes_their_own_rights(house, admin):
    page = admin.get("/people").text
    for what in ("assign", "shut", "remove", "invite"):
        form = {"do": what, "role": "agent", "mailboxes": "", "password": PASSWORD}
        assert post(admin, "/people/ada", page, **form).status_code == 409
    assert house.accounts.agent("ada").role == "admin"
    assert house.accounts.check("ada", PASSWORD), "her password is not void"


def test_two_admins_who_shut_each_other_out_at_once_do_not_leave_the_house_to_nobody(house, admin):
    house.accounts.add("eve", PASSWORD, role="admin")
    form = {"do": "assign", "role": "agent", "mailboxes": "", "password": PASSWORD}
    with house.client("eve") as eve, ThreadPoolExecutor(2) as both:
        pages = {one: one.get("/people").text for one in (admin, eve)}
        start = Barrier(2)

        def shut(one, name):
            start.wait()
            return post(one, f"/people/{name}", pages[one], **form).status_code

        first, second = sorted(both.map(shut, (admin, eve), ("eve", "ada")))
    assert first == 303
    assert second != 303
    assert sorted(house.accounts.agent(name).role for name in ("ada", "eve")) == ["admin", "agent"]


def test_an_admin_who_is_being_shut_out_invites_nobody(house, admin, monkeypatch):
    """Their form is under way, and waits for the change that is about them."""
    house.accounts.add("eve", PASSWORD, role="admin")
    confirmed = Event()

    async def confirm(request):
        confirmed.set()
        await asyncio.sleep(0.3)
        return standing(request)

    with house.client("eve") as eve, ThreadPoolExecutor(1) as other:
        page = eve.get("/people").text
        monkeypatch.setattr(people, "confirm", confirm)
        form = {"name": "mallory", "role": "admin", "mailboxes": "", "password": PASSWORD}
        invited = other.submit(post, eve, "/people", page, **form)
        assert confirmed.wait(10)
        house.accounts.disable("eve")
        assert invited.result().status_code == 403
    assert house.accounts.agent("mallory") is None


def test_a_lost_telephone_is_forgotten_by_an_admin(house, admin):
    set_up(house)
    page = admin.get("/people").text
    assert "Forget their second step" in page
    assert post(admin, "/people/anna", page, do="factors", password="wrong words").status_code == 400
    assert post(admin, "/people/anna", page, do="factors", password=PASSWORD).status_code == 303
    with house.client() as anna:
        assert anna.get("/").status_code == 200


def test_the_page_is_for_admins(house):
    house.act(person_draft("x", "anna", by="t", source="t"))
    with house.client() as supervisor:
        assert supervisor.get("/people").status_code == 403
        assert "/people" not in supervisor.get("/").text
    assert httpx.get(house.url + "/people").status_code == 303

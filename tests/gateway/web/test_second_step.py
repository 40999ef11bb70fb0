"""Logging in with a second step, as a browser without scripts sees it."""

import json
import re
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import httpx
import pyotp
import pytest
from argon2 import PasswordHasher

from gateway.store.passwords import Passwords
from tests.small_house import PASSWORD, csrf_in, on_a_port


def hidden(page, name):
    return page.partition(f'name="{name}" value="')[2].partition('"')[0]


def post(browser, path, page, **fields):
    return browser.post(path, data={"csrf": csrf_in(page), **fields})


def now_code(house, secret):
    return pyotp.TOTP(secret).at(house.clock.now())


@contextmanager
def stranger(house):
    with httpx.Client(base_url=house.url, timeout=20) as browser:
        yield browser


def set_up(house):
    """Set up the app for anna; return its secret and the recovery codes."""
    with house.client() as browser:
        account = browser.get("/account").text
        assert post(browser, "/account/app", account, password="wrong words").status_code == 400
        shown = post(browser, "/account/app", account, password=PASSWORD).text
        secret = hidden(shown, "secret")
        wrong = post(
            browser, "/account/app/code", shown, attempt=hidden(shown, "attempt"), secret=secret, code="12345"
        )
        assert wrong.status_code == 400
        other = pyotp.random_base32()
        swapped = {"attempt": hidden(wrong.text, "attempt"), "secret": other, "code": now_code(house, other)}
        assert post(browser, "/account/app/code", shown, **swapped).status_code == 400
        shown = post(browser, "/account/app", account, password=PASSWORD).text
        secret = hidden(shown, "secret")
        done = post(
            browser,
            "/account/app/code",
            shown,
            attempt=hidden(shown, "attempt"),
            secret=secret,
            code=now_code(house, secret),
        )
        codes = re.findall(r"<li>([a-z2-7-]{19})</li>", done.text)
        assert len(codes) == 10
        assert codes[0] not in browser.get("/account").text
    house.clock.at += timedelta(minutes=1)
    return secret, codes


def begun(browser, next_="/"):
    page = browser.get("/login").text
    return post(browser, "/login", page, name="anna", password=PASSWORD, next=next_)


def test_the_password_alone_opens_nothing_once_a_second_step_is_there(house):
    secret, codes = set_up(house)
    with stranger(house) as browser:
        second = begun(browser, "/custody")
        assert second.status_code == 200
        assert browser.get("/").status_code == 303
        attempt = hidden(second.text, "attempt")
        done = post(browser, "/login/second", second.text, attempt=attempt, code=now_code(house, secret))
        assert (done.status_code, done.headers["location"]) == (303, "/custody")
        assert browser.get("/custody").status_code == 200
    with stranger(house) as browser:
        second = begun(browser)
        replay = post(
            browser,
            "/login/second",
            second.text,
            attempt=hidden(second.text, "attempt"),
            code=now_code(house, secret),
        )
        assert replay.status_code == 401, "a code that was seen over a shoulder is spent"
        opened = post(
            browser, "/login/second", replay.text, attempt=hidden(replay.text, "attempt"), code=codes[3]
        )
        assert opened.status_code == 303
    said = [json.loads(one.payload)["did"] for one in house.archive.entries(0) if one.type == "person"]
    assert said == ["authenticator app added", "recovery code used"]


def test_an_attempt_belongs_to_the_browser_that_gave_the_password(house):
    secret, _ = set_up(house)
    with stranger(house) as anna, stranger(house) as thief:
        attempt = hidden(begun(anna).text, "attempt")
        page = thief.get("/login").text
        stolen = post(thief, "/login/second", page, attempt=attempt, code=now_code(house, secret))
        assert stolen.status_code == 401
        assert thief.get("/").status_code == 303


def test_guessing_codes_costs_the_attempt_and_then_the_time(house):
    secret, codes = set_up(house)
    with stranger(house) as browser:
        page = begun(browser)
        for _ in range(4):
            page = post(
                browser, "/login/second", page.text, attempt=hidden(page.text, "attempt"), code="000000"
            )
            assert page.status_code == 401
        over = post(browser, "/login/second", page.text, attempt=hidden(page.text, "attempt"), code="000000")
        assert over.status_code == 401
        assert not hidden(over.text, "attempt")
    house.clock.at += timedelta(minutes=2)
    with stranger(house) as browser:
        page = begun(browser)  # who has the password is told by the next door
        held = post(browser, "/login/second", page.text, attempt=hidden(page.text, "attempt"), code=codes[0])
        assert held.status_code == 429
        house.clock.at += timedelta(minutes=6)
        page = begun(browser)
        right = post(browser, "/login/second", page.text, attempt=hidden(page.text, "attempt"), code=codes[0])
        assert right.status_code == 303
        assert secret


def test_codes_that_are_guessed_from_everywhere_shut_the_app_for_a_day_and_leave_one_entry(house):
    secret, codes = set_up(house)
    head, said = house.archive.head(), []
    for at in range(2, 13):
        here = httpx.HTTPTransport(local_address=f"127.0.0.{at}")
        with httpx.Client(base_url=house.url, timeout=20, transport=here) as thief:
            page = begun(thief)
            while attempt := hidden(page.text, "attempt"):
                page = post(thief, "/login/second", page.text, attempt=attempt, code="no code")
                said.append("for a day" in page.text)
        house.clock.at += timedelta(minutes=6)  # what is forgotten in five minutes is no limit
    assert said.index(True) == 50, "the fiftieth has ended its attempt, too"
    entries = [json.loads(one.payload) for one in house.archive.entries(head)]
    assert entries == [{"did": "wrong codes", "for": "anna", "agent": "anna"}]
    with stranger(house) as anna:
        page = begun(anna)
        form = {"attempt": hidden(page.text, "attempt"), "code": now_code(house, secret)}
        page = post(anna, "/login/second", page.text, **form)
        assert page.status_code == 401
        form = {"attempt": hidden(page.text, "attempt"), "code": codes[0]}
        assert post(anna, "/login/second", page.text, **form).status_code == 303
    house.clock.at += timedelta(days=1)
    with stranger(house) as anna:
        page = begun(anna)
        form = {"attempt": hidden(page.text, "attempt"), "code": now_code(house, secret)}
        assert post(anna, "/login/second", page.text, **form).status_code == 303


def test_ways_in_are_removed_and_renewed_with_the_password_alone(house):
    _, codes = set_up(house)
    with stranger(house) as browser:
        page = begun(browser)
        post(browser, "/login/second", page.text, attempt=hidden(page.text, "attempt"), code=codes[0])
        account = browser.get("/account").text
        assert "9 recovery codes are left" in account
        assert post(browser, "/account/codes", account, password="wrong words").status_code == 400
        fresh = post(browser, "/account/codes", account, password=PASSWORD)
        assert len(re.findall(r"<li>([a-z2-7-]{19})</li>", fresh.text)) == 10
        assert post(browser, "/account/remove", account, password="wrong words", id="app").status_code == 400
        assert post(browser, "/account/remove", account, password=PASSWORD, id="nothing").status_code == 404
        assert post(browser, "/account/remove", account, password=PASSWORD, id="app").status_code == 303
        assert post(browser, "/account/codes", account, password=PASSWORD).status_code == 409
    with house.client() as browser:
        assert browser.get("/").status_code == 200


@pytest.mark.parametrize(
    ("new", "again", "status"),
    [("short", "short", 400), ("aaaaaaaaaaaa", "aaaaaaaaaaaa", 400), ("words of mine", "words of yours", 400), ("words of mine", "words of mine", 303)],
)  # fmt: skip
def test_a_password_is_changed_with_the_old_one_and_ends_all_other_sessions(house, new, again, status):
    with house.client() as other, house.client() as browser:
        account = browser.get("/account").text
        assert (
            post(browser, "/account/password", account, password="x", new=new, again=again).status_code == 400
        )
        done = post(browser, "/account/password", account, password=PASSWORD, new=new, again=again)
        assert done.status_code == status
        assert browser.get("/").status_code == 200
        assert other.get("/").status_code == (303 if status == 303 else 200)
        assert bool(house.accounts.check("anna", new)) == (status == 303)


def test_strangers_who_try_a_name_do_not_keep_its_owner_from_what_they_confirm(house):
    with house.client() as browser, stranger(house) as other:
        account, login = browser.get("/account").text, other.get("/login").text
        for n in range(6):
            post(other, "/login", login, name="anna", password=f"wrong words {n}")
        assert post(other, "/login", login, name="anna", password=PASSWORD).status_code == 429
        assert post(browser, "/account/app", account, password=PASSWORD).status_code == 200


def test_asking_for_a_passkey_does_not_keep_a_second_step_open(house):
    _, codes = set_up(house)
    with stranger(house) as browser:
        page = begun(browser).text
        attempt = hidden(page, "attempt")
        for _ in range(3):
            house.clock.at += timedelta(minutes=4)
            asked = post(browser, "/login/passkey/ask", page, attempt=attempt).json()
            attempt = asked["second"] or attempt
        late = post(browser, "/login/second", page, attempt=hidden(page, "attempt"), code=codes[0])
        assert late.status_code == 401
        assert post(browser, "/login/second", page, attempt=attempt, code=codes[0]).status_code == 401


def test_a_second_step_opens_nothing_once_people_log_in_at_their_company_alone(house):
    _, codes = set_up(house)
    with stranger(house) as browser:
        page = begun(browser).text
        only = SimpleNamespace(only=True, title="Brand login")
        with on_a_port(replace(house.site, sso=only)) as url:
            form = {"csrf": csrf_in(page), "attempt": hidden(page, "attempt"), "code": codes[0]}
            assert browser.post(url + "/login/second", data=form).status_code == 403
            assert browser.get(url + "/account").status_code == 303


def test_a_right_password_opens_the_first_time_after_more_effort_became_usual(house):
    house.accounts._passwords = Passwords(PasswordHasher(2, 8, 1))
    with house.client() as browser:
        account = browser.get("/account").text
        house.accounts._passwords = Passwords(PasswordHasher(3, 8, 1))
        form = {"password": PASSWORD, "new": "words of mine", "again": "words of mine"}
        assert post(browser, "/account/password", account, **form).status_code == 303


def test_pages_speak_the_language_that_somebody_chose_else_that_of_their_browser(house):
    french = {"accept-language": "fr-FR,fr;q=0.9"}
    with stranger(house) as browser:
        assert '<html lang="fr">' in browser.get("/login", headers=french).text
        assert '<html lang="en">' in browser.get("/login", headers={"accept-language": "ja"}).text
    with house.client() as browser:
        account = browser.get("/account").text
        assert post(browser, "/account/language", account, language="tlh").status_code == 400
        assert post(browser, "/account/language", account, language="de").status_code == 303
        assert '<html lang="de">' in browser.get("/", headers=french).text
        post(browser, "/account/language", account, language="")
        assert '<html lang="fr">' in browser.get("/", headers=french).text

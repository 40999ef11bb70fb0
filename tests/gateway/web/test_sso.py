"""Logging in at an identity provider: a certified one that runs here, in a real browser and without one, and one that lies."""

import json
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from gateway.web.oidc import Provider
from tests.gateway.web.chromium import chromium
from tests.gateway.web.test_second_step import post, set_up, stranger
from tests.openid_provider import SECRET, running
from tests.small_house import PASSWORD, build_house, serving

pytestmark = pytest.mark.needs("oidc-provider")


@contextmanager
def joined(tmp_path, free_port, **settings):
    """Give a house whose people log in at a provider."""
    house = build_house(tmp_path)
    house.clock.at = datetime.now(UTC)  # the provider's is the real one
    port, back = free_port(), free_port()
    with running(port, f"http://127.0.0.1:{back}/login/sso/back") as issuer:
        known = {
            "title": "Brand login",
            "issuer": issuer,
            "client_id": "docket",
            "claim": "preferred_username",
        }
        house.site = replace(
            house.site,
            sso=Provider(**{**known, "client_secret": lambda: SECRET, "clock": house.clock, **settings}),
        )
        with serving(house, port=back) as served:
            yield served


@pytest.fixture
def house(tmp_path, free_port):
    with joined(tmp_path, free_port) as one:
        yield one


def at_provider(browser, answer, login):
    """Log in on the provider's own page and follow it until it sends the browser back; return that address."""
    where = answer.headers["location"]
    while not where.startswith(str(browser.base_url)):
        page = browser.get(where)
        if page.status_code == 200:
            action = page.text.partition('action="')[2].partition('"')[0]
            page = browser.post(action, data={"prompt": "login", "login": login, "password": "any"})
        where = str(page.url.join(page.headers["location"]))
    return where


def come(house, login, next_="/custody"):
    with stranger(house) as browser:
        back = at_provider(browser, browser.get(f"/login/sso?next={next_}"), login)
        done = browser.get(back)
        return done, browser.get("/custody").status_code


def test_whom_the_provider_names_is_let_in_and_stays_who_they_are(house):
    done, seen = come(house, "anna")
    assert done.status_code == 200, done.text
    assert 'content="0;url=/custody"' in done.text
    assert seen == 200
    told = [json.loads(one.payload)["did"] for one in house.archive.entries(0) if one.type == "person"]
    assert told == ["identity bound"]
    assert come(house, "anna")[1] == 200
    assert come(house, "tom|anna")[0].status_code == 403, "another person who goes by her name"


def test_who_is_nobody_here_stays_out(house):
    house.accounts.add("ben", PASSWORD)
    house.accounts.disable("ben")
    for login in ("ben", "carl", "%20"):
        done, seen = come(house, login)
        assert (done.status_code, seen) == (403, 303)
        assert "nobody has given you a place here" in done.text


def test_an_answer_that_this_browser_did_not_ask_for_is_refused(house):
    with stranger(house) as anna, stranger(house) as other:
        back = at_provider(anna, anna.get("/login/sso"), "anna")
        assert other.get(back).status_code == 400, "no login was begun there"
        other.get("/login/sso")
        assert other.get(back).status_code == 400, "another one was"
        assert anna.get(back.replace("code=", "code=x")).status_code in {400, 403}
        assert anna.get("/").status_code == 303
        assert anna.get("/login/sso/back?error=access_denied").status_code == 400


def test_a_code_is_good_once(house):
    with stranger(house) as anna:
        begun = anna.get("/login/sso")
        kept = dict(anna.cookies)
        back = at_provider(anna, begun, "anna")
        assert anna.get(back).status_code == 200
    with stranger(house) as thief:
        thief.cookies.update(kept)
        assert thief.get(back).status_code == 403


@pytest.mark.parametrize(
    "next_", ["//evil.example", "https://evil.example/", "/\\evil.example", '/"><script>']
)
def test_nobody_is_sent_elsewhere_afterwards(house, next_):
    done, _ = come(house, "anna", next_.replace('"', "%22").replace("<", "%3C").replace(">", "%3E"))
    assert 'url=/"' in done.text if "evil" in next_ else "<script>" not in done.text


def test_an_address_counts_only_where_the_provider_has_verified_it(tmp_path, free_port):
    with joined(tmp_path, free_port, claim="email") as house:
        house.accounts.add("unverified@brand.example", PASSWORD)
        house.accounts.add("ben@brand.example", PASSWORD)
        assert come(house, "unverified@brand.example")[0].status_code == 403
        assert come(house, "ben@brand.example")[1] == 200


def test_a_provider_that_is_away_or_another_or_wrongly_set_is_said(house, free_port):
    for settings in ({"issuer": f"http://localhost:{free_port()}"}, {"issuer": house.site.sso.issuer + "/"}):
        lost = replace(house.site.sso, _known={}, _keys=None, **settings)
        house.site.sso.issuer, before = lost.issuer, house.site.sso.issuer
        house.site.sso._known, house.site.sso._again_at = {}, 0.0
        with stranger(house) as browser:
            answer = browser.get("/login/sso")
            assert answer.status_code == 502
            assert "Brand login does not answer" in answer.text
        house.site.sso.issuer, house.site.sso._known = before, {}
        with stranger(house) as browser:  # and is not asked again at once
            assert browser.get("/login/sso").status_code == 502
        house.site.sso._again_at = 0.0
    house.site.sso.client_secret = lambda: "wrong"
    assert come(house, "anna")[0].status_code == 403


def test_only_means_that_no_other_door_opens(tmp_path, free_port):
    with joined(tmp_path, free_port, only=True) as house:
        with stranger(house) as browser:
            login = browser.get("/login").text
            assert 'type="password"' not in login
            assert "data-passkey" not in login
            for path in ("/login", "/login/passkey", "/login/passkey/ask", "/welcome"):
                answer = post(
                    browser, path, 'name="csrf" value="' + csrf(browser), name="anna", password=PASSWORD
                )
                assert answer.status_code == 403, path
            assert browser.get("/welcome").status_code == 403
        with stranger(house) as anna:
            anna.get(at_provider(anna, anna.get("/login/sso"), "anna"))
            account = anna.get("/account").text
            assert 'type="password"' not in account
            for path in ("/account/password", "/account/app", "/account/codes", "/account/passkeys/ask"):
                assert post(anna, path, account, password=PASSWORD).status_code == 403, path
            made = post(anna, "/account/app-passwords", account, label="telephone")
            assert made.status_code == 200


def csrf(browser):
    """Return a form token of the browser's visit, where no page has a form."""
    from gateway.web.guard import csrf_of

    return csrf_of(browser.cookies["docket-visit"]) + '"'


def test_the_second_step_of_a_password_is_not_asked_of_who_comes_from_the_provider(house):
    set_up(house)
    assert come(house, "anna")[1] == 200


@pytest.mark.needs("chromium", "chromedriver")
@pytest.mark.slow
def test_a_real_browser_comes_back_from_another_site_and_is_in(house, tmp_path):
    """The provider is ``localhost`` and we are ``127.0.0.1``: another site, whose strict cookies stay away."""
    with chromium(tmp_path) as browser:
        browser.get(house.url + "/login?next=/custody")
        browser.find_element(By.LINK_TEXT, "Brand login").click()
        WebDriverWait(browser, 10).until(lambda _: "localhost" in browser.current_url)
        browser.find_element(By.NAME, "login").send_keys("anna")
        browser.find_element(By.NAME, "password").send_keys("any")
        browser.find_element(By.CSS_SELECTOR, "button[type=submit]").click()
        WebDriverWait(browser, 10).until(lambda _: browser.current_url == house.url + "/custody")
        assert "Custody" in browser.title
        assert [one for one in browser.get_log("browser") if house.url in one["message"]] == []


def test_what_is_asked_of_the_provider_is_a_code_with_pkce_and_a_nonce(house):
    with stranger(house) as browser:
        sent = browser.get("/login/sso")
        asked = parse_qs(urlsplit(sent.headers["location"]).query)
        assert asked["response_type"] == ["code"]
        assert asked["code_challenge_method"] == ["S256"]
        assert len(asked["nonce"][0]) > 40
        assert SECRET not in sent.headers["location"]
        assert isinstance(sent, httpx.Response)

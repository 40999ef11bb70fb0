"""Passkeys in a real browser with an authenticator of its own: alone, as a second step, and what is not let in."""

import json

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.virtual_authenticator import VirtualAuthenticatorOptions
from selenium.webdriver.support.ui import WebDriverWait

from gateway.store.factors import Factors
from tests.gateway.web.chromium import chromium
from tests.gateway.web.test_second_step import hidden, post, stranger
from tests.small_house import PASSWORD

pytestmark = [pytest.mark.needs("chromium", "chromedriver"), pytest.mark.slow]


@pytest.fixture
def browser(house, tmp_path):
    """A browser with a security key, at our house by the name that passkeys need."""
    with chromium(tmp_path / "profile") as one:
        key = VirtualAuthenticatorOptions(
            protocol="ctap2", transport="internal", has_resident_key=True, has_user_verification=True, is_user_verified=True
        )  # fmt: skip
        one.add_virtual_authenticator(key)
        one.house = house.url.replace("127.0.0.1", "localhost")
        one.get(one.house + "/login")
        yield one


def fill(browser, **fields):
    for id_, text in fields.items():
        browser.find_element(By.ID, id_.replace("_", "-")).send_keys(text)


def press(browser, label):
    browser.find_element(By.XPATH, f"//button[normalize-space()='{label}']").click()


def arrive(browser, path):
    WebDriverWait(browser, 10).until(lambda _: browser.current_url == browser.house + path)


def with_password(browser):
    browser.get(browser.house + "/login")
    fill(browser, name="anna", password=PASSWORD)
    press(browser, "Log in")


def add(browser):
    """Add a passkey on the account's page, and come back to it."""
    with_password(browser)
    arrive(browser, "/")
    browser.get(browser.house + "/account")
    fill(browser, p_label="Ring <b>", p_key=PASSWORD)
    press(browser, "Add a passkey")
    WebDriverWait(browser, 10).until(lambda _: browser.find_elements(By.CSS_SELECTOR, ".codes li"))
    codes = [one.text for one in browser.find_elements(By.CSS_SELECTOR, ".codes li")]
    browser.get(browser.house + "/account")
    assert "Ring <b>" in browser.find_element(By.TAG_NAME, "main").text
    return codes


def leave(browser):
    browser.delete_all_cookies()
    browser.get(browser.house + "/login")


def test_a_passkey_opens_alone_and_after_the_password(house, browser):
    codes = add(browser)
    assert len(codes) == 10
    leave(browser)
    press(browser, "Log in with a passkey")
    arrive(browser, "/")
    leave(browser)
    with_password(browser)
    WebDriverWait(browser, 10).until(lambda _: "Second step" in browser.title)
    press(browser, "Use a passkey")
    arrive(browser, "/")
    assert Factors(house.accounts.store, house.clock, b"k" * 32).of("anna").passkeys[0].used_at
    assert [one for one in browser.get_log("browser") if one["level"] == "SEVERE"] == []
    did = [json.loads(one.payload)["did"] for one in house.archive.entries(0) if one.type == "person"]
    assert did == ["passkey added"]


def test_the_password_is_needed_to_add_one_and_to_remove_one(house, browser):
    with_password(browser)
    arrive(browser, "/")
    browser.get(browser.house + "/account")
    fill(browser, p_label="Ring", p_key="wrong words")
    press(browser, "Add a passkey")
    said = (By.CSS_SELECTOR, "[data-passkey=new] [data-said]")
    WebDriverWait(browser, 10).until(lambda _: browser.find_element(*said).text)
    assert "not your password" in browser.find_element(*said).text
    assert not house.site.factors.of("anna").any


def test_a_signature_counts_once_for_what_was_asked_and_for_its_owner(house, browser):
    add(browser)
    house.accounts.add("ben", PASSWORD)
    leave(browser)
    # Take what the browser signs out of its hands before it is sent, and try it in every wrong place.
    browser.execute_script(
        "HTMLFormElement.prototype.submit = function () { window.taken = Object.fromEntries(new FormData(this)); };"
    )
    press(browser, "Log in with a passkey")
    WebDriverWait(browser, 10).until(lambda _: browser.execute_script("return window.taken"))
    taken = browser.execute_script("return window.taken")
    visit = browser.get_cookie("docket-visit")["value"]
    with stranger(house) as thief:
        page = thief.get("/login").text
        fields = {name: taken[name] for name in ("attempt", "credential", "next")}
        assert post(thief, "/login/passkey", page, **fields).status_code == 401, "another browser"
        thief.cookies.set("docket-visit", visit)
        form = {**taken, "credential": taken["credential"]}
        assert thief.post("/login/passkey", data=form).status_code == 401, "the attempt is used up"
        asked = thief.post("/login/passkey/ask", data={"csrf": taken["csrf"]}).json()
        form = {**taken, "attempt": asked["attempt"]}
        assert thief.post("/login/passkey", data=form).status_code == 401, "another challenge"
        for junk in ("", "{}", "[]", "null", '{"rawId": 7}', "{" * 5000, '{"rawId": "AAAA", "response": {}}'):
            asked = thief.post("/login/passkey/ask", data={"csrf": taken["csrf"]}).json()
            form = {**taken, "attempt": asked["attempt"], "credential": junk}
            assert thief.post("/login/passkey", data=form).status_code in {401, 429}
        assert thief.get("/").status_code == 303
    house.accounts.disable("anna")
    leave(browser)
    press(browser, "Log in with a passkey")
    WebDriverWait(browser, 10).until(
        lambda _: "opens nothing here" in browser.page_source or "Too many" in browser.page_source
    )


def test_a_challenge_of_one_person_is_not_answered_by_another(house, browser):
    add(browser)
    house.accounts.add("ben", PASSWORD)
    house.site.factors.add_passkey("ben", "his", b"of ben", b"no key", 0)
    with stranger(house) as ben:
        page = ben.get("/login").text
        second = post(ben, "/login", page, name="ben", password=PASSWORD)
        asked = post(ben, "/login/passkey/ask", second.text, attempt=hidden(second.text, "attempt")).json()
        assert [one["type"] for one in asked["options"]["allowCredentials"]] == ["public-key"]
        assert asked["second"]
        annas = house.site.factors.of("anna").passkeys[0].credential
        forged = json.dumps({"rawId": annas.hex(), "id": annas.hex(), "type": "public-key", "response": {}})
        done = post(ben, "/login/passkey", second.text, attempt=asked["attempt"], credential=forged)
        assert done.status_code == 401
